"""A job over text files, worked by the real commands in this process: bytes in, rows out."""

import io
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from ingest.commands import preview, verify
from ingest.commands.base import guarded
from ingest.records.runs import Runs
from ingest.storage.objects import LocalStore
from tests.bad_input.bench import Bench, Result

Row = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Output:
    """What a run has published, in the order of the input, and what its row counts say."""

    columns: list[str]
    rows: list[Row]
    rejects: list[Row]
    read: int
    filtered: dict[str, int]
    summary: str

    @property
    def reasons(self) -> list[Row]:
        """The line and the reason of each rejected record."""
        return [(line, reason) for line, reason, _ in self.rejects]


@dataclass(slots=True)
class TextJob:
    """Files below `in`, and a job that reads them and puts aside what it rejects."""

    bench: Bench

    @classmethod
    def at(cls, place: Path) -> "TextJob":
        """Return a job in a folder, which must be the working directory."""
        return cls(Bench(place))

    def write(self, name: str, data: str | bytes) -> None:
        """Write an input file."""
        self.bench.write(name, data)

    def describe(self, kind: str = "csv", **source: Any) -> None:
        """Write the job."""
        self.bench.describe(
            source={"type": kind, "path": "in", **source},
            contract={"on_error": "quarantine", "max_error_ratio": 1.0},
        )

    def run(self, kind: str = "csv", **source: Any) -> Output:
        """Run the job and check that it was published and that `ingest verify` agrees."""
        self.describe(kind, **source)
        result = self.bench.run()
        assert result.code == 0, result.err
        assert self.verify().code == 0
        frame, bad = self._published("out"), self._published("out_quarantine")
        if bad.height:  # those of earlier runs may still lie there
            bad = bad.filter(pl.col("run_id") == self._run_id)
        book = next(iter(self.bench.history.totals.books.values()))
        assert book.balanced
        assert book.rows == frame.height + bad.height + sum(book.filtered.values())
        return Output(
            frame.columns,
            frame.rows(),
            bad.select("line", "reason", "original").rows() if bad.height else [],
            book.rows,
            book.filtered,
            result.err + result.out,
        )

    def refused(self, kind: str = "csv", **source: Any) -> str:
        """Run the job, which must not run at all; return what it says."""
        return self.failed(kind, code=2, **source)

    def failed(self, kind: str = "csv", *, code: int = 1, **source: Any) -> str:
        """Run the job, which must end with an exit code and publish nothing."""
        self.describe(kind, **source)
        result = self.bench.run()
        assert result.code == code, result.err
        assert "Traceback" not in result.err
        assert self.bench.rows == []
        return result.err

    def preview(self, kind: str = "csv", **source: Any) -> str:
        """Return what `ingest preview` shows."""
        self.describe(kind, **source)
        result = command(preview.main, ["+job=orders"])
        assert result.code == 0, result.err
        return result.out

    def verify(self) -> Result:
        """Verify the last run."""
        return command(verify.main, [self._run_id, "--state", "state"])

    @property
    def _run_id(self) -> str:
        return str(Runs(LocalStore(self.bench.place / "state")).of_job("orders")[-1])

    def _published(self, folder: str) -> pl.DataFrame:
        files = sorted((self.bench.place / folder).glob("*.parquet"), key=_place)
        frames = [pl.read_parquet(file) for file in files]
        return pl.concat(frames) if frames else pl.DataFrame()


def command(main: Any, arguments: list[str]) -> Result:
    """Type a command in this process."""
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        code = guarded(main, arguments)
    return Result(code, out.getvalue(), err.getvalue())


def _place(file: Path) -> tuple[int, ...]:
    """Return a published file's partition and number within it."""
    _, *place = file.stem.rsplit("-", 2)
    return tuple(map(int, place))
