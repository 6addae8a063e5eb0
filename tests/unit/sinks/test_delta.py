"""The Delta sink: what only a table can do, and what it refuses."""

import json
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from deltalake import DeltaTable, write_deltalake
from polars.testing import assert_frame_equal

from ingest.core.errors import ConfigError, FatalError, JobError
from ingest.core.types import schema_to_json
from ingest.sinks.base import Delivery, Line
from ingest.sinks.delta import Delta
from ingest.sinks.leftovers import published_runs, remove_staged, staged
from ingest.sinks.parquet import Parquet
from ingest.sinks.table.log import Log
from ingest.sinks.table.place import TablePlace

ROWS = pl.DataFrame({"id": [1, 2, 3], "part": ["a", "b", None]})
RUNS = [f"20260101t00000{n}-aaaaaa" for n in range(9)]


def sink_at(root: Path, disposition: str = "append", **options: Any) -> Delta:
    page = {"type": "delta", "path": str(root / "t"), "write_disposition": disposition}
    return Delta.model_validate({**page, **options})


def delivery(run_id: str, rows: pl.DataFrame, job: str = "orders") -> Delivery:
    return Delivery(run_id, "main", job, "me@example.org", schema_to_json(rows.schema))


def prepared(
    sink: Delta, run_id: str, rows: pl.DataFrame = ROWS, job: str = "orders"
) -> list[Line]:
    files = [(0, each) for each in sink.stage(rows, run_id, "1-0-1")]
    return list(sink.prepare(files, delivery(run_id, rows, job)))


def seen(root: Path) -> list[Any]:
    return sorted(pl.read_delta(str(root / "t"))["id"].to_list())


def version(root: Path) -> int:
    return DeltaTable(str(root / "t")).version()


def test_a_run_is_one_version_however_often_it_is_published(tmp_path):
    sink = sink_at(tmp_path)
    lines = prepared(sink, RUNS[0])
    assert sink.publish(lines).facts == {"files": 1, "version": 0, "removed": 0}
    later = sink_at(tmp_path, "overwrite")
    assert later.publish(prepared(later, RUNS[1], ROWS.head(1))).facts["removed"] == 1
    assert sink.publish(lines).facts["version"] == 0
    assert (seen(tmp_path), version(tmp_path)) == ([1], 1)


def test_two_that_append_at_one_moment_both_do(tmp_path, monkeypatch):
    first, second = sink_at(tmp_path), sink_at(tmp_path)
    first.publish(prepared(first, RUNS[0]))
    lines = [prepared(first, RUNS[1]), prepared(second, RUNS[2])]
    overtake(monkeypatch, lambda: second.publish(lines[1]))
    first.publish(lines[0])
    assert (seen(tmp_path), version(tmp_path)) == ([1, 1, 1, 2, 2, 2, 3, 3, 3], 2)


def test_two_that_create_the_table_at_one_moment_both_do(tmp_path, monkeypatch):
    first, second = sink_at(tmp_path), sink_at(tmp_path)
    lines = [prepared(first, RUNS[1]), prepared(second, RUNS[2])]
    overtake(monkeypatch, lambda: second.publish(lines[1]))
    first.publish(lines[0])
    assert (len(seen(tmp_path)), version(tmp_path)) == (6, 1)


def test_who_replaces_rows_and_is_overtaken_stops_and_is_finished_by_the_next(
    tmp_path, monkeypatch
):
    sink, other = sink_at(tmp_path, "overwrite"), sink_at(tmp_path)
    other.publish(prepared(other, RUNS[0]))
    lines, theirs = prepared(sink, RUNS[1], ROWS.head(1)), prepared(other, RUNS[2])
    overtake(monkeypatch, lambda: other.publish(theirs))
    with pytest.raises(FatalError, match=r"at the same moment.*Nothing was changed\. Run again"):
        sink.publish(lines)
    assert len(seen(tmp_path)) == 6
    sink.publish(lines)
    assert seen(tmp_path) == [1]


def test_a_commit_whose_answer_was_lost_is_made_once(tmp_path, monkeypatch):
    sink = sink_at(tmp_path, "overwrite")
    sink.publish(prepared(sink, RUNS[0]))
    lines = prepared(sink, RUNS[1])
    overtake(monkeypatch, lambda: sink_at(tmp_path, "overwrite").publish(lines))
    sink.publish(lines)
    assert (seen(tmp_path), version(tmp_path)) == ([1, 2, 3], 1)


def overtake(monkeypatch: pytest.MonkeyPatch, other: Any) -> None:
    """Have somebody else publish after the table was read, and before it is written: once."""
    opened = Log.open

    def slow(place: TablePlace) -> Log | None:
        log = opened(place)
        monkeypatch.setattr(Log, "open", opened)
        other()
        return log

    monkeypatch.setattr(Log, "open", slow)


def test_rows_of_others_that_came_since_the_commit_was_prepared_stay(tmp_path):
    sink, other = sink_at(tmp_path, "overwrite"), sink_at(tmp_path)
    lines = prepared(sink, RUNS[0], ROWS.head(1))
    other.publish(prepared(other, RUNS[1], ROWS.tail(1), job="bills"))
    sink.publish(lines)
    assert seen(tmp_path) == [1, 3]
    with pytest.raises(ConfigError, match=r'rows of job "bills" \(last run: 20260101t000001'):
        sink.check_published("orders", schema_to_json(ROWS.schema))
    heir = sink_at(tmp_path, "overwrite", replaces_jobs=["bills"])
    heir.check_published("orders", schema_to_json(ROWS.schema))
    heir.publish(prepared(heir, RUNS[2], ROWS.head(2)))
    assert seen(tmp_path) == [1, 2]


def test_rows_of_other_tools_go_only_with_any(tmp_path):
    write_deltalake(str(tmp_path / "t"), ROWS.to_arrow())
    sink = sink_at(tmp_path, "overwrite")
    with pytest.raises(ConfigError, match=r"another program wrote them.*sink\.replaces_jobs=any"):
        sink.check_published("orders", schema_to_json(ROWS.schema))
    sink = sink_at(tmp_path, "overwrite", replaces_jobs="any")
    sink.publish(prepared(sink, RUNS[0], ROWS.head(1)))
    assert seen(tmp_path) == [1]


@pytest.mark.parametrize("value", ["a", 'é %/"', None, "x=y", " ", "a+b", "c:d", "ü&?#", "1"])
def test_partitions_of_any_text_are_read_back_and_replaced(tmp_path, value):
    rows = pl.DataFrame({"id": [1, 2], "part": [value, "other"]}, schema=ROWS.schema)
    first = sink_at(tmp_path, partition_by=["part"])
    first.publish(prepared(first, RUNS[0], rows))
    second = sink_at(tmp_path, "overwrite_partitions", partition_by=["part"])
    lines = prepared(second, RUNS[1], rows.head(1).with_columns(id=pl.lit(7, pl.Int64)))
    second.publish(lines)
    found = pl.read_delta(str(tmp_path / "t")).sort("id")
    assert found["part"].to_list() == ["other", value]
    assert (found["id"].to_list(), second.verify(lines).problems) == ([2, 7], ())


def test_partitions_are_dates_booleans_and_numbers_too(tmp_path):
    rows = pl.DataFrame({"id": [1, 2], "d": [date(2020, 1, 1), None], "b": [True, False]})
    rows = rows.with_columns(n=pl.Series([-1, 5], dtype=pl.Int8))
    by = ["d", "b", "n"]
    first = sink_at(tmp_path, partition_by=by)
    first.publish(prepared(first, RUNS[0], rows))
    second = sink_at(tmp_path, "overwrite_partitions", partition_by=by)
    assert second.publish(prepared(second, RUNS[1], rows)).facts["removed"] == 2
    assert pl.read_delta(str(tmp_path / "t")).sort("id").select(rows.columns).equals(rows)


def test_an_empty_text_is_no_partition(tmp_path):
    with pytest.raises(JobError, match=r'column "part" contains an empty text, which Delta'):
        sink_at(tmp_path, partition_by=["part"]).stage(
            ROWS.with_columns(part=pl.lit("")), RUNS[0], "1-0-1"
        )


def test_columns_that_differ_from_the_tables_are_refused(tmp_path):
    sink = sink_at(tmp_path)
    sink.publish(prepared(sink, RUNS[0]))
    with pytest.raises(ConfigError) as refused:
        sink.check_published("orders", {"id": "string", "new": "int8"})
    changed, new, gone = refused.value.lines
    assert changed == (
        'columns: "id" is string here, long in the table. Change it with a cast step'
    )
    assert new == (
        'columns: "new" (byte) is not in the table. Remove it with a select step, or write '
        "schema_evolution: add_columns"
    )
    assert gone == (
        'columns: "part" (string) of the table is missing here. Add it with a derive step, as null '
        "if necessary: CAST(NULL AS …)"
    )
    with pytest.raises(ConfigError, match=r"Write partition_by: \[\]"):
        sink_at(tmp_path, partition_by=["part"]).check_published(
            "orders", schema_to_json(ROWS.schema)
        )


def test_new_columns_are_added_where_the_job_says_so(tmp_path):
    sink = sink_at(tmp_path)
    sink.publish(prepared(sink, RUNS[0]))
    wide = sink_at(tmp_path, schema_evolution="add_columns")
    lines = prepared(wide, RUNS[1], ROWS.head(1).with_columns(new=pl.lit("x")))
    wide.publish(lines)
    wide.publish(lines)
    found = pl.read_delta(str(tmp_path / "t")).sort("id", "new", nulls_last=False)
    assert found["new"].to_list() == [None, "x", None, None]


@pytest.mark.parametrize(
    ("column", "said"),
    [
        (pl.Series("n", [1], dtype=pl.UInt8), r"no unsigned integers: cast it to int64"),
        (pl.Series("n", [1], dtype=pl.Datetime("ns")), r"Cast it to timestamp\(us\)"),
        (pl.Series("n", [[1]], dtype=pl.List(pl.Time)), r"leave it out with a select step"),
        (pl.Series("a b", [1]), r"has a name that Delta tables do not allow"),
        (pl.Series("ID", [1]), r'2 columns are called "id" but for capitals'),
    ],
)
def test_what_a_table_cannot_store_exactly_is_refused(tmp_path, column, said):
    with pytest.raises(ConfigError, match=said):
        sink_at(tmp_path).check_schema(ROWS.head(1).with_columns(column).schema)


def test_values_of_every_type_come_back_as_they_were(tmp_path):
    rows = pl.DataFrame(
        {
            "i": pl.Series([-128, None], dtype=pl.Int8),
            "f": [float("inf"), -0.0],
            "bin": [b"\x00\xff", b""],
            "d": [date(1, 1, 1), date(9999, 12, 31)],
            "t": pl.Series([-1, 253_402_214_400_000_000], dtype=pl.Datetime("us")),
            "z": pl.Series([1, None], dtype=pl.Datetime("us", "UTC")),
            "dec": pl.Series([Decimal("9" * 35 + ".999"), None], dtype=pl.Decimal(38, 3)),
            "s": [{"a": 1, "b": ["x"]}, {"a": None, "b": None}],
        }
    )
    sink = sink_at(tmp_path)
    sink.check_schema(rows.schema)
    for run_id in RUNS[:2]:
        sink.publish(prepared(sink, run_id, rows))
    assert_frame_equal(pl.read_delta(str(tmp_path / "t")), pl.concat([rows, rows]))


def test_statistics_are_exact_and_leave_out_files(tmp_path):
    rows = pl.DataFrame(
        {
            "id": [3, None, 1],
            "d": [date(2020, 1, 2), date(2019, 5, 5), None],
            "long": ["x" * 100, "a", "b"],
            "text": ["é", "z", None],
            "none": pl.Series([None] * 3, dtype=pl.Int32),
        }
    )
    sink = sink_at(tmp_path, row_group_rows=1)
    (staged_file,) = sink.stage(rows, RUNS[0], "1-0-1")
    assert json.loads(staged_file.keep["stats"]) == {
        "numRecords": 3,
        "minValues": {"id": 1, "d": "2019-05-05", "text": "z"},
        "maxValues": {"id": 3, "d": "2020-01-02", "text": "é"},
        "nullCount": {"id": 1, "d": 1, "long": 0, "text": 1, "none": 3},
    }


def test_staged_files_are_found_and_removed_and_those_of_the_table_are_not(tmp_path):
    sink = sink_at(tmp_path)
    sink.stage(ROWS, RUNS[0], "1-0-1")
    assert [run_id for run_id, _ in staged(str(tmp_path / "t"))] == [RUNS[0]]
    sink.discard(RUNS[0])
    assert not (tmp_path / "t").exists()
    sink.publish(prepared(sink, RUNS[1]))
    sink.stage(ROWS, RUNS[2], "1-0-1")
    assert [run_id for run_id, _ in staged(str(tmp_path / "t"))] == [RUNS[2]]
    for run_id in RUNS[:3]:
        remove_staged(str(tmp_path / "t"), run_id)
    assert (seen(tmp_path), published_runs(str(tmp_path / "t"))) == ([1, 2, 3], {RUNS[1]})


def test_a_try_that_comes_late_is_refused_and_leaves_nothing(tmp_path):
    sink = sink_at(tmp_path)
    sink.publish(prepared(sink, RUNS[0]))
    files = sorted((tmp_path / "t").rglob("*.parquet"))
    with pytest.raises(FatalError, match="is already published; this try is too late"):
        sink.stage(ROWS, RUNS[0], "1-0-2")
    assert sorted((tmp_path / "t").rglob("*.parquet")) == files


def test_what_has_become_of_a_runs_files_is_told(tmp_path):
    sink = sink_at(tmp_path)
    lines = prepared(sink, RUNS[0])
    sink.publish(lines)
    (path,) = (tmp_path / "t" / RUNS[0]).glob("*")
    content = path.read_bytes()
    path.write_bytes(content[:-1])
    assert any("bytes, the run wrote" in each for each in sink.verify(lines).problems)
    path.unlink()
    assert sink.verify(lines).problems == (
        f"{RUNS[0]}/{path.name}: missing, but the table lists it. Restore it from a backup",
    )
    path.write_bytes(content)
    sink.publish(prepared(sink, RUNS[1]))
    DeltaTable(str(tmp_path / "t")).optimize.compact()
    assert sink.verify(lines).replaced == {"version 2 (OPTIMIZE)": 1}
    assert sink.published_runs() == set(RUNS[:2])


def test_a_staged_file_that_has_vanished_is_not_committed(tmp_path):
    sink = sink_at(tmp_path)
    (file,) = sink.stage(ROWS, RUNS[0], "1-0-1")
    cut = replace(file, bytes=file.bytes + 1)
    with pytest.raises(FatalError, match=r"bytes are left\. Nothing was published"):
        list(sink.prepare([(0, cut)], delivery(RUNS[0], ROWS)))
    lines = list(sink.prepare([(0, file)], delivery(RUNS[0], ROWS)))
    (tmp_path / "t" / file.keep["path"]).unlink()
    with pytest.raises(FatalError, match="the file has vanished"):
        sink.publish(lines)


def test_folders_that_are_no_tables_and_tables_that_are_no_folders_are_refused(tmp_path):
    (tmp_path / "t").mkdir()
    (tmp_path / "t" / "x.parquet").write_bytes(b"")
    with pytest.raises(ConfigError, match=r'not a Delta table and not empty: it contains "x'):
        sink_at(tmp_path).check([])
    with pytest.raises(ConfigError, match=r"contains %, and the Delta library would open another"):
        sink_at(tmp_path / "a%20b").check([])
    write_deltalake(str(tmp_path / "u"), ROWS.to_arrow())
    other = Parquet(type="parquet", path=str(tmp_path / "u"), write_disposition="append")
    with pytest.raises(ConfigError, match=r"is a Delta table\. Write sink\.type=delta"):
        other.check([])


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"delta.enableChangeDataFeed": "true"}, "needs writer version 4"),
        ({"delta.setTransactionRetentionDuration": "interval 1 days"}, "would forget that a run"),
        ({"delta.appendOnly": "true"}, "is append-only. Write write_disposition: append"),
        ({"delta.enableDeletionVectors": "true"}, "needs the writer features deletionVectors"),
    ],
)
def test_tables_that_ask_more_of_writers_are_refused(tmp_path, settings, said):
    write_deltalake(str(tmp_path / "t"), ROWS.to_arrow(), configuration=settings)
    with pytest.raises(ConfigError, match=said):
        sink_at(tmp_path, "overwrite").check([])


def test_the_quarantine_lies_beside_the_table(tmp_path):
    beside = sink_at(tmp_path).beside("quarantine", "append")
    assert (beside.type, beside.uri) == ("parquet", f"{tmp_path}/t_quarantine")
