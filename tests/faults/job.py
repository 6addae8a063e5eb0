"""A folder with one job, worked in this process through the real commands: rows in, rows out.

def test_a_fault(job):                      # the fixture of tests/faults/conftest.py
    job.write("in/a.csv", "id,n\n1,2\n")    # text, bytes, or a frame for .parquet
    job.define("csv", path="in", infer=True)
    assert job.run().code == 0
    assert job.rows == [{"id": 1, "n": 2}]
"""

import io
import json
import threading
from collections.abc import Callable, Sequence
from contextlib import redirect_stderr, redirect_stdout, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import yaml

from ingest.commands import init, plan, preview, resume, run, verify
from ingest.commands.base import guarded
from ingest.config.load import load
from ingest.core.errors import Interrupted
from ingest.driver.drive import drive
from ingest.driver.request import Request
from ingest.job import Job
from ingest.records.events import Event
from ingest.records.history import History
from ingest.records.runs import Runs
from ingest.storage.objects import LocalStore
from ingest.workers.in_process import InProcessWorkers
from tests.bad_input.bench import Result
from tests.recovery.jobs import AT_ONCE

Content = str | bytes | pl.DataFrame | pa.Table


@dataclass(slots=True)
class FaultJob:
    """The job `x` of a folder: reads what it is told to, writes `out`, keeps its state in `state`.

    The working directory is `place`, and paths are relative to it.
    """

    place: Path

    def write(self, name: str, content: Content) -> Path:
        """Write an input file, and the folders above it."""
        path = self.place / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, pl.DataFrame):
            content.write_parquet(path)
        elif isinstance(content, pa.Table):
            pq.write_table(content, path)
        else:
            path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def define(
        self, kind: str = "csv", path: Any = "in", *, parts: Any = None, **source: Any
    ) -> None:
        """Write the job: options of its source, and in `parts` whatever else it has."""
        page = {
            "name": "x",
            "owner": "me@example.org",
            "description": "For a test.",
            "source": {"type": kind, "path": path, **source},
            "sink": {"type": "parquet", "path": "out", "write_disposition": "overwrite"},
            "execution": {"retry": AT_ONCE, "workers": 2},
            "state": "state",
        } | (parts or {})
        file = self.place / "conf" / "job" / "x.yaml"
        file.parent.mkdir(parents=True, exist_ok=True)
        text = yaml.safe_dump(page, sort_keys=False, allow_unicode=True)
        file.write_text(f"# @package _global_\n{text}", encoding="utf-8")

    def run(self, *more: str) -> Result:
        """Run the job in this process."""
        return command(run.main, ["+job=x", "cluster=inline", *more])

    def plan(self, *more: str) -> Result:
        """Plan it."""
        return command(plan.main, ["+job=x", *more])

    def plan_page(self, *more: str) -> dict[str, Any]:
        """Return what `ingest plan --json` says."""
        result = self.plan("--json", *more)
        assert result.code == 0, result.err
        page: dict[str, Any] = json.loads(result.out)
        return page

    def preview(self, *more: str) -> Result:
        """Preview it."""
        return command(preview.main, ["+job=x", *more])

    def init(self, path: str, *more: str) -> Result:
        """Have a job of the name `made` written for a path."""
        return command(init.main, [path, "--name", "made", "--force", *more])

    def resume(self, *more: str) -> Result:
        """Resume the last run by its id."""
        state = ("--state", str(self.place / "state"))
        return command(resume.main, [self.run_ids[-1], *state, "cluster=inline", *more])

    def verify(self) -> Result:
        """Check what the last run has published."""
        return command(verify.main, [self.run_ids[-1], "--state", "state"])

    def refused(self, *texts: str, run_too: bool = True) -> None:
        """`plan` and `run` refuse: exit code 2, with these texts, and nothing has changed."""
        before, rows = self.run_ids, self.rows
        results = [self.plan(), *([self.run()] if run_too else [])]
        for result in results:
            assert result.code == 2, (result.out, result.err)
            assert "Traceback" not in result.err
            for text in texts:
                assert text in result.err
        assert self.run_ids == before
        assert self.rows == rows

    def interrupted(self, on_event: Callable[[Event], bool]) -> None:
        """Run the job until an event of the ledger for which `on_event` is true, and stop there."""
        loaded = load(Job, Path("conf"), ["+job=x", "cluster=inline"])
        stop = threading.Event()

        def see(event: Event, _history: History) -> None:
            if on_event(event):
                stop.set()

        request = Request(
            loaded.job,
            loaded.yaml(),
            loaded.place,
            InProcessWorkers(),
            listeners=(see,),
            stop=stop,
        )
        with suppress(Interrupted):
            drive(request)

    @property
    def frame(self) -> pl.DataFrame:
        """What is published, all files together; no columns if there are none."""
        return published(self.place / "out")

    @property
    def rows(self) -> list[dict[str, Any]]:
        """The rows that are published, sorted by all their values as text."""
        return sorted(self.frame.to_dicts(), key=repr)

    @property
    def quarantine(self) -> pl.DataFrame:
        """The quarantine that is published."""
        return published(self.place / "out_quarantine")

    @property
    def run_ids(self) -> list[str]:
        """The ids of the runs that are on record."""
        return list(Runs(LocalStore(self.place / "state")).of_job("x"))

    @property
    def receipt(self) -> dict[str, Any]:
        """The receipt of the last run."""
        file = self.place / "state" / "runs" / self.run_ids[-1] / "receipt.json"
        page: dict[str, Any] = json.loads(file.read_text())
        return page


def command(main: Callable[[Sequence[str] | None], int], arguments: Sequence[str]) -> Result:
    """Type a command in this process."""
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        code = guarded(main, list(arguments))
    return Result(code, out.getvalue(), err.getvalue())


def published(folder: Path) -> pl.DataFrame:
    """Return the Parquet files of a published directory as one frame."""
    frames = [pl.read_parquet(path.read_bytes()) for path in sorted(folder.rglob("*.parquet"))]
    return pl.concat(frames) if frames else pl.DataFrame()
