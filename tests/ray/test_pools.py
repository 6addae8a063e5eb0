"""Ray Data's pool keeps what every pool must keep."""

import pytest

from ingest.testing.pools import LAWS

pytestmark = [pytest.mark.ray, pytest.mark.usefixtures("two_cores")]


@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.__name__)
def test_ray_data(law, make_workers):
    law(make_workers)
