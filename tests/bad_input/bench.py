"""A folder with one job in it, which the real command works: what a user has on his desk."""

import io
import itertools
import os
import signal
import subprocess
import sys
import threading
from contextlib import redirect_stderr, redirect_stdout, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl
import yaml

from ingest.commands.base import guarded
from ingest.commands.run import main
from ingest.config.load import load
from ingest.core.errors import Interrupted
from ingest.driver.drive import drive
from ingest.driver.request import Request
from ingest.job import Job
from ingest.records.events import Event, Settled
from ingest.records.history import History
from ingest.records.reader import Reader
from ingest.records.runs import Runs
from ingest.storage.objects import LocalStore
from ingest.testing.golden import read_rows
from ingest.workers.in_process import InProcessWorkers
from tests.recovery.jobs import AT_ONCE

ROOT = Path(__file__).parents[2]
HEADER = "id,name,n\n"


@dataclass(frozen=True, slots=True)
class Result:
    """What a command left behind: its exit code and what it printed."""

    code: int
    out: str
    err: str


@dataclass(slots=True)
class Bench:
    """A job `orders` that reads `in`, writes `out` and keeps its state in `state`."""

    place: Path
    page: dict[str, Any] = field(default_factory=dict)
    output: str = "out"
    state: str = "state"

    def __post_init__(self) -> None:
        (self.place / "in").mkdir(exist_ok=True)
        self.page = {
            "name": "orders",
            "owner": "me@example.org",
            "description": "For a test.",
            "source": {"type": "csv", "path": "in"},
            "contract": {"columns": {"id": "int64", "n": "int8"}},
            "sink": {"type": "parquet", "path": "out", "write_disposition": "overwrite"},
            "execution": {"retry": AT_ONCE},
            "state": "state",
        } | self.page

    def write(self, name: str, data: str | bytes) -> Path:
        """Write an input file."""
        file = self.place / "in" / name
        file.write_bytes(data.encode() if isinstance(data, str) else data)
        return file

    def fill(self, files: int, rows: int = 4) -> None:
        """Write good files `1.csv`, `2.csv`, and so on, of so many rows each."""
        for number in range(1, files + 1):
            self.write(f"{number}.csv", HEADER + records(number, rows))

    @property
    def file(self) -> Path:
        """The job's file, as it was last written."""
        return self.place / "conf" / "job" / "orders.yaml"

    def describe(self, **changes: Any) -> None:
        """Write the job's file, with some of its parts exchanged."""
        self.file.parent.mkdir(parents=True, exist_ok=True)
        page = {**self.page, **changes}
        self.output, self.state = page["sink"]["path"], page["state"]
        text = yaml.safe_dump(page, sort_keys=False)
        self.file.write_text(f"# @package _global_\n{text}")

    def arguments(self, *more: str) -> list[str]:
        """Return what follows `ingest run` on the command line."""
        if not self.file.exists():
            self.describe()
        return ["--conf", "conf", "+job=orders", "cluster=inline", *more]

    def run(self, *more: str) -> Result:
        """Run the job in this process."""
        return self.type(self.arguments(*more))

    def type(self, arguments: list[str]) -> Result:
        """Run what follows `ingest run` on a command line in this process."""
        out, err = io.StringIO(), io.StringIO()
        with redirect_stdout(out), redirect_stderr(err):
            code = guarded(partial(main, program="python -m ingest.run"), arguments)
        return Result(code, out.getvalue(), err.getvalue())

    def plan_only(self) -> None:
        """Run the job and stop it once its plan is frozen."""
        self.stop_at("planned", 1)

    def stop_after(self, partitions: int, files: int) -> None:
        """Run the job on so many good files, a partition each, and stop it after some of them."""
        self.fill(files)
        self.describe(execution={**self.page["execution"], "partition_bytes": 50, "workers": 1})
        self.stop_at("settled", partitions)
        assert self.history.totals.partitions == partitions

    def stop_at(self, kind: str, number: int, *more: str) -> None:
        """Run the job and stop it at the event of its ledger that is the n-th of its kind."""
        loaded = load(Job, Path("conf"), self.arguments(*more)[2:])
        stop, seen = threading.Event(), itertools.count(1)

        def see(event: Event, _history: History) -> None:
            if event.name == kind and next(seen) == number:
                stop.set()

        workers = InProcessWorkers()
        with suppress(Interrupted):
            drive(
                Request(
                    loaded.job, loaded.yaml(), loaded.place, workers, listeners=(see,), stop=stop
                )
            )
        assert self.history.phase == "planned"

    def start(self, *more: str, before: tuple[str, ...] = (), **options: Any) -> "Process":
        """Run the job in a process of its own; `before` are commands that it is started by."""
        command = [*before, sys.executable, "-m", "ingest.run", *self.arguments(*more)]
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        return Process(
            subprocess.Popen(
                command,
                cwd=self.place,
                env=environment,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                **options,
            )
        )

    @property
    def rows(self) -> list[str]:
        """What is published, as sorted lines of JSON."""
        return read_rows(self.place / self.output, "parquet")[1:]

    @property
    def quarantine(self) -> list[str]:
        """The quarantine that is published."""
        return read_rows(self.place / f"{self.output}_quarantine", "parquet")[1:]

    @property
    def table(self) -> list[dict[str, Any]]:
        """What is published, by columns."""
        return _table(self.place / self.output)

    @property
    def rejected(self) -> list[dict[str, Any]]:
        """The quarantine that is published, by columns."""
        return _table(self.place / f"{self.output}_quarantine")

    @property
    def staged(self) -> set[str]:
        """The names of the files that lie beside the outputs, and that nobody reads."""
        return {
            file.name
            for beside in (self.place / self.output).parent.glob(".ingest-*")
            for file in beside.rglob("*")
            if file.is_file() and file.name != "lock" and file.parent.name != "manifests"
        }

    @property
    def history(self) -> History:
        """What the ledger says of the last run."""
        store = LocalStore(self.place / self.state)
        return History.of(Reader(store, Runs(store).of_job("orders")[-1]).events())

    @property
    def settled(self) -> set[str]:
        """The names of the staged files of settled partitions of the last run."""
        store = LocalStore(self.place / self.state)
        events = Reader(store, Runs(store).of_job("orders")[-1]).events()
        return {
            staged.keep["name"]
            for event in events
            if isinstance(event, Settled)
            for staged in event.outcome.staged
        }


@dataclass(slots=True)
class Process:
    """A command that is running."""

    process: subprocess.Popen[str]

    def end(self, timeout_s: float = 60) -> Result:
        """Wait for its end."""
        out, err = self.process.communicate(timeout=timeout_s)
        return Result(self.process.returncode, out, err)

    def send(self, number: signal.Signals) -> None:
        """Send it a signal."""
        self.process.send_signal(number)


def records(number: int, rows: int = 4) -> str:
    """Return the good records of the file of that number."""
    return "".join(f"{number * 100 + k},x{k},{k}\n" for k in range(rows))


def assert_refused(bench: Bench, result: Result, *texts: str) -> None:
    """Nothing ran: exit 2, what is wrong is said, and nothing lies about."""
    _assert_said(result, 2, texts)
    assert bench.rows == []
    assert bench.staged == set()


def assert_failed(bench: Bench, result: Result, *texts: str) -> None:
    """The run failed: exit 1, it says how to go on, nothing is published, what is settled stays."""
    _assert_ended(bench, result, *texts, "\nResume with: python -m ingest.run")


def assert_stale(bench: Bench, result: Result, *texts: str) -> None:
    """The run failed over an input that has changed: as `assert_failed`, but two ways are told."""
    _assert_ended(
        bench, result, *texts, "\nTo start over with the files as they are: ", "\nTo finish"
    )


def assert_rejected(bench: Bench, result: Result, *texts: str) -> None:
    """The run failed over its input: as `assert_failed`, but the same command starts over."""
    way_on = "\nFix the input or the job, then run it again: python -m ingest.run"
    _assert_ended(bench, result, *texts, way_on)
    assert "--fresh" not in result.err


def assert_resumed(bench: Bench, rows: int, *more: str) -> None:
    """The cause is mended: the same run ends, and nothing is left beside its output."""
    result = bench.run(*more)
    assert result.code == 0, result.err
    assert bench.history.attempt > 1
    assert bench.history.phase == "done"
    assert len(bench.rows) == rows
    assert bench.staged == set()


def _table(folder: Path) -> list[dict[str, Any]]:
    files = sorted(folder.rglob("*.parquet"))
    return pl.read_parquet(files, hive_partitioning=False).to_dicts() if files else []


def _assert_ended(bench: Bench, result: Result, *texts: str) -> None:
    _assert_said(result, 1, (*texts, "orders: failed.", "othing was published"))
    assert bench.rows == []
    assert bench.staged == bench.settled
    assert bench.history.ended == "failed"
    assert bench.history.error in result.err


def _assert_said(result: Result, code: int, texts: tuple[str, ...]) -> None:
    assert result.code == code, result.err
    assert "Traceback" not in result.err
    assert result.out == ""
    for text in texts:
        assert text in result.err
