"""Where rows go: one class for each `type` of sink."""

from ingest.core.registry import Origin, Types
from ingest.formats import FORMATS
from ingest.sinks.base import Sink

SINKS: Types[Sink] = Types(
    Sink,
    "ingest.sinks",
    {
        "parquet": "ingest.sinks.parquet:Parquet",
        "csv": "ingest.sinks.csv:Csv",
        "jsonl": "ingest.sinks.jsonl:Jsonl",
        "delta": "ingest.sinks.delta:Delta",
        "postgres": "ingest.sinks.postgres:Postgres",
    },
    Origin(FORMATS, "ingest.sinks.formatted:sink_of"),
)
"""Every sink. A format that has none here is written by one that is made of it and a folder."""
