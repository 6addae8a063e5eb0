"""What the allocators of Polars and Arrow are told before these are imported."""

import os
import subprocess
import sys

import pytest

from ingest.core.allocator import ARROW_VARIABLE, KEPT, VARIABLE, set_allocators


@pytest.mark.parametrize("told", ["", "narenas:4"])
def test_what_a_user_has_set_stays_and_nothing_is_said_twice(
    monkeypatch: pytest.MonkeyPatch, told: str
) -> None:
    monkeypatch.setenv(VARIABLE, told)
    monkeypatch.delitem(sys.modules, "polars", raising=False)
    for _ in range(2):
        set_allocators()
        assert os.environ[VARIABLE] == KEPT + (f",{told}" if told else "")


@pytest.mark.parametrize(("told", "then"), [(None, "system"), ("jemalloc", "jemalloc")])
def test_arrow_takes_the_systems_memory_unless_a_user_says_otherwise(
    monkeypatch: pytest.MonkeyPatch, told: str | None, then: str
) -> None:
    monkeypatch.setenv(ARROW_VARIABLE, told or "")
    if told is None:
        monkeypatch.delenv(ARROW_VARIABLE)
    monkeypatch.delitem(sys.modules, "pyarrow", raising=False)
    set_allocators()
    assert os.environ[ARROW_VARIABLE] == then


def test_nothing_is_set_once_they_are_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "")
    monkeypatch.setenv(ARROW_VARIABLE, "")
    monkeypatch.delenv(ARROW_VARIABLE)
    monkeypatch.setitem(sys.modules, "polars", sys)
    monkeypatch.setitem(sys.modules, "pyarrow", sys)
    set_allocators()
    assert os.environ[VARIABLE] == ""
    assert ARROW_VARIABLE not in os.environ


FORKED = """
import os, resource
from ingest.core.allocator import set_allocators
set_allocators()
os.environ["POLARS_MAX_THREADS"] = "1"
import polars as pl

if pid := os.fork():
    raise SystemExit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
numbers = pl.DataFrame({name: pl.int_range(1_000_000, eager=True) for name in "abcdefgh"})
kept = numbers["a"] % 32 > 0
pages = []
for _ in range(5):
    first = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    numbers.filter(kept)
    pages.append(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - first)
print(min(pages), flush=True)
os._exit(0)
"""


def test_a_forked_process_keeps_the_memory_of_large_columns_for_the_next(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in (VARIABLE, ARROW_VARIABLE):
        monkeypatch.delenv(name, raising=False)
    forked = subprocess.run(
        [sys.executable, "-c", FORKED], check=True, capture_output=True, text=True, timeout=60
    )
    assert int(forked.stdout) < 1_000, "new pages, of the 15,000 that the result has"
