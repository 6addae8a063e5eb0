"""Where rows come from: one class in one file per type."""

from typing import Annotated

from ingest.core.registry import Origin, Types
from ingest.formats import FORMATS
from ingest.sources.base import Source

SOURCES: Types[Source] = Types(
    Source,
    "ingest.sources",
    {
        "csv": "ingest.sources.csv:Csv",
        "fixed_width": "ingest.sources.fixed_width:FixedWidth",
        "jsonl": "ingest.sources.jsonl:Jsonl",
        "parquet": "ingest.sources.parquet:Parquet",
        "postgres": "ingest.sources.postgres:Postgres",
    },
    Origin(FORMATS, "ingest.sources.formatted:source_of"),
)
"""Every source. A new one is added here, and is then documented and tested. A format that has none
here is read by one that is made of it."""

AnySource = Annotated[Source, SOURCES]
