"""A failed or stopped run does not hold its job: the same command finishes it or starts over."""

import json
import shutil
from contextlib import suppress
from pathlib import Path

import pytest

from ingest.config.load import load
from ingest.driver.drive import drive
from ingest.driver.request import Request
from ingest.job import Job
from ingest.records.runs import Runs
from ingest.storage.objects import LocalStore
from ingest.testing.faults import Crash, CrashingStore
from ingest.workers.in_process import InProcessWorkers
from tests.bad_input.bench import HEADER, Bench, records
from tests.recovery.test_resume import ingest

ALONE = {"partition_bytes": 50, "workers": 1}
TRIAL = "sink.path=trial"


@pytest.fixture
def bench(tmp_path, monkeypatch):
    """A job of three partitions of four rows."""
    monkeypatch.chdir(tmp_path)
    bench = Bench(tmp_path)
    bench.page["execution"] |= ALONE
    bench.fill(3)
    bench.describe()
    (tmp_path / "state").mkdir()
    return bench


def runs(bench):
    return Runs(LocalStore(bench.place / "state")).of_job("orders")


def states(bench):
    pages = json.loads(ingest("status", "--state", "state", "--json").out)
    return [page["state"] for page in pages]


def plan(*more):
    page = json.loads(ingest("plan", "+job=orders", "--json", *more).out)
    return page["unfinished"]


def trial(bench):
    return bench.place / "trial"


def published(folder):
    return len(list(folder.glob("*.parquet")))


# the job is edited


def test_a_contract_that_failed_is_edited_and_the_same_command_publishes(bench):
    bench.write("4.csv", HEADER + records(4) + "x,y,z\n")
    failed = bench.run()
    assert failed.code == 1
    assert failed.err.endswith(
        "Fix the input or the job, then run it again: "
        "python -m ingest.run --conf conf +job=orders cluster=inline\n"
    )
    first = runs(bench)[0]
    bench.describe(contract={**bench.page["contract"], "on_error": "quarantine"})
    assert plan()["would"] == "start over"
    result = bench.run()
    assert result.code == 0, result.err
    line = f"Discarded run {first}: a row broke the contract, and the job has changed since. "
    assert f"{line}Starting over\n" in result.err
    assert (len(bench.rows), len(bench.quarantine)) == (16, 1)
    assert states(bench) == ["abandoned", "done"]
    assert bench.staged == set()
    assert line in ingest("status", runs(bench)[1], "--state", "state").out


@pytest.mark.parametrize("fix", ["the file", "a new file"])
def test_a_budget_is_exceeded_again_until_the_input_is_fixed(bench, fix):
    bench.describe(contract={**bench.page["contract"], "on_error": "skip", "max_error_ratio": 0.06})
    bench.write("4.csv", HEADER + records(4, 2) + "x,y,z\n")
    for attempt in (1, 2):
        assert "at most 6 % may be" in bench.run().err
        assert bench.history.attempt == attempt
    bench.write("4.csv" if fix == "the file" else "5.csv", HEADER + records(5))
    result = bench.run()
    assert result.code == 0, result.err
    what = "1 changed" if fix == "the file" else "1 new"
    said = f"it failed its contract, and its input files have changed since ({what}). Starting"
    assert said in result.err
    assert len(bench.rows) == (16 if fix == "the file" else 18)


FUNCTION = (
    "from pathlib import Path\nimport polars as pl\n\n\ndef step(rows):\n"
    "    trouble = Path('trouble').exists() and rows['id'][0] >= 300\n"
    "    if trouble:\n        {fault}\n    return rows\n"
)
OWN = {
    "an exception": "raise ValueError('oops')",
    "other columns": "return rows.drop('n')",
    "no file": "open('nowhere')",
    "a value": "return rows.with_columns(name=pl.lit('z' * 300))",
}
ELSEWHERE = {
    "a full disk": "raise OSError(28, 'No space left on device')",
    "the network": "raise ConnectionError('lost')",
    "memory": "raise MemoryError",
}


CASES = [(failure, changed) for failure in OWN for changed in ("the function", "")]
CASES += [(failure, changed) for failure in ELSEWHERE for changed in ("the job", "")]


@pytest.mark.parametrize(("failure", "changed"), [*CASES, ("a value", "the job")])
def test_what_a_failed_run_does_next(bench, failure, changed):
    own = bench.place / "jobs" / "orders" / "own.py"
    own.parent.mkdir(parents=True)
    own.write_text(FUNCTION.format(fault={**OWN, **ELSEWHERE}[failure]))
    (bench.place / "trouble").touch()
    steps = [{"type": "python", "function": "own:step"}]
    sink = {**bench.page["sink"], "partition_by": ["name"]}
    bench.describe(transforms=steps, sink=sink)
    failed = bench.run()
    assert (failed.code, bench.history.totals.partitions) == (1, 2)
    assert ("Resume with: " in failed.err) == (failure in ELSEWHERE)
    assert ("Fix the input or the job, then run it again: " in failed.err) == (failure in OWN)
    (bench.place / "trouble").unlink()
    if changed == "the function":
        own.write_text(f"{own.read_text()}# fixed\n")
    elif changed:
        bench.describe(transforms=[*steps, {"type": "drop_nulls"}], sink=sink)
    result = bench.run()
    if changed and failure in ELSEWHERE:
        assert result.code == 2
        assert "is unfinished (2 of 3 partitions completed)" in result.err
        return
    assert result.code == 0, result.err
    assert (len(bench.rows), len(runs(bench))) == (12, 2 if changed else 1)
    said = "Discarded run" if changed else "(attempt 2): 2 of 3 partitions completed"
    assert result.err.count(said) == 1
    if changed:
        assert ": a setting, a step or a value made it fail, and " in result.err


def test_where_nothing_is_completed_an_edit_starts_over(bench):
    bench.plan_only()
    bench.describe(transforms=[{"type": "filter", "where": "n < 2"}])
    result = bench.run()
    assert result.code == 0, result.err
    said = "it has completed no partition, and the job has changed since. Starting over"
    assert result.err.count(said) == 1
    assert len(bench.rows) == 6


def test_where_nothing_is_completed_and_nothing_changed_the_run_is_resumed(bench):
    bench.plan_only()
    assert plan()["would"] == "resume"
    assert bench.run().code == 0
    assert (len(runs(bench)), bench.history.attempt) == (1, 2)


def test_an_edit_that_is_wrong_itself_discards_nothing(bench):
    bench.plan_only()
    bench.describe(transforms=[{"type": "filter", "where": "m < 2"}])
    assert bench.run().code == 2
    assert states(bench) == ["interrupted"]
    bench.describe()
    assert bench.run().code == 0
    assert len(runs(bench)) == 1


def test_completed_partitions_of_a_run_that_was_stopped_are_not_discarded(bench):
    bench.stop_at("settled", 2)
    (run,) = runs(bench)
    bench.describe(
        contract={
            **bench.page["contract"], "checks": [{"type": "not_null", "columns": ["n"]}],
            "max_errors": 3, "max_error_ratio": 0.5, "min_records": 7, "pii": ["name"],
        },
        transforms=[{"type": "filter", "where": "n < 2"}],
    )  # fmt: skip
    result = bench.run()
    assert result.code == 2
    first, *differences, more, finish, over = result.err.removeprefix("error: ").splitlines()
    assert first == (
        f"run {run} is unfinished (2 of 3 partitions completed), and the job has changed since. "
        "These changes affect the output, so the run cannot be resumed with them:"
    )
    assert len(differences) == 5
    assert "  contract.checks: was empty, now 1 check (not_null)" in differences
    assert more == "  and 1 more. To see all: ingest plan, with the same arguments"
    assert f"ingest resume {run}" in finish
    assert over == "To discard that run and start over, add --fresh"
    assert plan()["would"] == "refuse"
    assert len([line for line in plan()["because"] if ": was " in line]) == 6
    assert ingest("resume", run, "--state", "state").code == 0
    assert len(bench.rows) == 12


# a trial with another output


def test_a_trial_does_not_block_the_job_and_is_resumed_by_its_own_command(bench):
    bench.stop_at("settled", 1, TRIAL)
    (tried,) = runs(bench)
    here = f"--state {bench.place}/state"
    kept = (
        f"Run {tried} to {trial(bench)} is unfinished and was kept. To resume it: "
        f"ingest resume {tried} {here}"
    )
    assert plan()["notes"] == [kept]
    result = bench.run()
    assert result.code == 0, result.err
    assert result.err.count(kept) == 1
    assert len(bench.rows) == 12
    assert states(bench) == ["interrupted", "done"]
    assert kept not in bench.run().err, "it is said once"
    assert plan(TRIAL)["run_id"] == tried
    result = bench.run(TRIAL)
    assert result.code == 0, result.err
    assert f"resuming run {tried} (attempt 2): 1 of 3 partitions completed" in result.err
    assert published(trial(bench)) == 3


def test_each_output_has_its_last_run(bench):
    bench.stop_at("settled", 1, TRIAL)
    bench.stop_at("settled", 1)
    tried, main = runs(bench)
    for run in (tried, main):
        assert f"resume it: ingest resume {run}" in ingest("status", run, "--state", "state").out
    assert bench.run(TRIAL, "--fresh").code == 0
    assert states(bench) == ["abandoned", "interrupted", "done"]
    assert ingest("resume", main, "--state", "state").code == 0
    result = ingest("resume", tried, "--state", "state")
    assert result.code == 2
    said = "it was discarded; there is nothing to resume. The last run to its output is"
    assert f"{said} {runs(bench)[2]}" in result.err
    assert (len(bench.rows), published(trial(bench))) == (12, 3)


def test_one_that_shares_the_quarantine_shares_an_output(bench):
    """It is overwritten with the output: an older run would replace its newer rows."""
    bench.describe(
        contract={
            **bench.page["contract"],
            "on_error": "quarantine",
            "quarantine": {"path": "rejected"},
        }
    )
    bench.stop_at("settled", 1, TRIAL)
    result = bench.run()
    assert result.code == 2
    assert 'sink.path: was "trial", now "out"' in result.err


def test_the_runs_of_an_earlier_release_are_told_apart_too(bench):
    bench.stop_at("settled", 1, TRIAL)
    (tried,) = runs(bench)
    (bench.place / "state/jobs/orders/runs" / tried).write_bytes(b"")
    assert bench.run().code == 0
    shutil.rmtree(bench.place / "state/runs" / tried)
    assert bench.run(TRIAL).code == 0
    assert (len(bench.rows), published(trial(bench))) == (12, 3)


# the input has changed


def test_an_input_that_changed_is_refused_once_then_planned_again(bench):
    bench.stop_at("settled", 1)
    bench.write("3.csv", HEADER + records(3, 6))
    foreseen = plan()
    assert foreseen["would"] == "refuse"
    *_, over, restored = foreseen["because"]
    assert over == "To discard that run and start over, add --fresh", "the next run does not yet"
    assert restored.startswith("To finish this run instead, restore the files as they were, then ")
    refused = bench.run()
    assert refused.code == 1
    assert "To read the files as they are now, run the job again: it starts over" in refused.err
    assert plan()["would"] == "start over"
    result = bench.run()
    assert result.code == 0, result.err
    assert "its input has changed. Starting over" in result.err
    assert len(bench.rows) == 14


def test_an_input_that_is_gone_for_a_moment_discards_nothing(bench):
    bench.stop_at("settled", 1)
    (bench.place / "in").rename(bench.place / "unmounted")
    (bench.place / "in").mkdir()
    assert [bench.run().code for _ in range(3)] == [1, 2, 2]
    (bench.place / "in").rmdir()
    (bench.place / "unmounted").rename(bench.place / "in")
    assert bench.run().code == 0
    assert (len(runs(bench)), len(bench.rows)) == (1, 12)


# committed


def commit(bench, *more):
    """Run the job and kill it right after its commit."""
    loaded = load(Job, Path("conf"), bench.arguments(*more)[2:])
    before = shutil.copytree(bench.place / "state", bench.place / "before")
    for at in range(9, 60):
        store = CrashingStore(LocalStore(bench.place / "state"), at)
        with suppress(Crash):
            drive(Request(loaded.job, loaded.yaml(), loaded.place, InProcessWorkers(), store=store))
        if runs(bench) and bench.history.phase == "committed":
            return runs(bench)[-1]
        shutil.rmtree(bench.place / "state")
        shutil.copytree(before, bench.place / "state")
    raise AssertionError("it was never committed")


def test_a_committed_run_is_finished_whatever_the_job_is_now(bench):
    run = commit(bench)
    bench.describe(transforms=[{"type": "filter", "where": "n < 2"}])
    assert "can only be finished. Finish it first: ingest resume" in bench.run("--fresh").err
    result = bench.run()
    assert result.code == 0, result.err
    assert runs(bench) == [run]
    assert len(bench.rows) == 12


def test_a_committed_trial_is_finished_before_the_job_plans(bench):
    bench.stop_at("settled", 1)
    (main,) = runs(bench)
    tried = commit(bench, TRIAL)
    blocked = ingest("resume", main, "--state", "state")
    assert blocked.code == 2
    assert f"Finish it first: ingest resume {tried}" in blocked.err
    result = bench.run()
    assert result.code == 0, result.err
    said = f"Run {tried} to {trial(bench)} has begun to publish, so it is finished first. "
    assert f"{said}To publish to {bench.place}/out, run the same command again" in result.err
    assert (published(trial(bench)), bench.rows) == (3, [])
    assert bench.run().code == 0
    assert (runs(bench), len(bench.rows)) == ([main, tried], 12)
