"""A whole job on Ray gives what it gives without."""

import pytest

from ingest.testing.golden import read_golden, work_sample

pytestmark = [pytest.mark.ray, pytest.mark.usefixtures("two_cores")]


@pytest.mark.parametrize("job", ["events", "readings"])  # flights: test_run_on_ray
def test_the_sample_gives_the_expected_rows_on_ray(job, make_workers):
    assert work_sample(job, workers=make_workers()) == read_golden(job)
