"""Bytes to numbered records."""

from typing import Any

import numpy as np
import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from ingest.core.rows import position
from ingest.sources.text.bodies import (
    Body,
    in_blocks,
    in_lines,
    join_bodies,
    line_counts,
    longest_line,
)
from ingest.sources.text.dialect import Dialect
from ingest.sources.text.line_rules import LineRules, LineTally
from ingest.sources.text.lines import records_at, split_records

QUOTED: dict[str, Any] = {"dialect": Dialect(",", '"'), "multiline": True}


def texts(data: bytes, **rules: Any) -> list[tuple[int, str | None, str | None]]:
    records = split_records([Body(0, data)], LineRules(**rules))
    return records.select("line", "text", "reason").rows()


def test_records_of_several_bodies_are_numbered_in_each() -> None:
    bodies = [Body(3, b"a\nb"), Body(4, b""), Body(7, b"c\n\n")]
    records = split_records(bodies, LineRules())
    assert records["position"].to_list() == [
        position(3), position(3, 1), position(7), position(7, 1)
    ]  # fmt: skip
    assert records["line"].to_list() == [0, 1, 0, 1]
    assert records["text"].to_list() == ["a", "b", "c", ""]
    assert records["reason"].to_list() == [None, None, None, "blank line"]
    lines, numbered = LineTally().number(bodies, line_counts(bodies))
    assert numbered.equals(records["position"])
    assert lines.tolist() == records["line"].to_list()
    assert join_bodies(bodies) == b"a\nb\nc\n\n"


def test_carriage_returns_before_a_line_feed_end_the_line_too() -> None:
    assert [text for _, text, _ in texts(b"a\r\nb\r\r\n\rc\r")] == ["a", "b", "\rc"]


def test_skipped_lines_are_numbered_though_they_are_no_records() -> None:
    data = b"#x\na\n\n#y\nb\n"
    records = split_records([Body(1, data)], LineRules(blank="skip", comment="#"))
    assert records.select("position", "line", "text").rows() == [
        (position(1, 1), 1, "a"), (position(1, 4), 4, "b")
    ]  # fmt: skip


def test_quoted_line_feeds_join_lines() -> None:
    data = b'a,"x\r\ny"\n"\n\n",b\nlast,"open\nto the end'
    assert texts(data, **QUOTED) == [
        (0, 'a,"x\r\ny"', None),
        (2, '"\n\n",b', None),
        (5, 'last,"open\nto the end', None),
    ]


def test_each_file_begins_outside_quotes() -> None:
    bodies = [Body(0, b'"open\nx'), Body(1, b"a\nb")]
    records = split_records(bodies, LineRules(**QUOTED))
    assert records["text"].to_list() == ['"open\nx', "a", "b"]


def test_bytes_of_another_encoding_are_shown_as_numbers() -> None:
    records = split_records([Body(0, b'"\xff\nok"\n')], LineRules(**QUOTED))
    assert records.select("text", "original", "reason").rows() == [
        (None, '"\\xff\nok"', "not utf-8")
    ]


def test_the_limit_counts_bytes_without_the_line_end() -> None:
    data = "é\r\néé\r\nééé\r\n".encode()
    reasons = [reason for _, _, reason in texts(data, max_record_bytes=4)]
    assert reasons == [None, None, "record too long"]
    assert longest_line(data) == 8
    assert longest_line(b"") == 0


def test_blocks_hold_bodies_of_one_header_up_to_a_size() -> None:
    bodies = [
        Body(0, b"aaaa", ("x",)), Body(1, b"bb", ("x",)), Body(2, b"c", ("x",)),
        Body(3, b"d", ("y",)), Body(4, b"eeeeeeeeee", ("y",)), Body(5, b"f", ("y",)),
    ]  # fmt: skip
    blocks = [[body.slice_index for body in block] for block in in_blocks(bodies, 6)]
    assert blocks == [[0, 1], [2], [3], [4], [5]]


def test_no_bytes_hold_no_records() -> None:
    assert split_records([Body(0, b"")], LineRules()).is_empty()
    assert split_records([Body(0, b"")], LineRules(**QUOTED)).is_empty()
    assert split_records([], LineRules()).schema["position"] == pl.UInt64


def test_bodies_of_one_slice_are_numbered_on() -> None:
    tally = LineTally()
    first = split_records([Body(2, b"a\n#\nb\n"), Body(5, b"c\n")], LineRules(comment="#"), tally)
    then = split_records([Body(5, b"d\n"), Body(2, b"#\ne\n")], LineRules(comment="#"), tally)
    assert first["position"].to_list() == [position(2), position(2, 2), position(5)]
    assert then.select("position", "line", "text").rows() == [
        (position(5, 1), 1, "d"), (position(2, 4), 4, "e")
    ]  # fmt: skip


@given(st.lists(st.binary(max_size=9), max_size=9), st.integers(1, 20))
def test_pieces_of_lines_are_the_chunks(chunks: list[bytes], wanted: int) -> None:
    pieces = list(in_lines(chunks, wanted, 1000))
    assert b"".join(pieces) == b"".join(chunks)
    assert all(piece.endswith(b"\n") for piece in pieces[:-1])


@given(
    st.lists(st.text("ab\n", max_size=9).map(str.encode), max_size=30),
    st.integers(1, 20),
    st.integers(0, 9),
)
def test_of_a_line_that_is_too_long_only_the_beginning_is_kept(
    chunks: list[bytes], wanted: int, most: int
) -> None:
    lines = b"".join(in_lines(chunks, wanted, most)).split(b"\n")
    whole = b"".join(chunks).split(b"\n")
    assert len(lines) == len(whole)
    for line, full in zip(lines, whole, strict=True):
        assert full.startswith(line)
        assert line == full or most < len(line) <= most + 9


@given(st.binary(max_size=300).map(lambda data: data + b"\n"), st.data())
def test_records_are_found_by_the_numbers_of_their_lines(data: bytes, drawn: st.DataObject) -> None:
    whole = split_records([Body(0, data)], LineRules())
    numbers = drawn.draw(st.sets(st.sampled_from(range(whole.height))).map(sorted))
    few = records_at(data, np.array(numbers, dtype=np.int64), LineRules())
    assert few.drop("position").equals(whole[numbers].drop("position"))
