"""Which names of columns can be used, and which was meant."""

import polars as pl
import pytest

from ingest.core.names import hint, is_pattern


@pytest.mark.parametrize("name", ["*", "^a.*$", "^$"])
def test_a_name_that_polars_takes_for_other_columns_is_a_pattern(name: str) -> None:
    assert is_pattern(name)
    assert pl.col(name).meta.has_multiple_outputs()


@pytest.mark.parametrize("name", ["a", "^a", "a$", "a*", "**", ""])
def test_any_other_name_means_itself(name: str) -> None:
    assert not is_pattern(name)
    assert not pl.col(name).meta.has_multiple_outputs()


def test_the_nearest_name_is_suggested_and_nothing_when_none_is_near() -> None:
    assert hint("fliter", ["filter", "cast"]) == 'Did you mean "filter"? '
    assert not hint("xyz", ["filter", "cast"])
