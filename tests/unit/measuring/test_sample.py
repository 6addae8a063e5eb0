"""Which partitions are taken."""

from hypothesis import given
from hypothesis import strategies as st

from ingest.core.partition import Slice
from ingest.measuring.sample import spread


def stream(number):
    return iter([(f"p{index}", (Slice("f", 1, "v"),)) for index in range(number)])


@given(st.integers(0, 3000), st.integers(1, 12))
def test_as_many_as_asked_for_are_taken_in_order_from_all_over(number, wanted):
    taken = [int(name[1:]) for name, _ in spread(stream(number), wanted)]
    assert len(taken) == min(number, wanted)
    assert taken == sorted(set(taken))
    if taken:
        assert taken[0] == 0
        assert number - taken[-1] <= 4 * -(-number // len(taken))


def test_without_a_number_all_are_taken():
    assert len(spread(stream(500), None)) == 500


def test_a_stream_of_any_length_is_taken_from_its_end_too():
    taken = [int(name[1:]) for name, _ in spread(stream(100_000), 5)]
    assert taken[0] == 0
    assert taken[-1] > 60_000
