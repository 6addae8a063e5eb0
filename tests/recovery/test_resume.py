"""Going on with an unfinished run: by its id, after changes to job, place, inputs and records."""

import io
import json
import os
import re
import shutil
import socket
import threading
from contextlib import redirect_stderr, redirect_stdout, suppress
from pathlib import Path

import pytest

from ingest import __main__ as console
from ingest.config.load import load
from ingest.core.errors import FencedError, Interrupted
from ingest.driver.drive import drive
from ingest.driver.request import Request
from ingest.job import Job
from ingest.records.events import (
    AttemptBegan,
    AttemptFailed,
    Committed,
    Retried,
    RunAbandoned,
)
from ingest.records.lease import Lease
from ingest.records.ledger import Ledger
from ingest.records.reader import Reader
from ingest.records.runs import Runs
from ingest.storage.objects import LocalStore
from ingest.testing.faults import Crash, CrashingStore
from ingest.workers.in_process import InProcessWorkers
from tests.bad_input.bench import HEADER, Bench, Result, records

FILES = 6
ALONE = {"partition_bytes": 50}
"""Every file is a partition."""


@pytest.fixture
def bench(tmp_path, monkeypatch):
    """A job of six partitions, of which nothing is worked yet."""
    (tmp_path / "home").mkdir()
    monkeypatch.chdir(tmp_path / "home")
    bench = Bench(tmp_path / "home")
    bench.fill(FILES)
    bench.describe(execution=ALONE, cluster={"type": "inline"})
    return bench


def ingest(*words: str) -> Result:
    """Type a command line in this process."""
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        code = console.main(words)
    return Result(code, out.getvalue(), err.getvalue())


def leave(bench, settled=2, **options):
    """Stop the job after so many partitions, and return the id of the run."""
    loaded = load(Job, Path("conf"), bench.arguments()[2:])
    stop = threading.Event()
    count = 0

    def see(event, _history):
        nonlocal count
        count += event.name == "settled"
        if count >= settled and event.name in {"settled", "planned"}:
            stop.set()

    request = Request(
        loaded.job, loaded.yaml(), loaded.place, InProcessWorkers(), listeners=(see,), stop=stop
    )
    with suppress(Interrupted):
        drive(request)
    assert bench.history.phase == "planned"
    return last(bench)


def last(bench):
    return Runs(LocalStore(bench.place / bench.state)).of_job("orders")[-1]


def events(bench, run_id):
    return list(Reader(LocalStore(bench.place / bench.state), run_id).events())


def reopened(bench, run_id):
    """Return the ledger of a run, to be taken over from where it ends now."""
    store = LocalStore(bench.place / bench.state)
    reader = Reader(store, run_id)
    list(reader.events())
    return Ledger(store, run_id, after=reader.read)


def resume(*words: str) -> Result:
    return ingest("resume", "--state", "state", "--progress", "log", *words)


def commit_only(bench):
    """Run the job and kill it right after its commit."""
    loaded = load(Job, Path("conf"), bench.arguments()[2:])
    for at in range(4, 60):
        store = CrashingStore(LocalStore(bench.place / "state"), at)
        with suppress(Crash):
            drive(Request(loaded.job, loaded.yaml(), loaded.place, InProcessWorkers(), store=store))
        made = Runs(LocalStore(bench.place / "state")).of_job("orders")
        if made and bench.history.phase == "committed":
            return made[-1]
        shutil.rmtree(bench.place / "state")
    raise AssertionError("it was never committed")


# by its id


def test_it_is_gone_on_with_as_it_was_recorded_wherever_its_file_is(bench):
    run_id = leave(bench)
    bench.file.unlink()
    result = resume(run_id)
    assert result.code == 0, result.err
    assert f"resuming run {run_id} (attempt 2): 2 of 6 partitions completed" in result.err
    assert len(bench.rows) == FILES * 4
    assert bench.history.tries == FILES
    assert bench.staged == set()


def test_its_receipt_can_be_printed(bench):
    run_id = leave(bench)
    page = json.loads(resume(run_id, "--json").out)
    assert (page["run_id"], page["attempts"]) == (run_id, 2)


def test_how_the_work_is_done_may_be_changed_and_is_said(bench):
    run_id = leave(bench)
    result = resume(run_id, "execution.workers=4", "execution=patient", "cluster=inline")
    assert result.code == 0, result.err
    assert "execution.workers: was not set, now 4: does not affect the output" in result.err
    attempt = [event for event in events(bench, run_id) if event.name == "attempt"][1]
    assert "execution.workers: was not set, now 4: does not affect the output" in attempt.changes
    assert (
        "execution.partition_timeout_s: was not set, now 1800.0: does not affect the output"
        in result.err
    )


@pytest.mark.parametrize(
    ("override", "said"),
    [
        ("sink.path=elsewhere", "a resumed run writes where it was planned to write"),
        ("transforms=[]", "transforms affects the output"),
        ("execution.seed=3", "execution.seed affects the output, so a resumed run keeps"),
        ("execution.python=false", "execution.python affects the output"),
        ("+job=orders", "a resumed run already has its job"),
        ("execution.wrkers=4", 'unknown key. Did you mean "workers"?'),
        ("execution.workers=many", "command line: execution.workers: "),
        ("cluster=inlin", 'there is no cluster "inlin". Did you mean "inline"?'),
        ("cluster={type: inline}", "cluster"),
        ("workers", "not a setting. Write settings as KEY=VALUE"),
    ],
)
def test_nothing_else_may_be_changed(bench, override, said):
    run_id = leave(bench)
    result = resume(run_id, override)
    assert result.code == 2
    assert said in result.err
    assert "Traceback" not in result.err
    assert bench.history.attempt == 1


def test_from_another_folder_its_paths_are_those_of_its_own(bench, tmp_path, monkeypatch):
    run_id = leave(bench)
    (tmp_path / "away").mkdir()
    monkeypatch.chdir(tmp_path / "away")
    result = ingest("resume", run_id, "--state", "../home/state", "--progress", "log")
    assert result.code == 0, result.err
    assert f"in {tmp_path}/home, where the run was started" in result.err
    assert len(bench.rows) == FILES * 4
    assert list((tmp_path / "away").iterdir()) == []


def test_run_from_another_folder_would_publish_elsewhere_and_is_refused(
    bench, tmp_path, monkeypatch
):
    bench.describe(execution=ALONE, cluster={"type": "inline"}, state=str(tmp_path / "state"))
    run_id = leave(bench)
    (tmp_path / "away/in").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "away")
    words = ["run", "--conf", "../home/conf", "+job=orders"]
    result = ingest(*words)
    assert result.code == 2
    assert f'output: was "{tmp_path}/home/out", now "{tmp_path}/away/out"' in result.err
    assert f"as it was recorded: ingest resume {run_id} --state {tmp_path}/state\n" in result.err
    (tmp_path / "away/in/a.csv").write_text(HEADER + records(1))
    assert ingest(*words, "--fresh").code == 0
    assert bench.staged == set(), "what the other run had staged is removed where it was staged"


def test_the_folder_of_a_run_is_gone(bench, tmp_path, monkeypatch):
    run_id = leave(bench)
    (tmp_path / "home").rename(tmp_path / "moved")
    monkeypatch.chdir(tmp_path / "moved")
    result = resume(run_id)
    assert result.code == 2
    assert f'it was started in "{tmp_path}/home", where its relative paths start' in result.err


def test_an_unknown_run_is_answered_with_the_nearest(bench):
    run_id = leave(bench)
    result = resume(run_id[:-1])
    assert result.code == 2
    assert f'no run "{run_id[:-1]}". Did you mean "{run_id}"?' in result.err


def test_a_run_that_is_done_has_a_receipt(bench):
    run_id = leave(bench)
    assert resume(run_id).code == 0
    result = resume(run_id)
    assert result.code == 2
    receipt = bench.place / "state" / "runs" / run_id / "receipt.json"
    assert f"run {run_id}: it finished already" in result.err
    assert f"Its receipt: {receipt}." in result.err
    assert receipt.exists()


def test_a_run_that_was_given_up_stays_so(bench):
    run_id = leave(bench)
    assert bench.run("--fresh").code == 0
    result = resume(run_id)
    assert result.code == 2
    said = "it was discarded; there is nothing to resume. The last run to its output is"
    assert f"run {run_id}: {said} {last(bench)}" in result.err


def test_a_run_that_was_given_up_last_stays_so(bench):
    run_id = leave(bench)
    ledger = reopened(bench, run_id)
    ledger.begin(AttemptBegan())
    ledger.append(RunAbandoned())
    ledger.flush()
    result = resume(run_id)
    assert result.code == 2
    assert f"run {run_id}: it was discarded 20" in result.err
    assert "Start a new run: ingest run orders" in result.err


def test_a_committed_run_is_only_published_and_needs_no_inputs(bench):
    run_id = commit_only(bench)
    for file in (bench.place / "in").iterdir():
        file.unlink()
    bench.file.unlink()
    result = resume(run_id)
    assert result.code == 0, result.err
    assert "all partitions completed and checked; publishing the rest" in result.err
    assert len(bench.rows) == FILES * 4


def test_a_run_without_a_plan_has_nothing_to_go_on_with(bench):
    run_id = leave(bench)
    folder = bench.place / "state/runs" / run_id / "ledger"
    for file in folder.iterdir():
        file.unlink()
    result = resume(run_id)
    assert result.code == 2
    assert "it ended before it had a plan" in result.err


def test_a_run_that_somebody_works_is_left_alone(bench):
    run_id = leave(bench)
    store = LocalStore(bench.place / "state")
    with Lease.acquire(store, "jobs/orders/lease", 'job "orders"', {}):
        result = resume(run_id)
    assert result.code == 1
    assert f'job "orders": in use by process {os.getpid()} on {socket.gethostname()}' in result.err
    assert bench.history.attempt == 1


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("name: [", "the recorded job cannot be read"),
        ("- a\n", "not a mapping but list"),
        ("name: orders\n", "owner: Field required"),
        (b"\xff\xfe", "the recorded job is damaged"),
        (None, "the recorded job is missing"),
    ],
)
def test_a_damaged_record_of_the_job(bench, content, said):
    run_id = leave(bench)
    file = bench.place / "state/runs" / run_id / "job.yaml"
    file.unlink()
    if content is not None:
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
    for result in (resume(run_id), bench.run()):
        assert result.code == 1
        assert f"{file}: " in result.err
        assert said in result.err
        assert "--fresh" in result.err
        assert "Traceback" not in result.err
    assert bench.run("--fresh").code == 0
    assert bench.staged == set()
    assert len(bench.rows) == FILES * 4


def test_secrets_stay_references(bench, monkeypatch):
    monkeypatch.setenv("SALT", "grains")
    step = {"type": "mask", "columns": ["name"], "method": "hash", "salt": {"env": "SALT"}}
    bench.describe(execution=ALONE, cluster={"type": "inline"}, transforms=[step])
    run_id = leave(bench)
    state = bench.place / "state"
    assert resume(run_id).code == 0
    assert not [
        file for file in state.rglob("*") if file.is_file() and b"grains" in file.read_bytes()
    ]


# the job has changed


def test_a_change_of_rows_is_refused_with_its_effect_and_both_ways_out(bench):
    run_id = leave(bench)
    steps = [{"type": "filter", "where": "n < 2"}]
    bench.describe(
        execution={**ALONE, "workers": 3}, cluster={"type": "inline"}, transforms=steps,
        sink={**bench.page["sink"], "partition_by": ["name"]},
    )  # fmt: skip
    result = bench.run()
    assert result.code == 2
    assert "(2 of 6 partitions completed), and the job has changed" in result.err
    assert "transforms: was empty, now 1 step (filter)\n" in result.err
    assert 'sink.partition_by: was empty, now ["name"]\n' in result.err
    assert "workers" not in result.err
    assert f"as it was recorded: ingest resume {run_id} --state {bench.place}/" in result.err
    assert "start over, add --fresh" in result.err
    assert resume(run_id).code == 0
    assert len(bench.rows) == FILES * 4


def test_what_changes_no_row_is_accepted_and_said(bench):
    run_id = leave(bench)
    bench.describe(
        execution={"partition_bytes": 4000, "workers": 3}, cluster={"type": "inline"},
        owner="you@example.org",
    )  # fmt: skip
    result = bench.run("--progress", "log")
    assert result.code == 0
    assert last(bench) == run_id
    for said in (
        "execution.workers: was not set, now 3: does not affect the output",
        "execution.partition_bytes: this run keeps 50, its value when it was planned",
        'owner: was "me@example.org", now "you@example.org": does not affect the output; the',
    ):
        assert said in result.err


def test_another_version_is_a_warning_and_on_record(bench):
    run_id = leave(bench)
    file = bench.place / "state/runs" / run_id / "run.json"
    page = json.loads(file.read_text())
    page["versions"]["polars"] = "1.0.0"
    file.write_text(json.dumps(page))
    result = bench.run("--progress", "log")
    assert result.code == 0
    assert re.search(r"warning: polars 1\.0\.0 then, \S+ now: completed partitions", result.err)
    attempt = [event for event in events(bench, run_id) if event.name == "attempt"][1]
    assert attempt.warnings[0].startswith("polars 1.0.0 then")


# the inputs have changed

ACCEPT = "execution.touched_inputs=accept"


def test_changed_and_vanished_inputs_stop_it_before_any_work(bench):
    run_id = leave(bench)
    bench.write("4.csv", HEADER + records(4, 6))
    (bench.place / "in/6.csv").unlink()
    result = bench.run("--progress", "log")
    assert result.code == 1
    assert "source.path: 1 input file changed and 1 input file disappeared" in result.err
    assert re.search(
        r"in/4\.csv: was \d+ bytes written 20\S+Z, now \d+ bytes written 20", result.err
    )
    assert re.search(r"in/6\.csv: was \d+ bytes written 20\S+Z, is gone", result.err)
    assert "\nTo start over with the files as they are: python -m ingest.run" in result.err
    finish = "\nTo finish this run, after you have restored them: "
    assert f"{finish}ingest resume {run_id} {ACCEPT} --state" in result.err
    assert bench.history.totals.partitions == 2
    (found,) = [event for event in events(bench, run_id) if event.name == "inputs"]
    assert found.counts == {"changed": 1, "vanished": 1}
    shown = ingest("status", run_id, "--state", "state").out
    assert (
        "1 input file disappeared after the run was planned; the run still has to read it" in shown
    )


def test_only_a_few_of_many_are_named(bench):
    bench.fill(FILES + 1)
    leave(bench, settled=1)
    for number in range(1, FILES + 2):
        bench.write(f"{number}.csv", HEADER + records(number, 6))
    result = bench.run()
    assert "6 input files changed" in result.err
    assert result.err.count(f"{bench.place}/in/") == 5
    assert "and 1 more" in result.err


def test_put_back_it_goes_on(bench):
    leave(bench)
    file = bench.place / "in/4.csv"
    content, time_ns = file.read_bytes(), file.stat().st_mtime_ns
    file.write_bytes(b"other\n")
    assert bench.run().code == 1
    file.write_bytes(content)
    os.utime(file, ns=(time_ns, time_ns))
    assert bench.run().code == 1
    result = bench.run("--progress", "log", ACCEPT)
    assert result.code == 0
    assert "1 input file was touched (same size and time) after the run was planned" in result.err
    assert len(bench.rows) == FILES * 4


def test_inputs_that_are_settled_may_go(bench):
    run_id = leave(bench)
    settled = {event.outcome.key[1] for event in events(bench, run_id) if event.name == "settled"}
    for index in settled:
        (bench.place / f"in/{index + 1}.csv").unlink()
    result = bench.run("--progress", "log")
    assert result.code == 0, result.err
    assert (
        "2 input files disappeared after the run was planned; the run had already read them"
        in result.err
    )
    assert len(bench.rows) == FILES * 4


def test_new_inputs_are_for_the_next_run(bench):
    leave(bench)
    bench.write("0.csv", HEADER + records(0))
    bench.write("9.csv", HEADER + records(9))
    new = f"2 files are new since this run began ({bench.place}/in/0.csv, {bench.place}/in/9.csv)"
    said = f"{new}: they are not part of this run"
    assert f"  {said}. To read them: ingest run orders\n" in ingest("plan", "+job=orders").out
    result = bench.run("--progress", "log")
    assert result.code == 0
    assert f"{said}; the next run reads them" in result.err
    assert f"  warning: {said}. To read them: ingest run orders\n" in result.out
    assert len(bench.rows) == FILES * 4
    assert bench.run().code == 0
    assert len(bench.rows) == (FILES + 2) * 4


def test_a_rewrite_that_keeps_size_and_time_is_refused_unless_accepted(bench):
    leave(bench, settled=1)
    file = bench.place / "in/4.csv"
    status = file.stat()
    file.write_bytes(file.read_bytes().replace(b"x", b"y"))
    os.utime(file, ns=(status.st_mtime_ns, status.st_mtime_ns))
    result = bench.run("--progress", "log")
    assert result.code == 1
    assert "1 input file was touched (same size and time)" in result.err
    assert f"resume with {ACCEPT}" in result.err
    assert bench.rows == []
    assert bench.run(ACCEPT).code == 0
    shown = ingest("status", last(bench), "--state", "state").out
    assert re.search(
        r"in/4\.csv: was .*, and has the same size and time, but was renamed, linked, restored or",
        shown,
    )


# the records are damaged


def damage_ledger(bench, run_id):
    file = max((bench.place / "state/runs" / run_id / "ledger").iterdir())
    file.write_bytes(file.read_bytes()[:-20])
    return file


def test_a_damaged_ledger_can_be_given_up(bench):
    run_id = leave(bench)
    file = damage_ledger(bench, run_id)
    result = bench.run()
    assert result.code == 1
    assert f"{file}: the ledger is damaged" in result.err
    assert "discard the run and start over with: --fresh" in result.err
    late = Ledger(LocalStore(bench.place / "state"), run_id)
    late._next = int(file.stem) + 1
    assert bench.run("--fresh").code == 0
    assert len(bench.rows) == FILES * 4
    assert bench.staged == set()
    assert json.loads((file.parents[1] / "abandoned.json").read_text())["why"].startswith(str(file))
    late._flushed_at = 0.0
    with pytest.raises(FencedError, match="has taken over"):
        late.append(Committed(effects={}))
    listed = ingest("status", "--state", "state").out.splitlines()
    assert [line.split()[2] for line in listed[1:]] == ["discarded", "done"]


def test_a_ledger_with_a_gap_can_be_given_up(bench):
    run_id = leave(bench)
    assert bench.run("execution.workers=0").code == 2
    folder = bench.place / "state/runs" / run_id / "ledger"
    min(folder.iterdir()).unlink()
    assert "is missing" in bench.run().err
    assert ingest("status", "--state", "state").out.split()[-12:].count("damaged") == 1
    assert bench.run("--fresh").code == 0
    assert len(bench.rows) == FILES * 4


def test_a_damaged_ledger_of_a_run_that_may_have_committed_cannot(bench):
    run_id = commit_only(bench)
    file = damage_ledger(bench, run_id)
    whole = {path: path.read_bytes() for path in file.parent.iterdir()}
    result = bench.run("--fresh")
    assert result.code == 1
    assert f"run {run_id} cannot be discarded: its ledger cannot be read" in result.err
    assert "the run may have begun to publish" in result.err
    assert whole == {path: path.read_bytes() for path in whole}
    assert not (file.parents[1] / "abandoned.json").exists()


@pytest.mark.parametrize("part", ["plan.json", "plan/000000.parquet"])
@pytest.mark.parametrize("how", ["cut", "gone"])
def test_a_damaged_plan(bench, part, how):
    run_id = leave(bench)
    file = bench.place / "state/runs" / run_id / part
    content = file.read_bytes()
    file.unlink()
    if how == "cut":
        file.write_bytes(content[: len(content) // 2])
    result = bench.run()
    assert result.code == 1
    assert part.partition(".")[0] in result.err
    assert "--fresh" in result.err
    assert "Traceback" not in result.err
    assert bench.run("--fresh").code == 0
    assert len(bench.rows) == FILES * 4


def test_a_damaged_page_of_facts(bench):
    run_id = leave(bench)
    file = bench.place / "state/runs" / run_id / "run.json"
    file.write_bytes(b"{")
    result = bench.run()
    assert result.code == 1
    assert f"{file}: the file is damaged" in result.err
    assert bench.run("--fresh").code == 0


# what plan and status say


def test_plan_says_what_a_run_would_do(bench):
    assert "unfinished" not in ingest("plan", "+job=orders").out
    run_id = leave(bench)
    before = sorted(bench.place.rglob("*"))
    out = ingest("plan", "+job=orders").out
    assert f"Run {run_id} is unfinished (interrupted): 2 of 6 partitions completed" in out
    assert "would resume it, with the partitions that it planned." in out
    out = ingest("plan", "+job=orders", "contract.on_error=quarantine").out
    assert "would be refused:" in out
    assert 'contract.on_error: was "fail", now "quarantine"\n' in out
    assert sorted(bench.place.rglob("*")) == before
    page = json.loads(ingest("plan", "+job=orders", "--json").out)
    assert (page["unfinished"]["would"], page["unfinished"]["settled"]) == ("resume", 2)


def test_status_tells_running_interrupted_and_died(bench):
    run_id = leave(bench)
    state = lambda: ingest("status", "--state", "state").out.splitlines()[1].split()[2]  # noqa: E731
    assert state() == "interrupted"
    store = LocalStore(bench.place / "state")
    ledger = reopened(bench, run_id)
    with Lease.acquire(store, "jobs/orders/lease", 'job "orders"', {}):
        ledger.begin(AttemptBegan(host="h", pid=1))
        assert state() == "running"
    assert state() == "died"


def test_status_of_a_run_shows_its_attempts_and_how_to_go_on(bench):
    run_id = leave(bench)
    ledger = reopened(bench, run_id)
    ledger.begin(AttemptBegan(host="elsewhere", pid=7))
    facts = {"partition": "p", "index": 3, "tries": 1, "message": "no answer", "wait_s": 0.1}
    for kind in ("connection", "connection", "throttled"):
        ledger.append(Retried(**facts, kind=kind))
    ledger.append(AttemptFailed(error="it broke"))
    ledger.flush()
    out = ingest("status", run_id, "--state", "state").out
    assert re.search(
        r"attempt 1: \S+ process \d+ on \S+: interrupted\n  2 partitions completed", out
    )
    assert re.search(r"attempt 2: \S+ process 7 on elsewhere: failed\n", out)
    assert "error: it broke\n" in out
    assert "2 retries (connection), 1 retry (throttled)" in out
    assert f"resume it: ingest resume {run_id} --state state" in out
    assert resume(run_id).code == 0
    assert "resume it" not in ingest("status", run_id, "--state", "state").out
