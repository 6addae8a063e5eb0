"""One partition, from its file to staged files and books."""

import pickle
from datetime import UTC, datetime

import polars as pl
import pytest

from ingest.core.partition import Assignment, Partition, partition_id
from ingest.driver.flow import check_flow
from ingest.driver.tasks import context_of, task_of
from ingest.job import Job
from ingest.work.classify import error_of

TEXT = "id,name,n\n1,a,1\n2,b,2\nbroken\n3,,3\n4,d,x\n5,e,9\n"
LEAVE = """
import sys
def leave(rows): return rows if rows.is_empty() else sys.exit(0)
"""


def make(tmp_path, text=TEXT, transforms=None, **contract):
    (tmp_path / "in.csv").write_text(text)
    job = Job.model_validate(
        {
            "name": "t",
            "owner": "me",
            "description": "test",
            "source": {"type": "csv", "path": str(tmp_path / "in.csv")},
            "transforms": transforms
            or [
                {"type": "filter", "where": "id <> 1"},
                {"type": "cast", "columns": {"n": "int64"}},
            ],
            "contract": {
                "columns": {"id": "int64"},
                "checks": [
                    {"type": "not_null", "columns": ["name"]},
                    {"type": "range", "column": "n", "max": 5},
                ],
                "on_error": "quarantine",
                **contract,
            },
            "sink": {
                "type": "parquet",
                "path": str(tmp_path / "out"),
                "write_disposition": "append",
            },
        }
    )
    slices = tuple(job.source.slices(1 << 20))
    layout = job.source.layout(slices, {"id": pl.Int64()})
    context = context_of(job, "run", datetime(2013, 1, 1, tzinfo=UTC))
    task = task_of(job, check_flow(job, layout, context, str), context)
    return task, Assignment(Partition(0, partition_id(slices), slices), 1, 1)


def staged(tmp_path, outcome, output):
    folder = tmp_path / (".ingest-out" if output == "main" else ".ingest-out_quarantine")
    files = [folder / "run" / f.keep["name"] for f in outcome.staged if f.output == output]
    return pl.concat([pl.read_parquet(file) for file in files]).to_dicts()


def test_every_record_is_written_or_accounted_for(tmp_path):
    task, assignment = make(tmp_path)
    outcome = task(assignment)
    assert outcome.failure is None
    assert all(book.balanced for book in outcome.books)
    assert [(b.step, b.rows, b.out, b.dropped) for b in outcome.books] == [
        ("source", 6, 5, {"quarantined": 1}),
        ("0.filter", 5, 4, {"filtered": 1}),
        ("1.cast", 4, 3, {"quarantined": 1}),
        ("contract", 3, 1, {"quarantined": 2}),
    ]
    rows = staged(tmp_path, outcome, "main")
    assert rows == [{"id": 2, "name": "b", "n": 2}]


def test_the_quarantine_has_place_reason_and_original_of_each(tmp_path):
    task, assignment = make(tmp_path)
    outcome = task(assignment)
    rejected = {row["line"]: row for row in staged(tmp_path, outcome, "quarantine")}
    assert {line: (row["step"], row["original"]) for line, row in rejected.items()} == {
        4: ("source", "broken"),
        5: ("contract", "3,,3"),
        6: ("1.cast", "4,d,x"),
        7: ("contract", "5,e,9"),
    }
    assert {row["file"] for row in rejected.values()} == {str(tmp_path / "in.csv")}
    assert "range" in rejected[7]["reason"]
    assert rejected[7]["reasons"] == [rejected[7]["reason"]]
    assert sum(outcome.errors.values()) == 4


@pytest.mark.parametrize(
    ("body", "kind", "said"),
    [
        ("return [rows]", "job", 'python: "functions:f" returned list. It must'),
        ("raise ValueError('odd')", "bug", "python: partition "),
        ("raise SystemExit(1)", "bug", "python: partition "),
    ],
)
def test_an_error_of_a_step_begins_with_where_it_was_written(
    tmp_path, monkeypatch, body, kind, said
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "jobs/t").mkdir(parents=True)
    (tmp_path / "jobs/t/functions.py").write_text(f"def f(rows): {body}")
    steps = [{"type": "filter", "where": "id > 0"}, {"type": "python", "function": "functions:f"}]
    task, assignment = make(tmp_path, transforms=steps, checks=[])

    failure = task(assignment).failure

    assert (failure.kind, failure.place) == (kind, "('transforms', 1): python")
    assert str(error_of(failure)).startswith(f"('transforms', 1): {said}")


def test_on_error_fail_names_the_first_rows_and_stages_nothing(tmp_path):
    task, assignment = make(tmp_path, on_error="fail")
    outcome = task(assignment)
    assert outcome.failure.kind == "bad_row"
    assert f"{tmp_path}/in.csv:4: " in outcome.failure.message
    assert "and 1 more in this partition" in outcome.failure.message
    assert not list(tmp_path.glob(".ingest-*"))


def test_on_error_skip_counts_under_its_own_reason(tmp_path):
    task, assignment = make(tmp_path, on_error="skip")
    outcome = task(assignment)
    assert [book.dropped.get("skipped", 0) for book in outcome.books] == [1, 0, 1, 2]
    assert {each.output for each in outcome.staged} == {"main"}


def test_an_input_that_changed_since_the_plan_makes_it_stale(tmp_path):
    task, assignment = make(tmp_path)
    (tmp_path / "in.csv").write_text(TEXT + "6,f,1\n")
    failure = task(assignment).failure
    assert failure.kind == "stale_plan"
    assert "in.csv" in failure.message


def test_a_bug_is_wrapped_with_the_partition_and_its_traceback(tmp_path):
    task, assignment = make(tmp_path)
    broken = type(task)(**{**{f: getattr(task, f) for f in type(task).__slots__}, "source": None})
    failure = broken(assignment).failure
    assert failure.kind == "bug"
    assert assignment.partition.id in failure.message
    assert "Traceback" in failure.traceback


def test_a_step_that_exits_is_a_bug_and_no_end_of_the_process(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "jobs" / "t").mkdir(parents=True)
    (tmp_path / "jobs" / "t" / "functions.py").write_text(LEAVE)
    step = {"type": "python", "function": "functions:leave", "columns": {"id": "int64"}}
    task, assignment = make(tmp_path, transforms=[step], checks=[])
    failure = task(assignment).failure
    assert failure.kind == "bug"
    assert "SystemExit: 0" in failure.message


def test_a_task_survives_the_way_to_a_worker(tmp_path):
    task, assignment = make(tmp_path)
    again = pickle.loads(pickle.dumps(task))
    second = Assignment(assignment.partition, 1, 2)
    assert again(assignment).books == task(second).books


@pytest.mark.parametrize("text", ["id,name,n\n", "\ufeffid,name,n\r\n"])
def test_an_input_without_records_is_no_error(tmp_path, text):
    task, assignment = make(tmp_path, text)
    outcome = task(assignment)
    assert outcome.failure is None
    assert outcome.staged == ()


@pytest.mark.parametrize(
    "step",
    [
        {"type": "filter", "where": "1 = 2"},
        {"type": "sql", "query": "SELECT * FROM input LIMIT 0"},
        {"type": "sql", "query": "SELECT * FROM input UNION ALL SELECT * FROM input WHERE 1 = 2"},
    ],
)
def test_a_reject_is_counted_once_whatever_becomes_of_the_rows_behind_it(tmp_path, step):
    cast = {"type": "cast", "columns": {"n": "int64"}}
    task, assignment = make(tmp_path, transforms=[cast, step], checks=[], columns={})
    outcome = task(assignment)
    assert outcome.failure is None
    assert all(book.balanced for book in outcome.books)
    assert outcome.books[1].dropped == {"quarantined": 1}
    assert sum(outcome.errors.values()) == 2


def make_large(tmp_path, **contract):
    """Make a task of three portions: 80 rows of a million characters, every ninth of them bad."""
    rows = pl.DataFrame({"n": range(80), "text": [chr(97 + n % 26) * 1_000_000 for n in range(80)]})
    rows.write_parquet(tmp_path / "in.parquet", row_group_size=30)
    job = Job.model_validate(
        {
            "name": "t",
            "owner": "me",
            "description": "test",
            "source": {"type": "parquet", "path": str(tmp_path / "in.parquet")},
            "transforms": [
                {"type": "filter", "where": "n <> 1"},
                {"type": "derive", "columns": {"size": "length(text)", "text": "left(text, 1)"}},
                {"type": "cast", "columns": {"n": "int8"}},
            ],
            "contract": {
                "checks": [{"type": "expression", "expression": "n % 9 <> 0", "name": "ninth"}],
                "on_error": "quarantine",
                **contract,
            },
            "sink": {
                "type": "parquet",
                "path": str(tmp_path / "out"),
                "write_disposition": "append",
            },
        }
    )
    slices = tuple(job.source.slices(1 << 30))
    layout = job.source.layout(slices, {})
    context = context_of(job, "run", datetime(2013, 1, 1, tzinfo=UTC))
    task = task_of(job, check_flow(job, layout, context, str), context)
    return task, Assignment(Partition(0, partition_id(slices), slices), 1, 1)


def test_portions_add_up_to_the_partition(tmp_path):
    task, assignment = make_large(tmp_path)
    outcome = task(assignment)
    assert outcome.failure is None
    assert [(book.step, book.rows, book.out, book.dropped) for book in outcome.books] == [
        ("source", 80, 80, {}),
        ("0.filter", 80, 79, {"filtered": 1}),
        ("1.derive", 79, 79, {}),
        ("2.cast", 79, 79, {}),
        ("contract", 79, 70, {"quarantined": 9}),
    ]
    good = [n for n in range(80) if n != 1 and n % 9]
    rows = staged(tmp_path, outcome, "main")
    assert rows == [{"n": n, "text": chr(97 + n % 26), "size": 1_000_000} for n in good]
    bad = staged(tmp_path, outcome, "quarantine")
    assert [row["line"] for row in bad] == [n + 1 for n in range(0, 80, 9)]
    assert bad[1]["row"] == '{"n": 9, "text": "j", "size": 1000000}'
    assert {"read", "decode", "0.filter", "contract", "locate", "stage"} <= set(outcome.seconds)


def test_a_bad_row_in_the_last_portion_stages_nothing_of_the_first(tmp_path):
    only_last = [{"type": "range", "column": "n", "max": 77}]
    task, assignment = make_large(tmp_path, on_error="fail", checks=only_last)
    outcome = task(assignment)
    assert outcome.failure.kind == "bad_row"
    assert f"{tmp_path}/in.parquet:79: " in outcome.failure.message
    assert not list(tmp_path.rglob("*.staged"))


def test_a_step_that_has_to_see_all_rows_gets_them_at_once(tmp_path):
    unique = [{"type": "unique_in_partition", "columns": ["size"]}]
    task, assignment = make_large(tmp_path, checks=unique)
    assert task(assignment).books[-1].out == 1
