"""Packing and sampling."""

from hypothesis import given
from hypothesis import strategies as st

from ingest.core.partition import Slice
from ingest.driver.planning import LEAST_BYTES, MOST_SLICES, pack, pack_bytes, spread


def pieces(sizes):
    return [Slice(f"f{i:06d}", size, "v", bytes=size) for i, size in enumerate(sizes)]


@given(st.lists(st.integers(0, 50), max_size=60), st.integers(1, 40))
def test_packing_keeps_every_slice_once_and_near_the_target(sizes, target):
    slices = pieces(sizes)
    groups = list(pack(slices, target))
    assert [piece.uri for group in groups for piece in group] == [piece.uri for piece in slices]
    for group in groups:
        assert len(group) == 1 or sum(piece.bytes for piece in group) <= target


def test_the_last_are_smaller_so_that_all_workers_end_together():
    megabytes = [14_500_000] * 32
    groups = list(pack(pieces(megabytes), 58_000_000, sum(megabytes), workers=2))
    assert [len(group) for group in groups] == [4, 4, 4, 4, 4, 3, 2, 1, 1, 1, 1, 1, 1, 1]
    of_one = list(pack(pieces(megabytes), 58_000_000, sum(megabytes), workers=1))
    assert [len(group) for group in of_one][-6:] == [4, 4, 4, 2, 1, 1]


def test_neighbours_stay_together():
    groups = list(pack(pieces([4, 4, 100, 4, 4]), 10))
    assert [[piece.bytes for piece in group] for group in groups] == [[4, 4], [100], [4, 4]]


def test_files_without_bytes_do_not_pile_up_without_end():
    groups = list(pack(pieces([0] * (MOST_SLICES + 1)), 10))
    assert [len(group) for group in groups] == [MOST_SLICES, 1]


def test_small_inputs_are_packed_so_that_all_workers_have_something_to_do():
    slices = pieces([1_000_000] * 100)
    assert pack_bytes(slices, 64_000_000, workers=2) == 12_500_000
    assert pack_bytes(slices, 64_000_000, workers=1000) == LEAST_BYTES
    assert pack_bytes(slices, 5_000_000, workers=2) == 5_000_000


def test_a_sample_is_spread_over_all_slices():
    slices = pieces(range(100))
    assert [piece.bytes for piece in spread(slices, 4)] == [0, 33, 66, 99]
    assert spread(slices[:3], 4) == slices[:3]
