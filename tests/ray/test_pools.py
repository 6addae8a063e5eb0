"""Ray Data's pool keeps what every pool must keep."""

from functools import partial

import pytest

from tests.pools.laws import LAWS

pytestmark = [pytest.mark.ray, pytest.mark.usefixtures("two_cores")]


@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.__name__)
def test_ray_data(law, make_workers):
    law(partial(make_workers, in_flight=1))  # with more, a death costs neighbours a try, too
