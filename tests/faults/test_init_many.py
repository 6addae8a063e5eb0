"""A hundred files of all kinds: `init`, and then its job as it is, give the right values."""

import io
import re
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import polars as pl
import pytest
import yaml

from ingest.commands import init, run
from ingest.commands.base import guarded
from ingest.config.load import restored
from ingest.driver.drive import drive
from ingest.driver.request import Request
from ingest.job import Job
from ingest.workers.in_process import InProcessWorkers
from tests.faults.init_files import Case, Values, all_cases

CASES = all_cases()
GIBIBYTE_KB = 1024**2


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Work in an empty folder, and take no more than a gibibyte of memory."""
    monkeypatch.chdir(tmp_path)
    Path("/proc/self/clear_refs").write_text("5")  # the peak is counted from here
    before = peak_kb()  # earlier tests may have left this process large
    yield tmp_path
    assert peak_kb() - before < GIBIBYTE_KB


def test_there_are_a_hundred() -> None:
    assert len(CASES) >= 100
    assert len({case.name for case in CASES}) == len(CASES)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_file(case: Case) -> None:
    Path("in").mkdir()
    case.write(Path("in") / case.name)
    code, out, err = typed(init.main, ["in/" + case.name, "--name", "j"])
    assert "Traceback" not in err
    if code != 0:
        assert code == 2, err
        assert case.refused, err
        assert case.refused.strip("*") in err
        assert len(err.splitlines()) == 1 or "differ" in err or 'column "' in err
        assert not Path("conf").exists()
        assert not Path("jobs").exists()
        return
    assert case.refused in {"", "*"}, out
    if case.doubt:
        assert case.doubt in out.partition("not sure:")[2]
        assert case.doubt in re.sub(r"\n *# ", " ", Path("conf/job/j.yaml").read_text())
    work(Path("conf/job/j.yaml"))
    assert_published(case.values)


def test_the_command_runs_a_job_as_it_is() -> None:
    case = next(case for case in CASES if case.name == "german.csv")
    Path("in").mkdir()
    case.write(Path("in") / case.name)
    assert typed(init.main, ["in", "--name", "j"])[0] == 0
    assert typed(run.main, ["+job=j", "cluster=inline", "--progress", "log"])[0] == 0
    assert_published(case.values)


def work(file: Path) -> None:
    """Run a job as it stands in its file; without Hydra, which takes as long as all the rest."""
    text = file.read_text(encoding="utf-8")
    if "${" in text:  # only Hydra takes the escapes off
        assert typed(run.main, ["+job=j", "cluster=inline", "--progress", "log"])[0] == 0
        return
    drive(Request(restored(Job, yaml.safe_load(text)), "", str, InProcessWorkers()))


def assert_published(values: Values) -> None:
    files = sorted(Path("data/j").rglob("*.parquet"))
    if not values:
        assert sum(pl.read_parquet(file).height for file in files) == 0
        return
    frame = pl.concat([pl.read_parquet(file) for file in files])
    first = next(iter(values))
    rows = frame.sort(first) if sorted(values[first]) == values[first] else frame
    for name, expected in values.items():
        assert rows[name].to_list() == expected, name


def typed(main: object, arguments: list[str]) -> tuple[int, str, str]:
    """Run a command in this process; return its exit code and what it printed."""
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        code = guarded(main, arguments)  # type: ignore[arg-type]
    return code, out.getvalue(), err.getvalue()


def peak_kb() -> int:
    """Return the most memory that this process has taken since its peak was set back."""
    status = Path("/proc/self/status").read_text()
    match = re.search(r"VmHWM:\s+(\d+) kB", status)
    assert match is not None
    return int(match[1])
