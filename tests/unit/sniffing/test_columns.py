"""What a sample says of a column."""

from datetime import date

import polars as pl

from ingest.sniffing.columns import describe, find_nulls, find_own_nulls
from ingest.sniffing.typed import describe_values


def test_a_token_that_may_be_a_value_of_a_text_column_is_none_of_its_nulls() -> None:
    columns = {
        "score": ["1", "NA", "\\N"], "country": ["DE", "NA", "\\N"], "empty": ["NA", "", "NA"]
    }  # fmt: skip
    nulls = find_nulls(columns.values(), list(columns))
    assert set(nulls) == {"NA", "\\N"}
    assert find_own_nulls(columns, nulls) == {"country": ["\\N"]}


def test_a_token_is_null_where_the_rest_is_a_number() -> None:
    assert find_nulls([["1", "NA", "-"], ["x", "?", "y"]], ["n", "t"]) == ["NA", "-"]


def test_a_country_called_na_stays_one() -> None:
    assert find_nulls([["DE", "NA", "FR"]], ["country"]) == []


def test_some_tokens_are_null_everywhere() -> None:
    assert find_nulls([["x", "NULL", "\\N"]], ["t"]) == ["NULL", "\\N"]


def test_a_column_of_dates() -> None:
    column = describe("day", ["31/01/2013", "NA", "01/02/2013"], ["", "NA"])
    assert (column.type, column.kind.format) == ("date", "%d/%m/%Y")
    assert (column.rows, column.nulls) == (3, 1)
    assert (column.least, column.most) == (date(2013, 1, 31), date(2013, 2, 1))


def test_a_column_of_nothing_is_text() -> None:
    column = describe("x", ["", ""], [""])
    assert (column.type, column.nulls, column.unique) == ("string", 2, False)


def test_few_values_are_counted_and_settle() -> None:
    column = describe("x", ["a", "b", "a", "b"], [""])
    assert (dict(column.values), column.settled) == ({"a": 2, "b": 2}, True)
    assert not describe("x", ["a", "a", "a", "b"], [""]).settled


def test_an_empty_text_in_quotes_may_be_a_value() -> None:
    texts = ["a", "", "b", ""]
    assert dict(describe("x", texts, [""], blanks=True).values) == {"a": 1, "b": 1, "": 2}
    assert dict(describe("x", texts, [""]).values) == {"a": 1, "b": 1}


def test_texts_of_typed_formats_become_dates_and_nothing_else() -> None:
    assert describe_values("a", pl.String(), ["2013-01-31", None]).type == "date"
    assert describe_values("a", pl.String(), ["2013-01-31", ""]).type == "string"
    assert describe_values("a", pl.String(), ["12", "13"]).type == "string"
    assert describe_values("a", pl.String(), ["2013-01-31"], dates=False).type == "string"


def test_nan_has_no_place_in_a_range() -> None:
    column = describe_values("a", pl.Float64(), [1.0, float("nan")])
    assert (column.least, column.most) == (None, None)
