"""`ingest clean` removes what no run needs any more, and nothing else; history may be missing."""

import json
import shutil
import threading
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

import pytest

from ingest.commands.base import duration
from ingest.config.load import load
from ingest.core.errors import ConfigError, FencedError, Interrupted
from ingest.driver.cleaning import Search
from ingest.driver.drive import drive
from ingest.driver.removing import Removal
from ingest.driver.request import Request
from ingest.job import Job
from ingest.records.events import AttemptBegan
from ingest.records.lease import Lease
from ingest.records.ledger import Ledger
from ingest.records.reader import Reader
from ingest.records.runs import Runs
from ingest.storage.objects import LocalStore
from ingest.testing.clock import SetClock
from ingest.testing.faults import Crash, CrashingStore
from ingest.workers.in_process import InProcessWorkers
from tests.docs import file_page
from tests.first_hour.orders import made, orders, typed

ALL = ("--keep", "1d")
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def desk(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return orders(tmp_path)


@pytest.fixture
def clean(desk, capsys):
    return lambda *words: typed(capsys, "clean", "--state", "state", *words)


def store(desk):
    return LocalStore(desk.place / "state")


@cache
def composed(_place, _text, overrides):
    """Compose the job; half of the time of a test would go into doing so again and again."""
    return load(Job, Path("conf"), overrides)


def work(desk, *more, until="", fresh=False):
    """Run the job a day after its last run here, all long ago; up to an event, if one is named.

    It is stopped in order once it is planned, and dies at any other event.
    """
    stop = threading.Event()

    def see(event, _history):
        if event.name == until == "planned":
            stop.set()
        elif event.name == until:
            raise Crash

    loaded = composed(desk.place, desk.file.read_text(), tuple(desk.arguments(*more)[2:]))
    clock = SetClock(LONG_AGO + timedelta(days=len(made(desk))))
    request = Request(
        loaded.job,
        loaded.yaml(),
        loaded.place,
        InProcessWorkers(),
        fresh=fresh,
        clock=clock,
        listeners=(see,),
        stop=stop,
    )
    with suppress(Crash, Interrupted):
        drive(request)
    return made(desk)[-1]


def times(desk, number, *more):
    """Run the job so often, and return its runs."""
    for _ in range(number):
        work(desk, *more)
    return made(desk)


def records(desk):
    return {path.name for path in (desk.place / "state/runs").iterdir()} - {
        path.parent.name for path in (desk.place / "state/runs").glob("*/removed.json")
    }


def test_old_runs_go_and_the_last_stays(desk, clean, capsys):
    first, second, last = times(desk, 3)
    result = clean(*ALL)
    assert result.code == 0, result.err
    assert f"removed run {first}  orders  done  " in result.out
    assert "2 runs: " in result.out
    assert records(desk) == {last}
    assert [path.name for path in (desk.place / "state/runs" / second).iterdir()] == [
        "removed.json"
    ]
    assert not list((desk.place / "state").glob(f"targets/*/runs/{first}.*"))
    listed = typed(capsys, "status", "--state", "state").out
    assert last in listed
    assert first not in listed
    assert len(desk.rows) == 12


def test_young_ones_stay(desk, clean):
    assert desk.run().code == desk.run().code == 0
    runs = made(desk)
    result = clean()
    assert result.out == (
        "nothing to remove: no finished run is older than 30d (--keep), apart from "
        "the latest published run of each output, which is always kept\n"
    )
    assert records(desk) == set(runs)


def test_a_dry_run_says_the_same_and_removes_nothing(desk, clean):
    times(desk, 2)
    before = {path: path.stat().st_size for path in desk.place.rglob("*") if path.is_file()}
    told = clean(*ALL, "--dry-run").out.splitlines()
    assert {path: path.stat().st_size for path in desk.place.rglob("*") if path.is_file()} == before
    done = clean(*ALL).out.splitlines()
    assert told[:-1] == [f"would {line.replace('removed', 'remove', 1)}" for line in done[:-1]]
    assert told[-1] == f"{done[-1]} (--dry-run: nothing was removed)"


def test_of_a_removed_run_commands_say_so(desk, clean, capsys):
    first = times(desk, 2)[0]
    clean(*ALL)
    for command in ("verify", "resume", "bench"):
        result = typed(capsys, command, first, "--state", "state")
        assert result.code == 2, command
        assert f"run {first}: its records were removed by ingest clean on " in result.err
        assert "It was published" in result.err
    result = typed(capsys, "status", first, "--state", "state")
    assert result.code == 0
    assert "state: removed\nwas: done\n" in result.out
    assert "rows: 15 read, 12 written, 0 filtered, 3 rejected" in result.out
    page = json.loads(typed(capsys, "status", first, "--state", "state", "--json").out)[0]
    assert (page.pop("state"), page.pop("next")) == ("removed", {})
    assert set(page) == set(file_page.REMOVED)
    assert desk.run().code == 0
    assert typed(capsys, "verify", made(desk)[-1], "--state", "state").code == 0


def test_the_last_published_run_of_each_place_stays(desk, clean):
    one = times(desk, 2)[-1]
    two = times(desk, 1, "sink.path=other")[-1]
    left = work(desk, until="planned")
    third = work(desk, "sink.path=third", fresh=True)  # another output: `left` is not its business
    clean(*ALL)
    assert records(desk) == {one, two, left, third}


def test_an_unfinished_run_stays_unless_it_is_asked_for(desk, clean):
    done = times(desk, 1)[0]
    left = work(desk, until="planned")
    result = clean(*ALL)
    assert result.code == 0
    assert f"kept run {left} of job orders: unfinished (interrupted), 0 of " in result.err
    assert "runs too: ingest clean --keep 1d --unfinished --state state\n" in result.err
    assert records(desk) == {done, left}
    result = clean(*ALL, "--unfinished")
    assert result.code == 0, result.err
    assert f"removed run {left}  orders  unfinished  " in result.out
    assert records(desk) == {done}
    assert desk.run().code == 0
    assert made(desk)[-1] > left
    assert len(desk.rows) == 12


def test_a_committed_run_is_only_finished(desk, clean):
    committed = work(desk, until="published")
    for more in ((), ("--unfinished",)):
        result = clean(*ALL, *more)
        assert f"kept run {committed} of job orders: it has begun to publish" in result.err
        assert records(desk) == {committed}
    assert desk.run().code == 0
    assert made(desk) == [committed]
    assert len(desk.rows) == 12


def test_a_run_with_a_receipt_that_has_not_said_that_it_is_done_is_not_over(desk, clean):
    run = times(desk, 1)[0]
    last = max((desk.place / "state/runs" / run / "ledger").iterdir())
    assert '"event":"done"' in last.read_text()
    last.unlink()
    assert desk.run("sink.path=other", "name=others").code == 0
    clean(*ALL, "--unfinished")
    assert records(desk) >= {run}


def test_what_somebody_works_on_stays(desk, clean):
    run = work(desk, until="planned")
    with Lease.acquire(store(desk), "jobs/orders/lease", "job", {"job": "orders", "sink": ""}):
        result = clean(*ALL, "--unfinished")
        assert result.code == 0
        assert f'kept run {run} of job orders: job "orders": in use by process ' in result.err
        assert result.out == "nothing to remove: 1 old run kept, see below\n"
    assert records(desk) == {run}
    assert desk.run().code == 0
    assert made(desk) == [run]


def test_only_one_job(desk, clean):
    runs = times(desk, 2)
    desk.describe(name="others")
    desk.run("sink.path=other")
    assert "nothing to remove" in clean(*ALL, "--job", "others").out
    assert records(desk) >= set(runs)
    assert clean(*ALL, "--job", "orders").code == 0
    assert records(desk) == {runs[-1], made(desk, "others")[0]}
    result = clean("--job", "oders")
    assert result.code == 2
    assert 'Did you mean "orders"?' in result.err


def test_missing_history_is_no_error(desk, clean, capsys):
    assert clean().out.startswith("nothing to remove")
    assert not (desk.place / "state").exists()
    times(desk, 3)
    shutil.rmtree(desk.place / "state/runs" / made(desk)[0])
    assert clean(*ALL).code == 0
    shutil.rmtree(desk.place / "state/runs")
    assert clean(*ALL).code == 0
    assert typed(capsys, "status", "--state", "state").code == 0
    assert desk.run().code == 0


def test_repeats_are_still_seen_after_the_run_that_read_them_was_removed(desk, clean):
    append = "sink.write_disposition=append"
    times(desk, 1, append)
    desk.write("later.csv", "id,name,n\n900,z,1\n")
    first, _ = times(desk, 2, append)[-3:-1]
    for file in (desk.place / "in").iterdir():
        file.unlink()
    desk.write("newest.csv", "id,name,n\n901,z,1\n")
    times(desk, 1, append)
    assert clean(*ALL).code == 0
    assert not (desk.place / "state/runs" / first / "ledger").exists()
    desk.write("later.csv", "id,name,n\n900,z,1\n")
    result = desk.run(append, "--progress", "log")
    assert "2 of 2 input files were already published to" in result.out + result.err
    assert desk.run().code == 0  # overwrites: its plan tells nothing any more
    clean(*ALL)
    assert not (desk.place / "state/runs" / first / "plan.json").exists()


def staged(desk, run, name="1-0-1-0.staged"):
    folder = desk.place / ".ingest-out" / run
    folder.mkdir(parents=True)
    (folder / name).write_bytes(b"x" * 1000)
    return folder


def test_what_ended_runs_have_staged_goes_and_nothing_else(desk, clean):
    desk.plan_only()
    abandoned = made(desk)[-1]
    assert desk.run("--fresh").code == 0
    done = made(desk)[-1]
    desk.plan_only()
    unfinished = made(desk)[-1]
    dead = [staged(desk, run) for run in (abandoned, done)]
    alive = [staged(desk, run) for run in (unfinished, "20260101t000000-abcdef", "lock.d")]
    result = clean()
    assert result.code == 0, result.err
    assert (
        f"removed unpublished files of run {abandoned}  1.0 kB  for {desk.place}/out" in result.out
    )
    assert "unpublished files of 2 runs: 2.0 kB" in result.out
    assert [folder.exists() for folder in dead] == [False, False]
    assert [folder.exists() for folder in alive] == [True, True, True]


def test_what_a_run_is_publishing_stays(desk, clean):
    run = times(desk, 1)[0]
    folder = staged(desk, run)
    (folder / "tree").mkdir()
    clean()
    assert folder.exists()


def test_what_is_staged_for_a_run_whose_records_are_gone(desk, clean):
    first, last = times(desk, 2)
    folders = [staged(desk, run) for run in (first, last)]
    for run in (first, last):
        shutil.rmtree(desk.place / "state/runs" / run)
    desk.run()
    with Lease.acquire(store(desk), "jobs/orders/lease", "job", {"job": "orders", "sink": ""}):
        clean()
    assert [folder.exists() for folder in folders] == [False, False]


def cleaned(to):
    """Clean as `ingest clean --keep 0d --unfinished` does."""
    search = Search(to, Runs(to).jobs(), datetime.now(UTC), unfinished=True)
    removal = Removal(to)
    for old in list(search.old()):
        removal.remove(old)


@pytest.mark.parametrize("when", ["before", "after"])
def test_killed_anywhere_it_goes_on_and_the_job_runs(desk, when):
    times(desk, 2)
    work(desk, until="planned")
    shutil.copytree(desk.place / "state", desk.place / "kept")
    at = 1
    while True:
        shutil.rmtree(desk.place / "state")
        shutil.copytree(desk.place / "kept", desk.place / "state")
        try:
            cleaned(CrashingStore(store(desk), at, when))
        except Crash:
            at += 1
        else:
            break
        _place_is_free(desk)
        cleaned(store(desk))
        assert len(records(desk)) == 1
    assert at > 8
    assert desk.run().code == 0
    assert len(desk.rows) == 12


def _place_is_free(desk):
    """No half-removed run holds the place that the job publishes to."""
    from ingest.records.targets import Target

    Target(store(desk), str(desk.place / "out")).check("another")


def test_an_attempt_that_slept_meanwhile_writes_nothing(desk, clean):
    work(desk, until="planned")
    reader = Reader(store(desk), made(desk)[-1])
    list(reader.events())
    ledger = Ledger(store(desk), reader.run_id, after=reader.read)
    assert clean(*ALL, "--unfinished").code == 0
    with pytest.raises(FencedError, match="its records were removed"):
        ledger.begin(AttemptBegan())
    assert not (desk.place / "state/runs" / made(desk)[-1] / "ledger").exists()


def test_what_was_never_begun_goes_after_a_day(desk, clean):
    times(desk, 1)
    folder = desk.place / "state/runs"
    for run in ("20200101t000000-abcdef", f"{datetime.now(UTC):%Y%m%dt%H%M%S}-abcdef"):
        (folder / run).mkdir()
        (folder / run / "job.yaml").write_text("name: orders\n")
    result = clean(*ALL)
    assert "removed run 20200101t000000-abcdef  -  not begun" in result.out
    assert records(desk) == {made(desk)[0], run}


def test_leases_of_long_ago_go(desk, clean):
    times(desk, 1)
    for _ in range(12):
        Lease.acquire(store(desk), "jobs/orders/lease", "job", {}).end()
    clean()
    left = {
        path.name.partition(".")[0] for path in (desk.place / "state/jobs/orders/lease").iterdir()
    }
    assert sorted(left) == [f"{number:06d}" for number in range(4, 14)]
    assert desk.run().code == 0


@pytest.mark.parametrize(
    ("text", "hours"), [("12h", 12), ("30d", 720), ("2w", 336), ("0d", 0), (" 1d ", 24)]
)
def test_times(text, hours):
    assert duration(text, "--keep") == timedelta(hours=hours)


@pytest.mark.parametrize("text", ["30", "d", "1.5d", "3m", "-1d", "1d2h", ""])
def test_what_is_no_time(text):
    with pytest.raises(ConfigError, match="Write a number and h, d or w"):
        duration(text, "--keep")


def test_a_place_that_cannot_be_searched_keeps_nothing_else_from_being_cleaned(desk, clean):
    run = times(desk, 1)[0]
    away = {"type": "s3", "endpoint": "http://127.0.0.1:1", "anonymous": True, "max_tries": 1}
    page = {"main": "s3://bucket/out", "reached_by": {"main": away}}
    index = desk.place / "state/jobs/orders/runs/20260101t000000-abcdef"
    index.write_text(json.dumps(page))
    staging = staged(desk, run)
    result = clean()
    assert result.code == 1
    assert "s3://bucket/out: not searched for unpublished files: " in result.err
    assert not staging.exists()
