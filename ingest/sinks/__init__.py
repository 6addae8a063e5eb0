"""Where rows go: one class for each `type` of sink."""

from ingest.core.registry import Origin, Types
from ingest.formats import FORMATS
from ingest.sinks.base import Sink
from ingest.sinks.csv import Csv
from ingest.sinks.delta import Delta
from ingest.sinks.formatted import sink_of
from ingest.sinks.jsonl import Jsonl
from ingest.sinks.parquet import Parquet
from ingest.sinks.postgres import Postgres

SINKS: Types[Sink] = Types(
    Sink, "ingest.sinks", (Parquet, Csv, Jsonl, Delta, Postgres), Origin(FORMATS, sink_of)
)
"""Every sink. A format that has none here is written by one that is made of it and a folder."""
