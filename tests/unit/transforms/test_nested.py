"""flatten and explode: structs become columns, lists become rows."""

import polars as pl
import pytest

from ingest.core.errors import ConfigError
from ingest.transforms.base import StepContext
from ingest.transforms.explode import Explode
from ingest.transforms.flatten import Flatten

ROWS = pl.LazyFrame({"s": [{"x": 1, "in": {"y": 2}}, None], "x": [5, 6], "l": [["a", "b"], []]})


def columns(step: Flatten) -> list[str]:
    return step.apply(ROWS, StepContext()).collect_schema().names()


def test_fields_stand_where_the_struct_stood():
    assert columns(Flatten(type="flatten", columns=["s"])) == ["s_x", "s_in", "x", "l"]
    deep = Flatten(type="flatten", columns=["s"], recursive=True, separator=".")
    assert columns(deep) == ["s.x", "s.in.y", "x", "l"]
    assert deep.apply(ROWS, StepContext()).collect().row(1) == (None, None, 6, [])
    assert columns(Flatten(type="flatten", columns=["s"], prefix="p"))[:2] == ["p_x", "p_in"]


def test_a_clash_is_refused():
    with pytest.raises(ConfigError, match='there is already a column "x"'):
        columns(Flatten(type="flatten", columns=["s"], prefix=""))


@pytest.mark.parametrize(
    ("empty", "expected"), [("keep", ["a", "b", None, None]), ("drop", ["a", "b"])]
)
def test_an_empty_list_and_a_null_are_kept_unless_told(empty, expected):
    rows = pl.concat([ROWS, ROWS.head(1).with_columns(l=pl.lit(None, dtype=pl.List(pl.String)))])
    found = Explode(type="explode", column="l", empty=empty).apply(rows, StepContext()).collect()
    assert found["l"].to_list() == expected


def test_what_is_no_struct_and_no_list_is_refused():
    with pytest.raises(ConfigError, match='columns: the column "x" is int64, but must be a struct'):
        columns(Flatten(type="flatten", columns=["x"]))
    with pytest.raises(ConfigError, match='column: the column "x" is int64, but must be a list'):
        Explode(type="explode", column="x").apply(ROWS, StepContext())
