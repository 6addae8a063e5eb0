"""Ray Data's pool keeps what every pool must keep."""

from functools import partial

import pytest

from tests.pools.laws import LAWS

ASKED_BESIDE = {
    "small_partitions_keep_their_own_outcomes",  # test_ray_data
    "a_retry_is_worked_as_a_try_of_its_own",
    "only_what_was_worked_is_blamed_for_a_death",
    "closing_does_not_wait_for_the_work",
    "each_death_costs_one_try_and_has_its_reason",  # test_dying_workers
    "many_deaths_do_not_end_the_run",
    "what_is_searched_keeps_its_own_time",
}
"""Laws of which tests beside this one ask the same and more, on a pool that takes seconds."""

pytestmark = [pytest.mark.ray, pytest.mark.usefixtures("two_cores")]


def test_the_laws_that_are_asked_beside_are_laws():
    assert {law.__name__ for law in LAWS} > ASKED_BESIDE


@pytest.mark.parametrize("law", [law for law in LAWS if law.__name__ not in ASKED_BESIDE])
def test_ray_data(law, make_workers):
    law(partial(make_workers, in_flight=1))  # with more, a death costs neighbours a try, too
