"""Every shipped job gives what its `expected/` says, and keeps its books on the way."""

from pathlib import Path

import pytest

from ingest.testing.samples import check_sample, has_sample

JOBS = sorted(path.stem for path in Path("conf/job").glob("*.yaml"))


@pytest.mark.parametrize("job", JOBS)
def test_the_sample_gives_the_expected_rows(job, request):
    result = check_sample(job, update=request.config.getoption("--update-golden"))
    assert result.differences == ()


@pytest.mark.parametrize("job", JOBS)
def test_every_job_has_a_sample(job):
    assert has_sample(job)
