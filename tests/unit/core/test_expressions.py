"""Expressions: a frame and a text go in, values and rejected rows come out."""

from datetime import UTC, date, datetime
from decimal import Decimal

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest import expressions
from ingest.core.errors import ConfigError
from ingest.expressions.catalogue import FUNCTIONS

ROWS = pl.DataFrame(
    {
        "i": [1, None, -7],
        "j": [2, 3, 0],
        "x": [1.5, None, -2.5],
        "s": ["abc", None, "12"],
        "b": [True, None, False],
        "d": [date(2013, 1, 31), None, date(2012, 12, 31)],
        "t": [datetime(2013, 5, 17, 14, 25, 36), None, datetime(2012, 12, 31, 23, 59)],
        "l": [["a", "b"], None, []],
        "st": [{"x": 1, "y z": "q"}, {"x": None, "y z": None}, {"x": 3, "y z": "r"}],
        "js": ['{"a": {"b": [1, 2]}}', "no json", '{"a": {"b": "z"}}'],
    }
)


def values(text: str, rows: pl.DataFrame = ROWS) -> list[object]:
    """Compute an expression; a row that it has no value for shows as "rejected"."""
    found = expressions.resolve(text, rows.schema)
    frame = rows.with_columns(found.value.alias("value"))
    assert frame.schema["value"] == found.dtype
    if found.fails is None:
        return frame["value"].to_list()
    failed = rows.with_columns(found.fails.alias("value"))["value"]
    both = zip(frame["value"], failed, strict=True)
    return ["rejected" if fails else value for value, fails in both]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("i > 0", [True, None, False]),
        ("i = NULL", [None, None, None]),
        ("b AND NULL", [None, None, False]),
        ("b OR NULL", [True, None, None]),
        ("NOT b", [False, None, True]),
        ("i IS NULL", [False, True, False]),
        ("i ISNULL OR s NOTNULL", [True, True, True]),
        ("b IS NOT TRUE", [False, True, True]),
        ("b IS UNKNOWN", [False, True, False]),
        ("i IS DISTINCT FROM NULL", [True, False, True]),
        ("i IN (1, NULL)", [True, None, None]),
        ("i NOT IN (1, NULL)", [False, None, None]),
        ("i IN (1, 2, 3, 4, 5, 6, 7, 8, 9)", [True, None, False]),
        ("i IN (1, 2, 3, 4, 5, 6, 7, 8, NULL)", [True, None, None]),
        ("d IN ('2013-01-31')", [True, None, False]),
        ("i BETWEEN -7 AND 0", [False, None, True]),
        ("i NOT BETWEEN -7 AND 0", [True, None, False]),
        ("NOT i > 0 AND b", [False, None, False]),
    ],
)
def test_null_is_neither_true_nor_false(text, expected):
    assert values(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("i / j", [0.5, None, float("-inf")]),
        ("j / 4", [0.5, 0.75, 0.0]),
        ("i // 2", [0, None, -3]),
        ("i % 4", [1, None, -3]),
        ("i % j", [1, None, "rejected"]),
        ("i + j * 2 - 3", [2, None, -10]),
        ("2 - 3 - 4", [-5, -5, -5]),
        ("-i::float64", [-1.0, None, 7.0]),
        ("i * 9223372036854775807", [9223372036854775807, None, "rejected"]),
        ("abs(i) + 9223372036854775806", [9223372036854775807, None, "rejected"]),
        ("x = 1.5", [True, None, False]),
        ("i = 1.0", [True, None, False]),
        ("CAST(x AS int)", [2, None, -3]),
        ("1e3", [1000.0, 1000.0, 1000.0]),
    ],
)
def test_numbers_are_exact_or_rejected(text, expected):
    assert values(text) == expected


def test_small_integers_do_not_wrap_around():
    rows = pl.DataFrame({"n": pl.Series([100, -128], dtype=pl.Int8)})
    assert values("n + n", rows) == [200, -256]
    assert values("n * n * n", rows) == [1000000, -2097152]
    assert expressions.result_type("coalesce(n, 0)", rows.schema) == pl.Int8()


def test_decimals_stay_exact_beside_written_numbers():
    rows = pl.DataFrame({"price": [Decimal("0.10"), Decimal("1.23")]})
    assert values("price = 0.1", rows) == [True, False]
    assert values("price * 1.05", rows) == [Decimal("0.1050"), Decimal("1.2915")]
    assert values("price * price", rows) == [Decimal("0.0100"), Decimal("1.5129")]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("CAST(s AS int)", ["rejected", None, 12]),
        ("s::int64 + 1", ["rejected", None, 13]),
        ("TRY_CAST(s AS int)", [None, None, 12]),
        ("CASE WHEN s ~ '^[0-9]+$' THEN CAST(s AS int) ELSE 0 END", [0, 0, 12]),
        ("s ~ '^[0-9]+$' AND s::int > 3", [False, None, True]),
        ("s !~ '^[0-9]+$' OR s::int > 3", [True, None, True]),
        ("coalesce(i, CAST(s AS int))", [1, None, -7]),
        ("coalesce(TRY_CAST(s AS int), s::int)", ["rejected", None, 12]),
        ("IF(b, 0, CAST(s AS int))", [0, None, 12]),
        ("CAST(s AS int) IS NULL", ["rejected", True, False]),
        ("strptime(s, '%Y-%m-%d')", [None, None, None]),
    ],
)
def test_only_a_branch_that_is_taken_can_reject(text, expected):
    assert values(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("date_trunc('month', t)", [datetime(2013, 5, 1), None, datetime(2012, 12, 1)]),
        ("d + INTERVAL '1 month'", [date(2013, 2, 28), None, date(2013, 1, 31)]),
        ("d + 1", [date(2013, 2, 1), None, date(2013, 1, 1)]),
        ("d + INTERVAL '1 hour'", [datetime(2013, 1, 31, 1), None, datetime(2012, 12, 31, 1)]),
        ("d - DATE '2013-01-01'", [30, None, -1]),
        ("d >= '2013-01-01'", [True, None, False]),
        ("t - t > INTERVAL '1 hour'", [False, None, False]),
        ("epoch(t - TIMESTAMP '2012-12-31 23:00:00') > 3600", [True, None, False]),
        ("date_diff('year', d, DATE '2013-01-01')", [0, None, 1]),
        ("EXTRACT(dow FROM t)", [5, None, 1]),
        (
            "t AT TIME ZONE 'America/New_York'",
            [
                datetime(2013, 5, 17, 18, 25, 36, tzinfo=UTC),
                None,
                datetime(2013, 1, 1, 4, 59, tzinfo=UTC),
            ],
        ),
        ("t AT TIME ZONE 'UTC' AT TIME ZONE 'Asia/Tokyo' > t", [True, None, True]),
    ],
)
def test_time_is_counted_as_in_postgresql(text, expected):
    assert values(text) == expected


def test_an_hour_that_clocks_skip_is_rejected_and_one_that_comes_twice_is_the_second():
    rows = pl.DataFrame({"t": [datetime(2024, 3, 10, 2, 30), datetime(2024, 11, 3, 1, 30)]})
    found = values("t AT TIME ZONE 'America/New_York' AT TIME ZONE 'UTC'", rows)
    assert found == ["rejected", datetime(2024, 11, 3, 6, 30)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("s LIKE 'a%'", [True, None, False]),
        ("s LIKE '_b_'", [True, None, False]),
        ("s NOT ILIKE '%BC'", [False, None, True]),
        ("s || '!'", ["abc!", None, "12!"]),
        ("concat(s, '!')", ["abc!", "!", "12!"]),
        ("substr(s, 0, 2)", ["a", None, "1"]),
        ("SUBSTRING(s FROM 2 FOR 1)", ["b", None, "2"]),
        ("POSITION('c' IN s)", [3, None, 0]),
        ("l[1]", ["a", None, None]),
        ("l[-1]", ["b", None, None]),
        ("list_contains(l, 'b')", [True, None, False]),
        ("st.x", [1, None, 3]),
        ("st['y z']", ["q", None, "r"]),
        ("json_extract(js, '$.a.b')", ["[1,2]", None, '"z"']),
        ("json_extract_string(js, '$.a.b')", ["[1,2]", None, "z"]),
        ("'it''s' -- the end", ["it's"] * 3),
    ],
)
def test_text_lists_and_structs(text, expected):
    assert values(text) == expected


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("ii > 3", 'no such column "ii". Did you mean "i"? Columns here: i, j, x, s, b'),
        ('s = "abc"', "Text needs single quotes: 'abc'."),
        ("s > 3", "a string and an int64 cannot be combined"),
        ("s + 1", "+ takes numbers, but one side is of type string"),
        ("d > 'x'", '"x" is not a date'),
        ("sum(i)", '"sum" is an aggregate, and an expression sees one row at a time'),
        ("count(*)", '"count" is an aggregate'),
        ("left(s, 1) OVER (PARTITION BY s)", "is a window function over other rows"),
        ("row_number() OVER ()", "window"),
        ("now()", "would give a different value when a partition is tried again"),
        ("CURRENT_DATE", "would give a different value when a partition is tried again"),
        ("random() < 0.1", "would give a different value"),
        ("unnest(l)", "Use a step of type explode"),
        ("(SELECT 1)", "a subquery sees other rows"),
        ("i IN (SELECT 1)", "a subquery sees other rows"),
        ("EXISTS (SELECT 1)", "a subquery sees other rows"),
        ("SELECT i", "a subquery sees other rows"),
        ("i > 3; DROP TABLE x", "this is one expression, not a query"),
        ("i AS y", "this is one expression, not a query"),
        ("i +", 'at character 4 of "i +": the expression ends, expected a column'),
        ("'abc", "the quote ' is not closed"),
        ("", "the expression is empty"),
        ("i ? 1", 'the character "?" has no meaning'),
        ("lft(s, 2)", 'no such function "lft". Did you mean "left"?'),
        ("left(s)", "left: got 1 argument. Write it as left(text, integer)"),
        ("left(i, 2)", "left: argument 1 is int64, but must be text"),
        ("s ~ '('", "unclosed group"),
        ("s ~ s", "must be a constant"),
        ("CAST(s AS varchar(3))", "would cut the text"),
        ("CAST(i AS date)", "int64 cannot become date"),
        ("CAST('x' AS int)", "cannot cast value to int32"),
        ("strptime(s, '%Q')", 'format "%Q" cannot be used'),
        ("date_trunc('dai', t)", 'no such unit "dai"'),
        ("t AT TIME ZONE 'Mars/X'", 'no such time zone "Mars/X"'),
        ("t > t AT TIME ZONE 'UTC'", "Write t AT TIME ZONE 'UTC' to choose the zone"),
        ("st.y", 'no such field "y"'),
        ("CASE WHEN s THEN 1 END", "must be true or false"),
        (
            "CASE WHEN b THEN 1 ELSE 'x' END",
            "an int64 and a string cannot be combined in the branches of CASE",
        ),
        ("INTERVAL '1 month' > INTERVAL '1 day'", "a month has no fixed length"),
        ("INTERVAL '1 month'", "an interval of months cannot be the value"),
        ("99999999999999999999", "too large for int64"),
        ("(" * 5000 + "i", "nested too deeply"),
    ],
)
def test_what_cannot_be_computed_is_refused_with_the_reason(text, reason):
    with pytest.raises(ConfigError) as caught:
        expressions.resolve(text, ROWS.schema)
    assert reason in str(caught.value)


def test_columns_are_the_roots():
    text = "CASE WHEN i > 1 THEN b ELSE st.x = \"y z\" END AND s IN ('a', lower(js))"
    assert expressions.columns(text) == {"i", "b", "st", "y z", "s", "js"}


def test_the_same_row_gives_the_same_hash_in_any_company():
    alone = ROWS.tail(1)
    assert values("hash(i, s, d)")[-1:] == values("hash(i, s, d)", alone)


@pytest.mark.parametrize("name", sorted({entry.name for entry in FUNCTIONS.values()}))
def test_the_examples_of_the_reference_are_true(name):
    entry = FUNCTIONS[name]
    found, given_ = (
        pl.select(expressions.resolve(text, {}).value).to_series()
        for text in (entry.example, entry.gives)
    )
    assert found.to_list() == given_.to_list()


@given(st.integers(-(2**63), 2**63 - 1), st.integers(-(2**63), 2**63 - 1))
def test_integer_arithmetic_is_what_python_says_or_rejected(left, right):
    rows = pl.DataFrame({"a": [left], "b": [right]}, schema={"a": pl.Int64, "b": pl.Int64})
    for symbol, exact in (("+", left + right), ("-", left - right), ("*", left * right)):
        expected = exact if -(2**63) <= exact < 2**63 else "rejected"
        assert values(f"a {symbol} b", rows) == [expected]
    if right:
        cut = abs(left) // abs(right) * (1 if (left < 0) == (right < 0) else -1)
        assert values("a % b", rows) == [left - cut * right]


@given(st.text(max_size=20), st.text(alphabet="ab%_\\.", max_size=6))
def test_like_agrees_with_its_definition(text, pattern):
    def like(rest: str, wanted: str) -> bool:
        if not wanted:
            return not rest
        if wanted[0] == "%":
            return any(like(rest[cut:], wanted[1:]) for cut in range(len(rest) + 1))
        if wanted[0] == "\\" and len(wanted) > 1:
            return rest[:1] == wanted[1] and like(rest[1:], wanted[2:])
        return bool(rest) and wanted[0] in {"_", rest[0]} and like(rest[1:], wanted[1:])

    rows = pl.DataFrame({"s": [text]})
    quoted = pattern.replace("'", "''")
    assert values(f"s LIKE '{quoted}'", rows) == [like(text, pattern)]
