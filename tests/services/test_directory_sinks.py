"""Directory sinks that publish to a bucket of a real server: the laws, and what is refused."""

import io

import polars as pl
import pytest

from ingest.sinks.csv import Csv
from ingest.sinks.jsonl import Jsonl
from ingest.sinks.parquet import Parquet
from ingest.testing.sinks import LAWS, ROWS, Subject

FILES = {k: v for k, v in ROWS.schema.items() if k != "part"}
KINDS = {
    "parquet": (Parquet, {}, lambda data: pl.read_parquet(data, hive_partitioning=False)),
    "csv": (
        Csv,
        {"null_text": "NULL"},
        lambda data: pl.read_csv(data, null_values=["NULL"], schema=FILES),
    ),
    "jsonl": (Jsonl, {}, lambda data: pl.read_ndjson(data, schema=FILES)),
}


def seen(bucket, name):
    """Read all objects of a prefix as anybody would who knows the format."""
    frames = [ROWS.clear()]
    for key in bucket.keys("out/"):
        value = key.split("/")[1].removeprefix("part=")
        part = None if value == "__HIVE_DEFAULT_PARTITION__" else value
        frame = KINDS[name][2](io.BytesIO(bucket.get(key)))
        column = pl.lit(part, dtype=pl.String).alias("part")
        frames.append(frame.with_columns(column).select(ROWS.columns))
    return pl.concat(frames)


@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.__name__)
@pytest.mark.parametrize("name", KINDS)
def test_a_bucket_keeps_the_laws_of_sinks(bucket, name, law):
    kind, options, _ = KINDS[name]

    def make(disposition):
        place = {"path": f"{bucket.uri}/out", "write_disposition": disposition}
        return kind(type=name, partition_by=("part",), **place, **options)

    law(Subject(make, lambda: seen(bucket, name)))
