"""Where rows go: one class for each `type` of sink."""

from ingest.sinks.csv import Csv
from ingest.sinks.delta import Delta
from ingest.sinks.jsonl import Jsonl
from ingest.sinks.parquet import Parquet

SINKS = (Parquet, Csv, Jsonl, Delta)
