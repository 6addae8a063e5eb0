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


def test_no_row_group_is_held_while_the_next_is_read(monkeypatch):
    group = 1 << 20
    monkeypatch.setattr("ingest.formats.parquet.writing._JOINED_BYTES", group)
    subject = ParquetFormat(type="parquet")
    texts = pl.DataFrame({"text": [f"{row:01000}" for row in range(1000)]})
    part = subject.encoded([texts])
    before, most = pa.total_allocated_bytes(), []

    def files():
        for _ in range(20):
            most.append(pa.total_allocated_bytes() - before)
            yield pa.BufferReader(part)

    subject.join(files(), InMemory())

    assert max(most) < 2.5 * group  # what waits to be written, and the file that was read last
