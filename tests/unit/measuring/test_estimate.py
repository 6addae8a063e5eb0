"""How long so many workers take."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.measuring.estimate import makespan

SECONDS = st.lists(st.floats(0.001, 100), min_size=1, max_size=50)


def test_the_longest_come_first_and_the_others_fill_up():
    assert makespan([1, 1, 1, 3], 2) == 3
    assert makespan([2, 2, 2], 2) == 4
    assert makespan([5], 8) == 5


@given(SECONDS, st.integers(1, 20))
def test_it_lies_between_what_is_possible_and_the_work_of_one(seconds, workers):
    found = makespan(seconds, workers)
    assert found >= max([*seconds, sum(seconds) / workers]) * (1 - 1e-9)
    assert found <= sum(seconds) * (1 + 1e-9)
    assert makespan(seconds, 1) == pytest.approx(sum(seconds))
