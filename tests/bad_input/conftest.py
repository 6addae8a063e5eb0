"""The bench that every test of bad input works at."""

from pathlib import Path

import pytest

from tests.bad_input.bench import Bench


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    monkeypatch.chdir(tmp_path)
    return Bench(tmp_path)
