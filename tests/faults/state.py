"""A folder with several jobs that share one state: what the tests of sinks run."""

import io
import json
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
import yaml

from ingest.commands import plan, run, verify
from ingest.commands.base import Main, guarded
from ingest.records.events import Event
from ingest.records.reader import Reader
from ingest.records.runs import Runs
from ingest.sinks.directory.local.place import Folder
from ingest.storage.objects import LocalStore
from tests.bad_input.bench import Result
from tests.recovery.jobs import AT_ONCE

HEADER = "id,name\n"


@dataclass(slots=True)
class State:
    """Jobs in `conf`, inputs in folders of their own, one state in `state`."""

    place: Path

    @property
    def store(self) -> LocalStore:
        """The state that all jobs share."""
        return LocalStore(self.place / "state")

    def write(self, name: str, text: str) -> Path:
        """Write an input file, with the folders above it."""
        file = self.place / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        return file

    def rows(self, name: str, *ids: int) -> Path:
        """Write a CSV file with a row for each id."""
        return self.write(name, HEADER + "".join(f"{n},x{n}\n" for n in ids))

    def describe(self, name: str = "orders", **changes: Any) -> None:
        """Write a job; `sink` and `contract` are merged into what it has anyway."""
        page: dict[str, Any] = {
            "name": name,
            "owner": "me@example.org",
            "description": "For a test.",
            "source": {"type": "csv", "path": f"in/{name}"},
            "contract": {"columns": {"id": "int64"}},
            "sink": {"type": "parquet", "path": "out", "write_disposition": "overwrite"},
            "execution": {"retry": AT_ONCE},
            "state": "state",
        }
        for key, value in changes.items():
            merged = key in {"sink", "contract"}
            page[key] = {**page[key], **value} if merged else value
        text = yaml.safe_dump(page, sort_keys=False)
        self.write(f"conf/job/{name}.yaml", f"# @package _global_\n{text}")

    def run(self, name: str = "orders", *more: str) -> Result:
        """Run a job in this process."""
        return self.type(run.main, *self.arguments(name), *more)

    def plan(self, name: str = "orders", *more: str) -> Result:
        """Plan a job."""
        return self.type(plan.main, *self.arguments(name), *more)

    def verify(self, run_id: str) -> Result:
        """Verify a run."""
        return self.type(verify.main, run_id, "--state", str(self.place / "state"))

    def arguments(self, name: str) -> list[str]:
        """Return what a command needs to find a job."""
        return ["--conf", "conf", f"+job={name}", "cluster=inline"]

    def type(self, main: Main, *arguments: str) -> Result:
        """Run a command in this process, as it would be typed."""
        out, err = io.StringIO(), io.StringIO()
        with redirect_stdout(out), redirect_stderr(err):
            code = guarded(main, list(arguments))
        assert "Traceback" not in err.getvalue()
        return Result(code, out.getvalue(), err.getvalue())

    def last(self, name: str = "orders") -> str:
        """Return the id of a job's last run."""
        return Runs(self.store).of_job(name)[-1]

    def runs(self, name: str = "orders") -> list[str]:
        """Return the ids of a job's runs."""
        return Runs(self.store).of_job(name)

    def receipt(self, name: str = "orders") -> dict[str, Any]:
        """Return the receipt of a job's last run."""
        receipt = Runs(self.store).receipt(self.last(name))
        assert receipt is not None
        return receipt

    def events(self, name: str = "orders") -> list[Event]:
        """Return the events of a job's last run."""
        return list(Reader(self.store, self.last(name)).events())

    def ids(self, output: str = "out") -> list[int]:
        """Return the ids in an output of Parquet files, as a reader by path sees them."""
        files = sorted((self.place / output).rglob("*.parquet"))
        return sorted(i for file in files for i in pl.read_parquet(file)["id"].to_list())

    def manifest(self, run_id: str, output: str = "out") -> dict[str, Any]:
        """Return the manifest of a run."""
        path = Folder(self.place / output).manifest_path(run_id)
        return dict(json.loads(path.read_bytes()))


def assert_done(result: Result) -> None:
    """The command came to its end."""
    assert result.code == 0, result.err


def assert_refused(result: Result, *texts: str) -> None:
    """The request was wrong: exit 2, and it is said why."""
    assert result.code == 2, result.out + result.err
    for text in texts:
        assert text in result.err, result.err
