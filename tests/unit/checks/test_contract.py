"""Contracts: rows in, judged rows out."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

import polars as pl
import pytest
from pydantic import ValidationError

from ingest.checks.contract import BROKEN, Contract
from ingest.core.errors import ConfigError


def contract(**page: Any) -> Contract:
    return Contract.model_validate(page)


def judge(it: Contract, rows: pl.DataFrame) -> list[tuple[str | None, list[str]]]:
    """Return for each rejected row its column and all its reasons, the first one first."""
    marked = it.rules(rows.schema).mark(rows.lazy()).collect()
    if BROKEN not in marked.columns:
        return []
    bad = marked.filter(pl.col(BROKEN).is_not_null())
    columns, first, every = it.rules(rows.schema).reasons(bad)
    for reason, reasons in zip(first, every.to_list(), strict=True):
        assert reason in reasons
    return list(zip(columns.to_list(), every.to_list(), strict=True))


def good(it: Contract, rows: pl.DataFrame) -> pl.DataFrame:
    marked = it.rules(rows.schema).mark(rows.lazy()).collect()
    if BROKEN in marked.columns:
        marked = marked.filter(pl.col(BROKEN).is_null())
    return marked.select(list(it.outgoing(rows.schema)))


ROWS = pl.DataFrame({"id": [1, 2, 3], "text": ["7", "x", None], "big": [1, 300, 2]})


def test_without_rules_rows_pass_unmarked() -> None:
    assert contract().rules(ROWS.schema).mark(ROWS.lazy()).collect().equals(ROWS)
    assert (
        contract(columns={"id": "int64"})
        .rules(ROWS.schema)
        .mark(ROWS.lazy())
        .collect()
        .equals(ROWS)
    )


def test_columns_are_cast_and_what_does_not_fit_is_rejected() -> None:
    it = contract(columns={"text": "int16", "big": "int8"})
    assert it.outgoing(ROWS.schema) == {"id": pl.Int64(), "text": pl.Int16(), "big": pl.Int8()}
    assert good(it, ROWS).rows() == [(1, 7, 1), (3, None, 2)]
    assert judge(it, ROWS) == [("text", ["text: not int16", "big: not int8"])]


def test_a_value_that_does_not_fit_is_not_called_missing() -> None:
    checks = [{"type": "not_null", "columns": ["text"]}]
    it = contract(columns={"text": {"type": "int16", "nullable": False}}, checks=checks)
    assert judge(it, ROWS) == [
        ("text", ["text: not int16"]),
        ("text", ["text: not_null", "text: not_null"]),
    ]


def test_what_a_cast_column_was_stays_with_the_row() -> None:
    marked = contract(columns={"text": "int16"}).rules(ROWS.schema).mark(ROWS.lazy()).collect()
    assert marked["__ingest_raw_text"].to_list() == ["7", "x", None]


def test_all_broken_rules_are_listed_in_order() -> None:
    checks = [
        {"type": "range", "column": "id", "min": 2},
        {"type": "expression", "expression": "id > 1 AND big > 1", "name": "both"},
        {"type": "length", "column": "text", "max": 0},
    ]
    assert judge(contract(checks=checks), ROWS) == [
        ("id", ["id: range 2..", "both", "text: length 0..0"]),
        ("text", ["text: length 0..0"]),
    ]


def test_many_rules_are_judged_as_one() -> None:
    """More than a group of them, and the last one counts."""
    checks = [{"type": "range", "column": "id", "max": 100 - number} for number in range(99)]
    rejected = judge(contract(checks=checks), ROWS)
    assert [reasons[0] for _, reasons in rejected] == ["id: range ..2"]
    assert contract(checks=checks).rules(ROWS.schema).mark(ROWS.lazy()).collect()[
        BROKEN
    ].to_list() == [
        None,
        None,
        98,
    ]


def test_a_bad_row_does_not_displace_a_good_one() -> None:
    """The first of two doubles breaks another rule; the second is then the first good one."""
    rows = pl.DataFrame({"key": ["a", "a", "a", None, None], "value": [-1, 2, 3, 4, 5]})
    checks = [
        {"type": "unique_in_partition", "columns": ["key"]},
        {"type": "range", "column": "value", "min": 0},
    ]
    it = contract(checks=checks)
    assert good(it, rows)["value"].to_list() == [2, 4, 5]
    assert judge(it, rows) == [
        ("value", ["value: range 0.."]),
        ("key", ["key: unique_in_partition"]),
    ]


def test_an_expression_without_a_value_is_a_reason_of_its_own() -> None:
    it = contract(checks=[{"type": "expression", "expression": "CAST(text AS INT) > 5"}])
    rejected = judge(it, ROWS)
    assert rejected == [("text", ["expression CAST(text AS INT) > 5: cannot be computed"])]


def test_all_mistakes_are_said_at_once() -> None:
    it = contract(
        columns={"idd": "int8", "text": "list<int8>"},
        checks=[
            {"type": "range", "column": "text", "min": 0},
            {"type": "in_set", "column": "big", "values": ["a"]},
            {"type": "not_null", "columns": ["id", "ix", "iy"]},
        ],
    )
    with pytest.raises(ConfigError) as caught:
        it.outgoing(ROWS.schema)
    starts = [line.split(". ")[0] for line in caught.value.lines]
    assert starts == [
        'columns.idd: no such column "idd"',
        "columns.text: string cannot become list<int8>",
        'checks[0]: range: column: "text" is list<int8>',
        'checks[1]: in_set: values: "a" is not of type int64, the type of column "big"',
        'checks[2]: not_null: columns: no such column "ix"',
        'checks[2]: not_null: columns: no such column "iy"',
    ]


LATER = {"min": "2013-02-01", "max": "2013-01-31"}


@pytest.mark.parametrize(
    ("page", "text"),
    [
        ({"columns": {"a": "int9"}}, 'no such type "int9"'),
        ({"columns": {"a": {"type": "int8", "nulable": False}}}, "nulable"),
        ({"checks": [{"type": "rnge", "column": "a"}]}, "rnge"),
        ({"checks": [{"type": "range", "column": "a"}]}, "neither min nor max"),
        ({"checks": [{"type": "range", "column": "a", "min": True}]}, "min"),
        ({"checks": [{"type": "matches", "column": "a", "pattern": "("}]}, "not a regular expr"),
        ({"checks": [{"type": "length", "column": "a", "min": 3, "max": 2}]}, "is more than max"),
        ({"checks": [{"type": "range", "column": "a", "min": 5, "max": 1}]}, "no value can be"),
        (
            {"checks": [{"type": "range", "column": "a", "min": 5, "max": 5.0, "exclusive": True}]},
            "if both are excluded",
        ),
        (
            {
                "checks": [
                    {"type": "range", "column": "a", "min": "2013-02-01", "max": "2012-12-31"}
                ]
            },
            "no value can be",
        ),
        ({"on_error": "ignore"}, "fail"),
        ({"max_error_ratio": 1.5}, "less than or equal to 1"),
    ],
)
def test_what_cannot_be_written(page: dict[str, Any], text: str) -> None:
    with pytest.raises(ValidationError, match=text.replace("(", r"\(")):
        contract(**page)


@pytest.mark.parametrize(
    ("column", "options", "text"),
    [
        ("small", {"max": 300}, 'max: "300" is not of type int8'),
        ("small", {"min": 1.5}, 'min: "1.5" is not of type int8'),
        ("small", {"min": "1"}, 'min: "1" is not of type int8'),
        ("day", {"min": "2013-02-30"}, 'min: "2013-02-30" is not of type date'),
        ("day", {"min": 2013}, 'min: "2013" is not of type date'),
        ("money", {"max": 1.234}, 'max: "1.234" is not of type decimal(4,2)'),
        ("money", {"min": "5", "max": "4"}, 'no value can be between min "5" and max "4"'),
        (
            "money",
            {"min": "5", "max": "5", "exclusive": True},
            "if both are excluded",
        ),
        ("flag", {"min": 0}, 'column: "flag" is boolean. range works on numbers'),
    ],
)
def test_bounds_that_do_not_fit(column: str, options: dict[str, Any], text: str) -> None:
    schema = {
        "small": pl.Int8(),
        "day": pl.Date(),
        "money": pl.Decimal(4, 2),
        "flag": pl.Boolean(),
    }
    it = contract(checks=[{"type": "range", "column": column, **options}])
    with pytest.raises(ConfigError) as caught:
        it.outgoing(schema)
    assert text in str(caught.value)


@pytest.mark.parametrize(
    ("page", "errors", "records", "text"),
    [
        ({}, 0, 10, None),
        ({}, 1, 10, "on_error is fail"),
        ({"on_error": "skip"}, 10, 10, None),
        ({"on_error": "skip", "max_errors": 2}, 2, 10, None),
        ({"on_error": "skip", "max_errors": 2}, 3, 10, "max_errors: 3 rows"),
        (
            {"on_error": "skip", "max_errors": 0},
            1,
            10,
            "max_errors: 1 row was rejected; at most 0 may be",
        ),
        ({"on_error": "skip", "max_error_ratio": 0.1}, 1, 10, None),
        (
            {"on_error": "skip", "max_error_ratio": 0.1},
            2,
            10,
            "2 of 10 records (20 %) were rejected",
        ),
        ({"on_error": "skip", "max_error_ratio": 0.1, "min_records": 11}, 2, 10, None),
        ({"on_error": "skip", "max_error_ratio": 0.1, "min_records": 10}, 2, 10, "20 %"),
        ({"on_error": "skip", "max_error_ratio": 0.0}, 0, 0, None),
    ],
)
def test_the_budget(page: dict[str, Any], errors: int, records: int, text: str | None) -> None:
    found = contract(**page).within_budget(errors, records)
    assert found is None if text is None else found is not None and text in found


FITS: list[tuple[str, list[Any], pl.DataType, list[bool]]] = [
    ("int8", [127, 128, -129], pl.Int64(), [True, False, False]),
    ("uint8", [0, -1, 256], pl.Int64(), [True, False, False]),
    ("int64", [1.0, 1.5, float("nan"), 2.0**63], pl.Float64(), [True, False, False, False]),
    ("int8", [Decimal("1.0"), Decimal("1.5")], pl.Decimal(4, 1), [True, False]),
    ("decimal(4,1)", [0.1, 1.25, 12345.6], pl.Float64(), [True, False, False]),
    ("decimal(4,1)", ["1.5", "1.55", "1.50", "x"], pl.String(), [True, False, True, False]),
    ("float32", [1.1, 1e39, 1e-60, 0.0], pl.Float64(), [True, False, False, True]),
    ("float64", [2**53, 2**53 + 1, 2**63 - 1], pl.Int64(), [True, False, False]),
    ("float32", [2**24, 2**24 + 1], pl.Int32(), [True, False]),
    ("float64", [Decimal("0.10"), Decimal("12345678901234567.89")], pl.Decimal(38, 2),
     [True, False]),
    ("float64", ["1e400", "1e-400", "9007199254740993", "0.1"], pl.String(),
     [False, False, False, True]),
    ("timestamp", ["2013-01-01 00:00:00.1234567", "2013-01-01 00:00:60", "2013-01-01T00:00Z"],
     pl.String(), [False, False, False]),
    ("int32", ["1", "-7", "1.0", "", " 1", "1e3"], pl.String(), [True, True] + [False] * 4),
    ("float64", ["1.5", "1e3", "x", ""], pl.String(), [True, True, False, False]),
    ("boolean", ["true", "FALSE", "maybe"], pl.String(), [True, True, False]),
    ("boolean", [0, 1, 2], pl.Int64(), [True, True, False]),
    ("date", ["2013-01-31", "2013-02-30", "31.01.2013", "-024-01-01", " 2013-01-31", "2013-1-3"],
     pl.String(), [True] + [False] * 5),
    ("date", [datetime(2013, 1, 1), datetime(2013, 1, 1, 1)], pl.Datetime("us"), [True, False]),
    ("timestamp", [date(2013, 1, 1)], pl.Date(), [True]),
    ("timestamp(ms)", [datetime(2013, 1, 1), datetime(2013, 1, 1, 0, 0, 0, 1)],
     pl.Datetime("us"), [True, False]),
    ("timestamp(ns)", [datetime(2013, 1, 1)], pl.Datetime("us"), [True]),
    ("string", [1, -2], pl.Int64(), [True, True]),
    ("binary", ["a"], pl.String(), [True]),
    ("string", [b"a", b"\xff"], pl.Binary(), [True, False]),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "values", "source", "fits"), FITS)
def test_which_values_fit_a_type(
    kind: str, values: list[Any], source: pl.DataType, fits: list[bool]
) -> None:
    rows = pl.DataFrame({"a": pl.Series([*values, None], dtype=source)})
    marked = contract(columns={"a": kind}).rules(rows.schema).mark(rows.lazy()).collect()
    assert marked[BROKEN].is_null().to_list() == [*fits, True]


def test_a_timestamp_beyond_nanoseconds_is_a_bad_row() -> None:
    rows = pl.DataFrame({"a": [datetime(3000, 1, 1)]})
    assert judge(contract(columns={"a": "timestamp(ns)"}), rows) == [
        ("a", ["a: not timestamp(ns)"])
    ]


@pytest.mark.parametrize(
    ("kind", "values", "source", "fits"),
    [
        case
        for case in FITS
        if case[0] != "float32" and not isinstance(case[2], pl.String | pl.Binary)
    ],
)
def test_no_cast_changes_a_value_that_it_lets_through(
    kind: str, values: list[Any], source: pl.DataType, fits: list[bool]
) -> None:
    """There and back again gives what it was; a float32 is rounded, a text has several forms."""
    rows = pl.DataFrame({"a": pl.Series(values, dtype=source)})
    back = good(contract(columns={"a": kind}), rows).select(pl.col("a").cast(source))
    assert back["a"].to_list() == [value for value, fit in zip(values, fits, strict=True) if fit]


@pytest.mark.parametrize(
    ("kind", "source"),
    [
        ("int8", pl.List(pl.Int8())),
        ("date", pl.Int64()),
        ("timestamp(us, UTC)", pl.Datetime("us")),
        ("timestamp", pl.Datetime("us", "UTC")),
        ("int8", pl.Date()),
        ("struct<a: int8>", pl.String()),
    ],
)
def test_pairs_that_mean_nothing_are_refused_beforehand(kind: str, source: pl.DataType) -> None:
    with pytest.raises(ConfigError, match=r"columns\.a: .* cannot become "):
        contract(columns={"a": kind}).outgoing({"a": source})


@pytest.mark.parametrize(
    ("check", "text"),
    [
        ({"type": "in_set", "column": "tags", "values": [1]}, 'column: "tags" is list<int8>'),
        (
            {"type": "in_set", "column": "id", "values": [True]},
            'values: "True" is not of type int8',
        ),
        ({"type": "length", "column": "id", "max": 3}, 'column: "id" is int8'),
        ({"type": "matches", "column": "id", "pattern": "a"}, 'column: "id" is int8'),
        ({"type": "expression", "expression": "id + 1"}, 'expression: "id + 1" is int'),
        ({"type": "expression", "expression": "idd > 1"}, "expression: "),
        ({"type": "range", "column": "at", "min": "yesterday"}, 'such as "2013-12-31 05:15:00"'),
    ],
)
def test_checks_that_do_not_fit_the_column(check: dict[str, Any], text: str) -> None:
    schema = {"id": pl.Int8(), "tags": pl.List(pl.Int8()), "at": pl.Datetime("us")}
    with pytest.raises(ConfigError) as caught:
        contract(checks=[check]).outgoing(schema)
    assert text in str(caught.value)


def test_bounds_of_a_zoned_column_say_their_zone() -> None:
    rows = pl.DataFrame({"at": [datetime(2013, 1, 1), datetime(2014, 1, 1)]})
    rows = rows.with_columns(pl.col("at").dt.replace_time_zone("UTC"))
    check = {"type": "range", "column": "at", "max": "2013-06-01 02:00+02:00"}
    assert judge(contract(checks=[check]), rows)[0][0] == "at"
    with pytest.raises(ConfigError, match='such as "2013-12-31 05:15:00Z"'):
        contract(checks=[{**check, "max": "2013-06-01"}]).outgoing(rows.schema)


def test_lengths_of_bytes() -> None:
    rows = pl.DataFrame({"a": [b"", b"abc", None]})
    it = contract(checks=[{"type": "length", "column": "a", "min": 1}])
    assert judge(it, rows) == [("a", ["a: length 1.."])]
