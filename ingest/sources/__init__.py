"""Where rows come from: one class in one file per type."""

from typing import Annotated

from ingest.core.registry import Origin, Types
from ingest.formats import FORMATS
from ingest.sources.base import Source
from ingest.sources.csv import Csv
from ingest.sources.fixed_width import FixedWidth
from ingest.sources.formatted import source_of
from ingest.sources.jsonl import Jsonl
from ingest.sources.parquet import Parquet
from ingest.sources.postgres import Postgres

SOURCES: Types[Source] = Types(
    Source,
    "ingest.sources",
    (Csv, FixedWidth, Jsonl, Parquet, Postgres),
    Origin(FORMATS, source_of),
)
"""Every source. A new one is added here, and is then documented and tested. A format that has none
here is read by one that is made of it."""

AnySource = Annotated[Source, SOURCES]
