"""Where rows come from: one class in one file per type."""

from typing import TYPE_CHECKING, Annotated, Union

from pydantic import Field

from ingest.sources.base import Source
from ingest.sources.csv import Csv
from ingest.sources.fixed_width import FixedWidth
from ingest.sources.jsonl import Jsonl
from ingest.sources.parquet import Parquet

SOURCES: tuple[type[Source], ...] = (Csv, FixedWidth, Jsonl, Parquet)
"""Every built-in source. A new type is added here and is then documented and tested by itself."""

if TYPE_CHECKING:
    AnySource = Source
else:
    AnySource = Annotated[Union[SOURCES], Field(discriminator="type")]  # noqa: UP007 - from a tuple
