"""Every shipped job gives what its `expected/` says, and keeps its books on the way."""

from pathlib import Path

import pytest

from ingest.testing.golden import read_golden, work_sample, write_golden

JOBS = sorted(path.stem for path in Path("conf/job").glob("*.yaml"))


@pytest.mark.parametrize("job", JOBS)
def test_the_sample_gives_the_expected_rows(job, request):
    if request.config.getoption("--update-golden"):
        write_golden(job)
    assert work_sample(job) == read_golden(job)


@pytest.mark.parametrize("job", JOBS)
def test_every_job_has_a_sample(job):
    assert any(path.is_file() for path in (Path("jobs") / job / "sample").rglob("*"))
