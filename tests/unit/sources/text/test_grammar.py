"""The grammar of CSV records, against a plain state machine and Python's csv module."""

import csv

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from ingest.sources.text.grammar import AFTER, FEW, MANY, RETURN, STRAY, UNCLOSED, Grammar

COMMA = Grammar(",", '"')
LINES = st.text(alphabet='a,"" \té\ufeff;|^.\\\r', max_size=20).filter(lambda t: t[-1:] != "\r")


def by_hand(line: str, width: int) -> str | None:  # noqa: C901 - a state machine
    """The rule, character by character."""
    state, fields, returned = "start", 1, False
    for char in line:
        if char == ",":
            if returned and state == "bare":
                return RETURN
            if state != "quoted":
                state, fields, returned = "start", fields + 1, False
        elif char == '"':
            if state == "bare":
                return STRAY
            state = {"start": "quoted", "quoted": "closed", "closed": "quoted"}[state]
        elif state == "closed":
            return AFTER
        elif state in {"start", "bare"}:
            state, returned = "bare", returned or char == "\r"
    if state == "quoted":
        return UNCLOSED
    if returned and state == "bare":
        return RETURN
    return None if fields == width else FEW if fields < width else MANY


@given(st.lists(LINES, max_size=8), st.integers(1, 4))
def test_faults_are_those_of_the_rule(lines: list[str], width: int) -> None:
    expected = [by_hand(line, width) for line in lines]
    assert COMMA.faults(pl.Series(lines, dtype=pl.String), width).to_list() == expected
    assert [COMMA.fault(line, width) for line in lines] == expected


@given(st.lists(LINES, max_size=8), st.integers(1, 4))
def test_faultless_records_are_split_as_pythons_csv_module_does(
    lines: list[str], width: int
) -> None:
    good = [line for line in lines if by_hand(line, width) is None]
    names = [f"c{n}" for n in range(width)]
    split = COMMA.split(pl.Series(good, dtype=pl.String), names)
    # the csv module refuses the carriage returns that here are literal within quotes
    hidden = [line.replace("\r", "\x02") for line in good]
    expected = [next(csv.reader([line], strict=True)) or [""] for line in hidden]
    expected = [[field.replace("\x02", "\r") for field in row] for row in expected]
    assert [[field or "" for field in row] for row in split.rows()] == expected
    assert [COMMA.split_one(line) for line in good] == expected


def test_an_unquoted_empty_field_is_null_and_a_quoted_one_is_empty() -> None:
    assert COMMA.split(pl.Series([',""', '"",']), ["a", "b"]).rows() == [(None, ""), ("", None)]


def test_a_byte_order_mark_inside_a_file_is_kept() -> None:
    assert COMMA.split(pl.Series(["\ufeffx,y"]), ["a", "b"]).rows() == [("\ufeffx", "y")]


def test_without_quotes_everything_is_literal() -> None:
    plain = Grammar("|", None)
    texts = pl.Series(['"a|b"', '"|"x', "a"])
    assert plain.faults(texts, 2).to_list() == [None, None, FEW]
    assert plain.split(texts.head(2), ["a", "b"]).rows() == [('"a', 'b"'), ('"', '"x')]


def test_delimiters_and_quotes_may_be_signs_of_regular_expressions() -> None:
    for delimiter in "|^$.*+?()[]{}\\-&~#\t\x01 ":
        grammar = Grammar(delimiter, "'")
        line = f"'a{delimiter}''b'{delimiter}c"
        assert grammar.faults(pl.Series([line, "a'"]), 2).to_list() == [None, STRAY]
        assert grammar.split(pl.Series([line]), ["a", "b"]).rows() == [(f"a{delimiter}'b", "c")]
    for quote in "|^$.*+?()[]{}\\-&~#":
        grammar = Grammar(",", quote)
        assert grammar.faults(pl.Series([f"{quote}a,{quote},", "a"]), 2).to_list() == [None, FEW]
        assert grammar.split(pl.Series([f"{quote}a,{quote},"]), ["a", "b"]).rows() == [("a,", None)]
