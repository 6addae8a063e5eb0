"""Merging into Delta tables: rows of the same key are replaced, by one commit, exactly."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from deltalake import DeltaTable, write_deltalake
from pydantic import ValidationError

from ingest.core.errors import ConfigError, ContractError, FatalError, JobError
from ingest.sinks.base import Published
from ingest.sinks.delta import Delta
from ingest.sinks.table import keys, question
from ingest.sinks.table.keys import Keys, Piece
from ingest.sinks.table.matching import Matching
from ingest.sinks.table.place import FolderPlace
from tests.unit.sinks.test_delta import RUNS, delivery, overtake, prepared, sink_at, version

OLD = pl.DataFrame({"id": [1, 2, 3], "part": ["a", "b", None], "n": [10, 20, 30]})
NEW = pl.DataFrame({"id": [2, 4], "part": ["b", "a"], "n": [21, 41]})


def merging(root: Path, **options: Any) -> Delta:
    return sink_at(root, "merge", **{"primary_key": ["id"], **options})


def publish(sink: Delta, run_id: str, rows: pl.DataFrame, job: str = "orders") -> Published:
    return sink.publish(prepared(sink, run_id, rows, job))


def seen(root: Path) -> list[tuple[Any, ...]]:
    return sorted(pl.read_delta(str(root / "t")).select("id", "part", "n").rows())


@pytest.mark.parametrize("by", [[], ["part"]])
def test_rows_of_the_same_key_are_replaced_and_others_are_inserted(tmp_path, by):
    first = sink_at(tmp_path, partition_by=by)
    publish(first, RUNS[0], OLD)
    sink = merging(tmp_path, partition_by=by)
    lines = prepared(sink, RUNS[1], NEW)
    for _ in range(2):
        published = sink.publish(lines)
        assert (published.rows, published.inserted, published.updated) == (2, 1, 1)
        assert published.facts["version"] == 1
    assert seen(tmp_path) == [(1, "a", 10), (2, "b", 21), (3, None, 30), (4, "a", 41)]
    assert version(tmp_path) == 1
    assert sink.verify(lines).problems == ()


def test_the_first_merge_creates_the_table_and_a_merge_without_rows_changes_nothing(tmp_path):
    sink = merging(tmp_path)
    published = publish(sink, RUNS[0], OLD)
    assert (published.inserted, published.updated) == (3, 0)
    published = sink.publish(prepared(sink, RUNS[1], OLD.clear()))
    assert (published.rows, published.updated, seen(tmp_path)) == (0, 0, sorted(OLD.rows()))


def test_files_without_such_rows_are_left_alone(tmp_path):
    sink = merging(tmp_path)
    for number in range(3):
        publish(sink, RUNS[number], OLD.with_columns(pl.col("id") + 100 * number))
    published = publish(sink, RUNS[3], OLD.with_columns(n=pl.lit(0, pl.Int64)))
    assert (published.updated, published.facts["removed"]) == (3, 1)
    assert len(DeltaTable(str(tmp_path / "t")).file_uris()) == 3


def test_a_key_with_the_partition_column_searches_only_those_partitions(tmp_path):
    publish(sink_at(tmp_path, partition_by=["part"]), RUNS[0], OLD)
    sink = merging(tmp_path, partition_by=["part"], primary_key=["part", "id"])
    moved = pl.DataFrame({"id": [2, 3], "part": ["a", None], "n": [22, 33]})
    with pytest.raises(JobError, match=r'column "part" is null in 1 rows'):
        sink.stage(moved, RUNS[1], "1-0-1")
    published = publish(sink, RUNS[2], moved.head(1))
    assert (published.inserted, published.updated) == (1, 0)
    assert [row[:2] for row in seen(tmp_path)] == [(1, "a"), (2, "a"), (2, "b"), (3, None)]


def test_a_key_without_it_searches_all_and_the_row_moves(tmp_path):
    publish(sink_at(tmp_path, partition_by=["part"]), RUNS[0], OLD)
    sink = merging(tmp_path, partition_by=["part"])
    published = publish(sink, RUNS[1], pl.DataFrame({"id": [2], "part": ["a"], "n": [22]}))
    assert published.updated == 1
    assert seen(tmp_path) == [(1, "a", 10), (2, "a", 22), (3, None, 30)]


def test_several_rows_of_one_key_are_refused_before_the_commit(tmp_path):
    sink = merging(tmp_path)
    files = [(n, each) for n in range(2) for each in sink.stage(NEW, RUNS[0], f"1-{n}-1")]
    with pytest.raises(
        ContractError, match=r"2 keys are in several rows of this run, such as 2, 4\."
    ):
        list(sink.prepare(files, delivery(RUNS[0], NEW)))
    secret = replace(delivery(RUNS[0], NEW), private=frozenset({"id"}))
    with pytest.raises(ContractError, match=r"2 keys are in several rows of this run\. A merge"):
        list(sink.prepare(files, secret))
    assert not (tmp_path / "t" / "_delta_log").exists()


def test_a_commit_that_comes_between_is_seen_and_nothing_is_lost(tmp_path, monkeypatch):
    sink, other = merging(tmp_path), merging(tmp_path)
    publish(sink, RUNS[0], OLD)
    lines = prepared(sink, RUNS[1], NEW)
    theirs = prepared(other, RUNS[2], pl.DataFrame({"id": [3, 4], "part": ["x"] * 2, "n": [0, 0]}))
    overtake(monkeypatch, lambda: other.publish(theirs))
    published = sink.publish(lines)
    assert (published.inserted, published.updated, version(tmp_path)) == (0, 2, 2)
    assert seen(tmp_path) == [(1, "a", 10), (2, "b", 21), (3, "x", 0), (4, "a", 41)]
    left = {path.name for path in (tmp_path / "t" / RUNS[1]).iterdir()}
    listed = {uri.rpartition("/")[2] for uri in DeltaTable(str(tmp_path / "t")).file_uris()}
    assert left <= listed, "what was written for the version that was overtaken is gone"


def test_a_second_driver_that_was_faster_leaves_nothing_to_do(tmp_path, monkeypatch):
    sink = merging(tmp_path)
    publish(sink, RUNS[0], OLD)
    lines = prepared(sink, RUNS[1], NEW)
    overtake(monkeypatch, lambda: merging(tmp_path).publish(lines))
    published = sink.publish(lines)
    assert (published.inserted, published.updated, version(tmp_path)) == (1, 1, 1)
    assert len(seen(tmp_path)) == 4


def test_rows_of_other_jobs_and_tools_are_not_merged_into(tmp_path):
    publish(sink_at(tmp_path), RUNS[0], OLD, job="bills")
    with pytest.raises(FatalError, match=r'rows of job "bills"'):
        prepared(merging(tmp_path), RUNS[1], NEW)


def test_files_of_other_tools_are_written_again_in_the_types_of_the_table(tmp_path):
    rows = pl.DataFrame(
        {
            "id": [1, 2], "part": ["a", None], "n": [1, 2],
            "t": [datetime(2020, 1, 1, tzinfo=UTC), None],
            "dec": pl.Series([Decimal("1.50"), None], dtype=pl.Decimal(10, 2)),
            "l": [[1], None], "s": [{"x": "y"}, None], "b": [b"\x00", None], "d": [date.max, None],
        }
    )  # fmt: skip
    write_deltalake(str(tmp_path / "t"), rows.to_arrow())
    sink = merging(tmp_path, replaces_jobs="any")
    publish(sink, RUNS[0], rows.tail(1))
    found = pl.read_delta(str(tmp_path / "t")).sort("id")
    assert found.rows() == rows.rows()
    assert found.schema == rows.schema


def test_new_columns_come_with_a_merge(tmp_path):
    publish(merging(tmp_path), RUNS[0], OLD)
    wide = merging(tmp_path, schema_evolution="add_columns")
    publish(wide, RUNS[1], NEW.with_columns(new=pl.lit("x")))
    publish(wide, RUNS[2], OLD.head(1).with_columns(new=pl.lit("y")))
    found = pl.read_delta(str(tmp_path / "t")).sort("id")
    assert found["new"].to_list() == ["y", "x", None, "x"]


@pytest.mark.parametrize(
    "column",
    [
        pl.Series([1, 2, 3], dtype=pl.Int8),
        pl.Series(["", "é", "z" * 100]),
        pl.Series([b"\x00", b"", b"\xff"]),
        pl.Series([date(1, 1, 1), date(9999, 12, 31), date(2020, 1, 1)]),
        pl.Series([-1, 0, 1], dtype=pl.Datetime("us", "UTC")),
        pl.Series([Decimal("9" * 35 + ".999"), Decimal(0), Decimal("0.001")],
                  dtype=pl.Decimal(38, 3)),
    ],
)  # fmt: skip
@pytest.mark.parametrize("slices", [1, 3])
def test_keys_of_any_type_are_matched_in_slices_too(tmp_path, column, slices, monkeypatch):
    monkeypatch.setattr(keys, "SLICE_ROWS", 2 if slices > 1 else 10)
    rows = pl.DataFrame([column.alias("k")]).with_columns(part=pl.lit("a"))
    (tmp_path / "t").mkdir()
    for name, some in (("own", rows.head(2)), ("old", rows.tail(2))):
        some.drop("part").write_parquet(tmp_path / "t" / name)
    read = Keys(FolderPlace(tmp_path / "t"), ("k", "part"), rows.schema)
    own, old = (Piece(name, {"part": "a"}) for name in ("own", "old"))
    assert read.repeats([own, old], 4) == (1, [str(keys._text((rows["k"][1], "a")))])
    with Matching(read) as matching:
        assert matching.match([own], [old], 2 * slices) == 1
        assert [(piece, drop.tolist()) for piece, drop in matching.matched()] == [(old, [0])]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"write_disposition": "merge"}, r"Write primary_key: \[COLUMN\]"),
        ({"primary_key": ["id"]}, "Write write_disposition: merge, or remove primary_key"),
        ({"write_disposition": "merge", "primary_key": ["id", "id"]}, "is listed twice"),
    ],
)
def test_settings_that_do_not_go_together_are_refused(options, said):
    page = {"type": "delta", "path": "t", "write_disposition": "append"}
    with pytest.raises(ValidationError, match=said):
        Delta.model_validate({**page, **options})


def test_columns_that_do_not_tell_rows_apart_are_refused(tmp_path):
    sink = merging(tmp_path, primary_key=["id", "x", "f"])
    with pytest.raises(ConfigError) as refused:
        sink.check_schema({"id": pl.Int64(), "f": pl.Float64()})
    assert [line.partition(".")[0] for line in refused.value.lines] == [
        'primary_key: no such column "x"',
        'primary_key: column "f" is float64',
    ]


def test_a_process_that_dies_changes_nothing(tmp_path, monkeypatch):
    sink = merging(tmp_path)
    publish(sink, RUNS[0], OLD)
    lines = prepared(sink, RUNS[1], NEW)
    monkeypatch.setattr(question, "_idle", [])
    monkeypatch.setattr(question, "_CHILD", "ingest.no_such_module")
    with pytest.raises(FatalError, match=r"merges rows failed: .*no_such_module.*Run again"):
        sink.publish(lines)
    assert seen(tmp_path) == sorted(OLD.rows())
