"""The desk that tests of commands work at, and the command line."""

from pathlib import Path
from typing import Any

import pytest

from ingest import __main__ as console
from ingest.records.runs import Runs
from ingest.storage.objects import LocalStore
from tests.bad_input.bench import HEADER, Bench, Result


def orders(place: Path) -> Bench:
    """Return a folder with a job `orders` that reads four files; three rows break its contract."""
    desk = Bench(place)
    desk.fill(3)
    desk.write("bad.csv", f"{HEADER}x,a,1\n7,b,300\n8,c,301\n")
    contract = {"columns": {"id": "int64", "n": "int8"}, "on_error": "quarantine"}
    desk.page["contract"] = contract
    desk.describe()
    return desk


def made(desk: Bench, job: str = "orders") -> list[str]:
    """Return the runs of a job that are on record."""
    return Runs(LocalStore(desk.place / "state")).of_job(job)


def typed(capsys: pytest.CaptureFixture[str], *words: Any) -> Result:
    """Type `ingest` with these words in this process."""
    capsys.readouterr()
    result = Result(console.main([str(word) for word in words]), *capsys.readouterr())
    assert "Traceback" not in result.err
    return result
