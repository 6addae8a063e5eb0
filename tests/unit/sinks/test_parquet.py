"""Parquet files."""

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import polars as pl
import pyarrow.parquet as pq
from polars.testing import assert_frame_equal

from ingest.sinks.parquet import Parquet


def staged(path: Path, rows: pl.DataFrame, **options: object) -> Path:
    out = Parquet.model_validate(
        {"type": "parquet", "path": str(path / "out"), "write_disposition": "append", **options}
    )
    (file,) = out.stage(rows, "run1", "1-0-1")
    return out.place.staging("run1") / file.keep["name"]


def test_every_type_comes_back(tmp_path: Path) -> None:
    rows = pl.DataFrame(
        {
            "int": pl.Series([1, None], dtype=pl.Int8),
            "day": [date(2013, 1, 1), None],
            "at": pl.Series([datetime(2013, 1, 1, tzinfo=UTC), None]).dt.convert_time_zone(
                "America/New_York"
            ),
            "nanos": pl.Series([1, None]).cast(pl.Datetime("ns")),
            "money": [Decimal("1.10"), None],
            "bytes": [b"\xff", None],
            "nested": [{"x": [1.5, float("nan")], "y": {"z": "a"}}, None],
        }
    )
    assert_frame_equal(pl.read_parquet(staged(tmp_path, rows)), rows)


def test_only_what_repeats_gets_a_dictionary(tmp_path: Path) -> None:
    rows = pl.DataFrame(
        {
            "id": [f"T{number:09d}" for number in range(20_000)],
            "carrier": ["AA", "UA"] * 10_000,
            "nested": [{"kind": "x", "tags": ["a", "b"]}] * 20_000,
        }
    )
    group = pq.ParquetFile(staged(tmp_path, rows)).metadata.row_group(0)
    columns = [group.column(number) for number in range(group.num_columns)]
    dictionaries = {c.path_in_schema: c.dictionary_page_offset is not None for c in columns}
    assert dictionaries == {
        "id": False,
        "carrier": True,
        "nested.kind": True,
        "nested.tags.list.element": True,
    }
    assert all(column.statistics is not None for column in columns)
    assert {column.compression for column in columns} == {"ZSTD"}


def test_what_counts_on_is_written_as_differences(tmp_path: Path) -> None:
    noise = pl.int_range(20_000, eager=True).hash(seed=1)
    rows = pl.DataFrame(
        {
            "number": range(20_000),
            "at": pl.int_range(20_000, eager=True).cast(pl.Datetime("us")),
            "few": [1, 2] * 10_000,
            "noise": noise,
            "price": noise / 3,
        }
    )

    def encoded(folder: str, **options: object) -> dict[str, str]:
        path = staged(tmp_path / folder, rows, **options)
        assert_frame_equal(pl.read_parquet(path), rows)
        group = pq.ParquetFile(path).metadata.row_group(0)
        columns = [group.column(number) for number in range(group.num_columns)]
        names = ("DELTA_BINARY_PACKED", "RLE_DICTIONARY", "PLAIN")
        return {c.path_in_schema: next(n for n in names if n in c.encodings) for c in columns}

    plain = {"few": "RLE_DICTIONARY", "noise": "PLAIN", "price": "PLAIN"}
    delta = dict.fromkeys(("number", "at"), "DELTA_BINARY_PACKED")
    assert encoded("delta") == {**delta, **plain}
    assert encoded("plain", integer_encoding="plain") == {"number": "PLAIN", "at": "PLAIN", **plain}


def test_numbers_at_both_ends_of_their_type_come_back(tmp_path: Path) -> None:
    ends = {"i": (-(2**63), 2**63 - 1, pl.Int64), "u": (0, 2**64 - 1, pl.UInt64)}
    numbers = {
        name: pl.Series([*range(9000), least, most, None], dtype=kind)
        for name, (least, most, kind) in ends.items()
    }
    rows = pl.DataFrame(numbers)
    assert_frame_equal(pl.read_parquet(staged(tmp_path, rows)), rows)


def test_row_groups_have_the_rows_asked_for(tmp_path: Path) -> None:
    file = pq.ParquetFile(staged(tmp_path, pl.DataFrame({"a": range(250)}), row_group_rows=100))
    groups = [file.metadata.row_group(number).num_rows for number in range(file.num_row_groups)]
    assert groups == [100, 100, 50]


def test_columns_without_a_value_can_be_written(tmp_path: Path) -> None:
    rows = pl.DataFrame({"a": pl.Series([None, None], dtype=pl.Null), "b": [1, 2]})
    assert pl.read_parquet(staged(tmp_path, rows))["b"].to_list() == [1, 2]
