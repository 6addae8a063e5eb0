"""The job that every test of a fault works with."""

from pathlib import Path

import pytest

from tests.faults.job import FaultJob


@pytest.fixture
def job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FaultJob:
    monkeypatch.chdir(tmp_path)
    return FaultJob(tmp_path)
