"""The names of runs: the last one made is the last one listed."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from ingest.records.runs import new_run_id

NOON = datetime(2013, 12, 31, 12, tzinfo=UTC)


def test_a_name_says_when_the_run_was_made():
    assert new_run_id(NOON).startswith("20131231t120000-")


@given(st.lists(st.integers(-5, 5), min_size=1))
def test_names_sort_in_the_order_of_making_however_the_clock_is_set(steps):
    made = [new_run_id(NOON)]
    for step in steps:
        made.append(new_run_id(NOON + timedelta(seconds=step), after=made[-1]))
    assert made == sorted(made)
    assert len({name.partition("-")[0] for name in made}) == len(made)
