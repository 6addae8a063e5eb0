"""Where rows come from: one class in one file per type."""

from ingest.sources.base import Source
from ingest.sources.csv import Csv
from ingest.sources.fixed_width import FixedWidth
from ingest.sources.jsonl import Jsonl
from ingest.sources.parquet import Parquet

SOURCES: tuple[type[Source], ...] = (Csv, FixedWidth, Jsonl, Parquet)
"""Every built-in source. A new type is added here and is then documented and tested by itself."""
