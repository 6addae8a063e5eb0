"""Column names made from headers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.sniffing.names import clean_names, is_sound


@pytest.mark.parametrize(
    ("fields", "names"),
    [
        (["id", "Unit price", "größe"], ["id", "Unit price", "größe"]),
        (["id", "", "x"], ["id", "column_2", "x"]),
        (["a", "a", "a"], ["a", "a_2", "a_3"]),
        (["a", "a", "a_2"], ["a", "a_3", "a_2"]),
        ([" a ", "b\n c"], ["a", "b c"]),
        (["__ingest_x"], ["x"]),
    ],
)
def test_names(fields: list[str], names: list[str]) -> None:
    assert clean_names(fields) == names


def test_a_sound_header_needs_no_list() -> None:
    assert is_sound(["id", ""], ["id", "column_2"])
    assert not is_sound(["a", "a"], ["a", "a_2"])


@given(st.lists(st.text(max_size=4), min_size=1, max_size=12))
def test_names_are_always_different_and_there(fields: list[str]) -> None:
    names = clean_names(fields)
    assert len(set(names)) == len(names) == len(fields)
    assert all(names)
