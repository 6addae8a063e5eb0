"""cast: values that fit come out typed, rows with others are marked."""

from datetime import UTC, date, datetime
from decimal import Decimal

import polars as pl
import pytest
from pydantic import ValidationError

from ingest.core.errors import ConfigError
from ingest.core.rows import REJECT, REJECT_COLUMN
from ingest.transforms.base import StepContext
from ingest.transforms.cast import Cast


def cast(values: list[object], to: object) -> list[object]:
    """Cast one column; a rejected row shows its reason."""
    frame = pl.LazyFrame({"x": values})
    rows = Cast(type="cast", columns={"x": to}).apply(frame, StepContext()).collect()
    assert rows.columns == ["x", REJECT, REJECT_COLUMN]
    return [reason or value for value, reason in zip(rows["x"], rows[REJECT], strict=True)]


@pytest.mark.parametrize(
    ("values", "to", "expected"),
    [
        (["1", None, "1.0", " 1", "x"], "int8", [1, None, *["x: not an int8"] * 3]),
        ([1, 300], "int8", [1, "x: not an int8"]),
        ([1.0, 1.9, float("nan")], "int64", [1, *["x: not an int64"] * 2]),
        (
            ["1.20", "1.239", "1e3"],
            "decimal(9,2)",
            [Decimal("1.20"), *["x: not a decimal(9,2)"] * 2],
        ),
        ([0.1, 0.123], "decimal(9,2)", [Decimal("0.10"), "x: not a decimal(9,2)"]),
        (["Yes", "0", "maybe"], "boolean", [True, False, "x: not a boolean"]),
        ([1, 0, 2], "boolean", [True, False, "x: not a boolean"]),
        ([1e300], "float32", ["x: not a float32"]),
        (["2013-02-28", "2013-02-30"], "date", [date(2013, 2, 28), "x: not a date"]),
        (
            ["28/02/2013", "2013-02-28"],
            {"type": "date", "format": "%d/%m/%Y"},
            [date(2013, 2, 28), "x: not a date"],
        ),
        (
            ["2013-02-28T10:00:00Z", "2013-02-28 12:00+02:00", "2013-02-28"],
            "timestamp(us, UTC)",
            [
                datetime(2013, 2, 28, 10, tzinfo=UTC),
                datetime(2013, 2, 28, 10, tzinfo=UTC),
                "x: not a timestamp(us, UTC)",
            ],
        ),
        (
            [1362045600],
            {"type": "timestamp(ms, UTC)", "format": "epoch_s"},
            [datetime(2013, 2, 28, 10, tzinfo=UTC)],
        ),
        ([b"abc", b"\xff"], "string", ["abc", "x: not a string"]),
        ([["1"], ["1", "y"], None], "list<int64>", [[1], "x: not a list<int64>", None]),
        ([{"a": "1"}, {"a": "y"}], "struct<a: int64>", [{"a": 1}, "x: not a struct<a: int64>"]),
    ],
)
def test_what_does_not_fit_exactly_is_rejected(values, to, expected):
    shown = [
        value.to_list() if isinstance(value, pl.Series) else value for value in cast(values, to)
    ]
    assert shown == expected


def test_a_row_keeps_the_first_reason():
    rows = pl.LazyFrame({"a": ["x", "1"], "b": ["y", "z"]})
    step = Cast(type="cast", columns={"a": "int64", "b": "int64"})
    found = step.apply(rows, StepContext()).collect()
    assert found[REJECT].to_list() == ["a: not an int64", "b: not an int64"]
    assert found[REJECT_COLUMN].to_list() == ["a", "b"]
    later = Cast(type="cast", columns={"a": "int64"}).apply(
        Cast(type="cast", columns={"b": "date"}).apply(rows, StepContext()), StepContext()
    )
    assert later.collect()[REJECT].to_list() == ["b: not a date"] * 2


@pytest.mark.parametrize(
    ("values", "to", "reason"),
    [
        ([True], "date", "columns.x: boolean cannot become date"),
        (
            [1],
            "timestamp",
            "Set what the number counts (epoch_s, epoch_ms, epoch_us) in a step: {type: cast",
        ),
        (["1"], {"type": "date", "format": "%Q"}, 'format "%Q" cannot be used for date'),
        (
            ["1"],
            {"type": "timestamp", "format": "%H:%M"},
            'format "%H:%M" does not describe a complete',
        ),
        (["1"], {"type": "int64", "format": "%d"}, "cannot be used from string to int64"),
    ],
)
def test_what_never_means_anything_is_refused_before_rows_go_by(values, to, reason):
    with pytest.raises(ConfigError) as caught:
        cast(values, to)
    assert reason in str(caught.value)


def test_a_type_that_does_not_exist_is_refused():
    with pytest.raises(ValidationError, match='no such type "int65"'):
        Cast(type="cast", columns={"x": "int65"})
