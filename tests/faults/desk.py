"""A folder in which somebody types `ingest init` and then runs what it wrote, in this process."""

import io
from collections.abc import Callable, Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
import yaml

from ingest.commands import init, plan, run
from ingest.commands.base import guarded


@dataclass(frozen=True, slots=True)
class Said:
    """A command's exit code and what it printed."""

    code: int
    out: str
    err: str

    @property
    def unsure(self) -> str:
        """What `init` was not sure of."""
        return self.out.partition("not sure:")[2].partition("\nwritten:")[0]


@dataclass(frozen=True, slots=True)
class Desk:
    """The folder, which is the working one; jobs are called `j`."""

    place: Path

    def write(self, name: str, content: str | bytes) -> Path:
        """Write an input file, and the folders above it."""
        path = self.place / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def init(self, path: str, *more: str) -> Said:
        """Look at files and write the job."""
        return self.type(init.main, [path, "--name", "j", *more])

    def run(self, *more: str) -> Said:
        """Run the job as it is written."""
        return self.type(run.main, ["+job=j", "cluster=inline", "--progress", "log", *more])

    def plan(self, *more: str) -> Said:
        """Plan the job."""
        return self.type(plan.main, ["+job=j", *more])

    def type(self, main: Callable[[Sequence[str] | None], int], arguments: list[str]) -> Said:
        """Type a command."""
        out, err = io.StringIO(), io.StringIO()
        with redirect_stdout(out), redirect_stderr(err):
            code = guarded(main, arguments)
        assert "Traceback" not in err.getvalue()
        return Said(code, out.getvalue(), err.getvalue())

    @property
    def text(self) -> str:
        """The job's file."""
        return (self.place / "conf" / "job" / "j.yaml").read_text(encoding="utf-8")

    @property
    def job(self) -> dict[str, Any]:
        """The job's file, read as YAML."""
        page = yaml.safe_load(self.text)
        assert isinstance(page, dict)
        return page

    @property
    def types(self) -> dict[str, str]:
        """The types that the job gives to columns."""
        return {name: column["type"] for name, column in self.job["contract"]["columns"].items()}

    def rows(self, folder: str = "data/j") -> list[dict[str, Any]]:
        """Return what is published."""
        files = sorted((self.place / folder).rglob("*.parquet"))
        return [row for file in files for row in pl.read_parquet(file).to_dicts()]

    @property
    def rejected(self) -> list[str]:
        """The reasons in the quarantine."""
        return [row["reason"] for row in self.rows("data/j_quarantine")]

    @property
    def is_bare(self) -> bool:
        """Whether `init` has left nothing."""
        return not (self.place / "conf").exists() and not (self.place / "jobs").exists()

    def publish(self, path: str) -> list[dict[str, Any]]:
        """Write the job for some files, run it and return its rows."""
        said = self.init(path)
        assert said.code == 0, said.err
        ran = self.run()
        assert ran.code == 0, ran.err
        return self.rows()
