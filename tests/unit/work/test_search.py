"""Rows that end or break their worker are found by real processes, and set aside."""

from dataclasses import replace
from datetime import UTC, datetime

import polars as pl
import pytest

from ingest.core.partition import Assignment, Partition, partition_id
from ingest.driver.flow import check_flow
from ingest.driver.tasks import context_of, task_of
from ingest.job import Job
from ingest.sources.csv import Csv
from ingest.work.poison import Limits
from tests.injectors.poison import DeadlyCsv

FUNCTIONS = "from tests.injectors.poison import gobble, suffer\n"
SUFFER = {"type": "python", "function": "functions:suffer", "row_wise": True}
TYPES = {"id": "int64", "fate": "string"}


def csv(path, rows):
    rows.write_csv(path / "in.csv")


def jsonl(path, rows):
    rows.write_ndjson(path / "in.jsonl")


def parquet(path, rows):
    rows.write_parquet(path / "in.parquet")


def make(tmp_path, rows, fates, *, steps=(SUFFER,), write=csv, **contract):
    """Return the task of a job over so many rows, of which some have a fate, and its search."""
    write(
        tmp_path,
        pl.DataFrame(
            {"id": range(rows), "fate": [fates.get(n, "live") for n in range(rows)]},
            schema={"id": pl.Int64, "fate": pl.String},
        ),
    )
    (tmp_path / "functions.py").write_text(FUNCTIONS)
    job = Job.model_validate(
        {
            "name": "t",
            "owner": "me",
            "description": "test",
            "source": {
                "type": write.__name__,
                "path": str(tmp_path / "in.*"),
                **({} if write is parquet else {"columns": TYPES}),
            },
            "transforms": steps,
            "contract": {"on_error": "quarantine", **contract},
            "sink": {
                "type": "parquet",
                "path": str(tmp_path / "out"),
                "write_disposition": "append",
            },
        }
    )
    assert job.by_row
    slices = tuple(job.source.slices(1 << 30))
    layout = job.source.layout(slices, {})
    context = replace(
        context_of(job, "run", datetime(2013, 1, 1, tzinfo=UTC)), job_folder=str(tmp_path)
    )
    task = task_of(job, check_flow(job, layout, context, str), context)
    assignment = Assignment(Partition(0, partition_id(slices), slices), 1, 1, search=True)
    return task, assignment


def staged(tmp_path, outcome, output="main"):
    folder = tmp_path / (".ingest-out" if output == "main" else ".ingest-out_quarantine")
    files = [folder / "run" / f.keep["name"] for f in outcome.staged if f.output == output]
    return pl.concat([pl.read_parquet(file) for file in files])


def all_but(rows, fates):
    return [n for n in range(rows) if n not in fates]


def test_each_way_to_die_is_found_and_named(tmp_path):
    fates = {0: "exit", 4_500: "segfault", 4_501: "raise", 9_999: "allocate"}
    task, assignment = make(tmp_path, 10_000, fates)
    outcome = replace(task, limits=Limits(memory_bytes=300 * 1024 * 1024))(assignment)
    assert outcome.failure is None
    assert staged(tmp_path, outcome)["id"].to_list() == all_but(10_000, fates)
    found = staged(tmp_path, outcome, "quarantine").sort("line")
    assert found.select("line", "step", "column", "reason", "original").rows() == [
        (2, "0.python", None, "killed the worker", "0,exit"),
        (4_502, "0.python", None, "killed the worker", "4500,segfault"),
        (4_503, "0.python", None, "raised ValueError: this row's fate is ...", "4501,raise"),
        (10_001, "0.python", None, "killed the worker: out of memory", "9999,allocate"),
    ]
    assert set(found["file"]) == {str(tmp_path / "in.csv")}
    assert all(book.balanced for book in outcome.books)
    assert outcome.books[1].dropped == {"quarantined": 4}
    assert outcome.errors["killed the worker"] == 2


def test_a_row_that_never_ends_is_ended(tmp_path):
    task, assignment = make(tmp_path, 100, {70: "sleep"}, on_error="skip")
    outcome = replace(task, limits=Limits(timeout_s=20))(assignment)
    assert outcome.failure is None
    assert outcome.errors == {"killed the worker: took longer than 2 s": 1}
    assert staged(tmp_path, outcome)["id"].to_list() == all_but(100, {70})
    assert outcome.books[1].dropped == {"skipped": 1}


def test_neighbours_are_found_one_by_one(tmp_path):
    fates = {10: "exit", 11: "raise", 12: "raise", 13: "exit"}
    task, assignment = make(tmp_path, 20, fates)
    outcome = task(assignment)
    assert staged(tmp_path, outcome)["id"].to_list() == all_but(20, fates)
    assert staged(tmp_path, outcome, "quarantine").height == 4


def test_a_bug_that_breaks_every_row_ends_the_search_early(tmp_path):
    task, assignment = make(tmp_path, 50_000, dict.fromkeys(range(50_000), "raise"))
    outcome = replace(task, limits=Limits(max_poison_rows=5))(assignment)
    assert outcome.failure.kind == "bad_row"
    message = outcome.failure.message
    assert "more than 5 rows kill or break their worker" in message
    assert "Most: 0.python: raised ValueError: this row's fate is ... (6 rows)" in message
    assert f"{tmp_path}/in.csv:2: raised ValueError" in message
    assert "execution.max_poison_rows" in message
    assert "_raise" in outcome.failure.traceback
    assert not list(tmp_path.glob(".ingest-*"))


def test_with_on_error_fail_the_run_is_told_where(tmp_path):
    task, assignment = make(tmp_path, 10, {4: "exit"}, on_error="fail")
    failure = task(assignment).failure
    assert failure.kind == "bad_row"
    assert f"{tmp_path}/in.csv:6: killed the worker\n" in failure.message
    assert "contract.on_error=quarantine" in failure.message


def test_rows_that_are_only_too_many_together_are_innocent(tmp_path):
    gobble = {**SUFFER, "function": "functions:gobble"}
    task, assignment = make(tmp_path, 5_000, {4_999: "raise"}, steps=[gobble])
    outcome = replace(task, limits=Limits(memory_bytes=1024 * 1024 * 1024))(assignment)
    assert outcome.failure is None
    assert staged(tmp_path, outcome)["id"].to_list() == all_but(5_000, {4_999})


def test_if_reading_kills_no_row_is_blamed(tmp_path):
    task, assignment = make(tmp_path, 10, {})
    assert isinstance(task.source, Csv)
    deadly = DeadlyCsv.model_validate(task.source.model_dump())
    failure = replace(task, source=deadly)(assignment).failure
    assert failure.kind == "lost_worker"
    assert "while the partition was read" in failure.message
    assert f"{tmp_path}/in.csv" in failure.message


def test_if_no_row_is_guilty_the_partition_is_worked_whole(tmp_path):
    task, assignment = make(tmp_path, 10, {})
    outcome = task(assignment)
    whole = task(replace(assignment, search=False, try_number=2))
    assert outcome.failure is None
    assert outcome.books == whole.books
    assert outcome.errors == {}


def test_what_is_no_rows_fault_is_said_as_ever(tmp_path):
    task, assignment = make(tmp_path, 10, {})
    (tmp_path / "functions.py").write_text("def suffer(rows): return rows.head(1)\n")
    failure = task(assignment).failure
    assert failure.kind == "job"
    assert "returned 1 rows for 10" in failure.message


def test_all_rows_made_of_a_guilty_record_go_before_the_step_it_breaks(tmp_path):
    steps = [
        {"type": "filter", "where": "id <> 1"},
        {"type": "derive", "columns": {"fates": "SPLIT(fate, '+')"}},
        {"type": "explode", "column": "fates"},
        {"type": "select", "columns": ["id", "fates"]},
        {"type": "rename", "columns": {"fates": "fate"}},
        SUFFER,
        {"type": "cast", "columns": {"fate": "int64"}},
    ]
    fates = dict.fromkeys(range(5), "7+8") | {1: "exit", 2: "8+exit+9", 3: "x+1"}
    task, assignment = make(tmp_path, 5, fates, steps=steps)
    outcome = task(assignment)
    assert outcome.failure is None
    assert all(book.balanced for book in outcome.books)
    assert [book.dropped for book in outcome.books[-3:]] == [
        {"quarantined": 3},
        {"quarantined": 1},
        {},
    ]
    found = staged(tmp_path, outcome, "quarantine")
    assert found.select("line", "step").rows() == [(4, "5.python")] * 3 + [(5, "6.cast")]
    assert staged(tmp_path, outcome)["id"].to_list() == [0, 0, 3, 4, 4]


@pytest.mark.parametrize(
    ("write", "line", "original"),
    [(jsonl, 3, '{"id":2,"fate":"exit"}'), (parquet, 3, '{"id": 2, "fate": "exit"}')],
    ids=["jsonl", "parquet"],
)
def test_places_are_those_of_the_format(tmp_path, write, line, original):
    task, assignment = make(tmp_path, 5, {2: "exit"}, write=write)
    outcome = task(assignment)
    [row] = staged(tmp_path, outcome, "quarantine").to_dicts()
    assert (row["line"], row["reason"]) == (line, "killed the worker")
    assert row["file"] == str(tmp_path / f"in.{write.__name__}")
    assert row["original"] == original
    assert staged(tmp_path, outcome)["id"].to_list() == [0, 1, 3, 4]
