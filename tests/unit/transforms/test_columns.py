"""select, rename, fill_null, drop_nulls: columns in, columns out."""

import polars as pl
import pytest

from ingest.core.errors import ConfigError
from ingest.transforms.base import StepContext
from ingest.transforms.drop_nulls import DropNulls
from ingest.transforms.fill_null import FillNull
from ingest.transforms.rename import Rename
from ingest.transforms.select import Select

ROWS = pl.LazyFrame({"a": [1, None], "ab": ["x", None], "-c": [True, None], "day": ["d", "e"]})


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        (["day", "a*"], ["day", "a", "ab"]),
        (["-a*"], ["-c", "day"]),
        (["*", "-day"], ["a", "ab", "-c"]),
        (["-c"], ["-c"]),
        (["*", "-a", "a"], ["ab", "-c", "day", "a"]),
        (["?b", "[da]*"], ["ab", "a", "day"]),
    ],
)
def test_select_takes_names_patterns_and_exclusions_in_order(columns, expected):
    found = Select(type="select", columns=columns).apply(ROWS, StepContext())
    assert found.collect_schema().names() == expected


@pytest.mark.parametrize("columns", [["dya"], ["x*"], ["-x"], ["a", "-a"]])
def test_select_refuses_what_means_no_column(columns):
    with pytest.raises(ConfigError, match=r"no such column|no columns are left"):
        Select(type="select", columns=columns).apply(ROWS, StepContext())


def test_rename_may_swap_names_but_not_share_them():
    swapped = Rename(type="rename", columns={"a": "ab", "ab": "a"}).apply(ROWS, StepContext())
    assert swapped.collect()["ab"].to_list() == [1, None]
    for columns in ({"a": "ab"}, {"a": "z", "ab": "z"}, {"a": "__ingest_position"}):
        with pytest.raises(ConfigError, match="columns: "):
            Rename(type="rename", columns=columns).apply(ROWS, StepContext())


def test_fill_null_keeps_the_type_and_refuses_a_value_of_another():
    rows = ROWS.with_columns(n=pl.col("a").cast(pl.Int8), t=pl.lit(None, dtype=pl.Date))
    step = FillNull(type="fill_null", columns={"n": 5, "ab": "?", "-c": False, "t": "2013-01-31"})
    found = step.apply(rows, StepContext()).collect()
    assert found.schema == rows.collect_schema()
    assert found.row(1)[1:] == ("?", False, "e", 5, found["t"][0])
    assert str(found["t"][0]) == "2013-01-31"
    for name, value in (("n", 300), ("n", "5"), ("n", 1.5), ("ab", 5), ("t", "soon"), ("-c", "no")):
        with pytest.raises(ConfigError, match=r"columns.*Write a value of that type"):
            FillNull(type="fill_null", columns={name: value}).apply(rows, StepContext())


def test_drop_nulls_looks_at_all_columns_unless_told():
    rows = pl.LazyFrame({"a": [1, None, 3], "b": [None, "x", "y"]})
    assert DropNulls(type="drop_nulls").apply(rows, StepContext()).collect().rows() == [(3, "y")]
    some = DropNulls(type="drop_nulls", columns=["a"]).apply(rows, StepContext()).collect()
    assert some["a"].to_list() == [1, 3]
