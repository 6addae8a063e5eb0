"""filter and derive: an expression decides, and a row without a value is rejected."""

import polars as pl
import pytest

from ingest.core.errors import ConfigError
from ingest.core.rows import POSITION, REJECT, REJECT_COLUMN
from ingest.transforms.base import StepContext
from ingest.transforms.derive import Derive
from ingest.transforms.filter import Filter

ROWS = pl.LazyFrame({"n": ["1", "x", None, "30"], "k": [1, 2, 3, 0]})


def test_filter_counts_null_as_false_and_rejects_what_it_cannot_decide():
    found = Filter(type="filter", where="CAST(n AS int) > 5").apply(ROWS, StepContext()).collect()
    assert found.select("n", REJECT).rows() == [
        ("x", "CAST(n AS int) > 5: cannot be computed"),
        ("30", None),
    ]
    assert found[REJECT_COLUMN].to_list() == ["n", None]


def test_filter_without_a_cast_marks_nothing():
    found = Filter(type="filter", where="n IS NOT NULL").apply(ROWS, StepContext())
    assert found.collect_schema().names() == ["n", "k"]
    assert found.collect()["k"].to_list() == [1, 2, 0]


@pytest.mark.parametrize(
    ("where", "reason"),
    [
        ("kk = 1", 'where: no such column "kk". Did you mean "k"? Columns here: n, k.'),
        ("k + 1", 'where: "k + 1" is int64, but must be true or false'),
        ("__ingest_position > 1", 'where: no such column "__ingest_position"'),
    ],
)
def test_filter_refuses_what_is_no_condition(where, reason):
    placed = ROWS.with_columns(pl.lit(1).alias(POSITION))
    with pytest.raises(ConfigError) as caught:
        Filter(type="filter", where=where).apply(placed, StepContext())
    assert reason in str(caught.value)


def test_derive_goes_in_order_and_replaces_in_place():
    step = Derive(type="derive", columns={"k": "k * 2", "twice": "k * 2", "half": "k / 8"})
    found = step.apply(ROWS, StepContext()).collect().drop(REJECT, REJECT_COLUMN)
    assert found.columns == ["n", "k", "twice", "half"]
    assert found.rows()[1] == ("x", 4, 8, 0.5)


def test_derive_rejects_the_rows_that_have_no_value():
    step = Derive(type="derive", columns={"n": "n::int64", "rest": "n % k", "plus": "rest + 1"})
    found = step.apply(ROWS, StepContext()).collect()
    assert found[REJECT].to_list() == [
        None,
        "n: cannot cast value to int64",
        None,
        "rest: n % k: cannot be computed",
    ]
    assert found[REJECT_COLUMN].to_list() == [None, "n", None, "rest"]


def test_derive_names_the_column_whose_expression_is_wrong():
    with pytest.raises(ConfigError, match=r'columns\.b: no such column "c"'):
        Derive(type="derive", columns={"a": "k", "b": "c + 1"}).apply(ROWS, StepContext())
