"""What Polars' allocator is told before Polars is imported."""

import os
import sys

import pytest

from ingest.core.allocator import KEPT, VARIABLE, keep_freed_memory


@pytest.mark.parametrize("told", ["", "narenas:4"])
def test_what_a_user_has_set_stays_and_nothing_is_said_twice(
    monkeypatch: pytest.MonkeyPatch, told: str
) -> None:
    monkeypatch.setenv(VARIABLE, told)
    monkeypatch.delitem(sys.modules, "polars")
    for _ in range(2):
        keep_freed_memory()
        assert os.environ[VARIABLE] == KEPT + (f",{told}" if told else "")


def test_nothing_is_set_once_polars_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "")
    monkeypatch.setitem(sys.modules, "polars", sys)
    keep_freed_memory()
    assert os.environ[VARIABLE] == ""
