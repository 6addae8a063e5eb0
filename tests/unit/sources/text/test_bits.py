"""Bits of a text are where a plain loop finds its bytes."""

import operator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.sources.text.bits import LastFeeds, count, pairs, positions, where, zeros
from tests.examples import examples

TEXTS = st.lists(
    st.sampled_from([b"\n", b",", b"e-", b"E-", b"e", b"-", b" ", b"\xff", b"\0", b"x" * 61]),
    max_size=60,
).map(b"".join)


@examples(200)
@given(TEXTS, st.sampled_from([0, 10, 32, 44, 127, 255]))
def test_where_a_byte_is_equal_lower_or_higher(data: bytes, byte: int) -> None:
    for compare in (operator.eq, operator.le, operator.gt):
        bits = where(data, byte, compare)
        expected = [place for place, other in enumerate(data) if compare(other, byte)]
        assert positions(bits).tolist() == expected
        assert count(bits) == len(expected)


@examples(200)
@given(TEXTS)
def test_where_two_bytes_stand_side_by_side(data: bytes) -> None:
    lower = data.lower()
    expected = [place for place in range(len(data)) if lower[place : place + 2] == b"e-"]
    assert pairs(data, ord("e"), ord("-")).tolist() == expected


@pytest.mark.parametrize("every", [1, 2, 7, 64, 200])
def test_places_of_many_and_of_few_bits(every: int) -> None:
    data = (b"," + b"x" * (every - 1)) * 1000
    assert positions(where(data, ord(","))).tolist() == list(range(0, len(data), every))


@pytest.mark.parametrize("before", range(40))
def test_rows_of_zeros_wherever_they_begin(before: int) -> None:
    assert zeros(b"1" * before + b"0" * 40).tolist() == [before]
    assert zeros(b"1" * before + b"0" * 40 + b"," * before).tolist() == [before]
    assert zeros(b"1" * before + b"0" * 39 + b"1").tolist() == []
    assert zeros(b"0" * before).tolist() == []


def test_line_feeds_are_those_of_the_text_that_is_asked_about() -> None:
    feeds, first, second = LastFeeds(), b"a\nb\n", b"ab\n\n"
    for data in (first, first, second, first):
        assert positions(feeds.of(data)).tolist() == positions(where(data, 10)).tolist()
    with pytest.raises(ValueError, match="read-only"):
        feeds.of(first)[0] = 0
    feeds.forget()
    assert positions(feeds.of(second)).tolist() == [2, 3]
