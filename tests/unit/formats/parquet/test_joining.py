"""Parquet files that are put together hold each value, and each type, as one file would."""

from datetime import UTC, date, datetime, time
from decimal import Decimal

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from ingest.formats.base import InMemory
from ingest.formats.parquet.writing import ParquetFormat

ROWS = pl.DataFrame(
    {
        "small": pl.Series([1, None, 3], dtype=pl.Int8),
        "large": pl.Series([1, 2, 2**64 - 1], dtype=pl.UInt64),
        "float": [float("nan"), -0.0, float("inf")],
        "decimal": pl.Series([Decimal("1.10"), None, Decimal("2.00")], dtype=pl.Decimal(12, 2)),
        "text": ["a", None, ""],
        "binary": [b"\x00", None, b""],
        "time": [time(1, 2, 3, 4), None, time(0)],
        "date": [date(1, 1, 1), None, date(9999, 12, 31)],
        "zoned": pl.Series([datetime(2020, 1, 1, tzinfo=UTC), None, None]).cast(
            pl.Datetime("ns", "UTC")
        ),
        "list": [[1], None, []],
        "struct": [{"a": "x", "b": [1]}, None, {"a": None, "b": None}],
        "duration": pl.Series([1, 2, None]).cast(pl.Duration("us")),
        "named": pl.Series(["a", "b", None], dtype=pl.Enum(["a", "b"])),
    }
)


def test_values_types_and_the_size_of_row_groups_are_those_of_one_file():
    subject = ParquetFormat(type="parquet", row_group_rows=3)
    parts = [ROWS, ROWS.head(1), ROWS.reverse(), ROWS]
    file = InMemory()
    subject.join([pa.BufferReader(subject.encoded([part])) for part in parts], file)
    joined = pq.ParquetFile(pa.BufferReader(file.getvalue()))
    written = pq.ParquetFile(pa.BufferReader(subject.encoded(parts)))
    assert joined.schema.equals(written.schema)
    assert joined.schema_arrow.equals(written.schema_arrow, check_metadata=True)
    groups = range(joined.num_row_groups)
    assert [joined.metadata.row_group(group).num_rows for group in groups] == [3, 3, 3, 1]
    assert pl.read_parquet(file.getvalue()).equals(pl.concat(parts))
