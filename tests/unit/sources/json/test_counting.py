"""What counting lets through at once is what judging each record lets through, with its values."""

import json

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.core.types import parse_type
from ingest.sources.json.counting import Counting
from ingest.sources.json.reader import JsonReader
from tests.examples import examples

KINDS = {
    "a": "int16",
    "b": "string",
    "c": "struct<x: float64, y: string, z: struct<w: int8>>",
    "d": "boolean",
}
SCHEMA = {name: parse_type(kind) for name, kind in KINDS.items()}
SOUND = [
    '{"a": 1, "b": "x", "c": {"x": 0.5, "y": "", "z": {"w": 3}}, "d": true}',
    '{"d":false,"c":{"z":{"w":-1},"y":"{[\\"a\\": \\\\","x":-0.0},"b":"\\n é \\u00e9","a":-7}',
    '{"a":2,"b":"e-mail: \\\\\\"x\\\\","c":{"x":1e3,"y":"]","z":{"w":0}},"d":true}\r',
]
REPLACED = st.sampled_from([
    ('"a": 1', '"a": null'), ('"a": 1', '"a": 1.0'), ('"a": 1', '"a": "1"'), ('"a": 1', '"A": 1'),
    ('"a": 1', '"a": 40000'), ('"a": 1', '"a": 1, "a": 1'), ('"a": 1', '"a": 1, "q": null'),
    ('"a": 1', '"q": null'), ('"a": 1', '"\\u0061": 1'), ('"a": 1', '"a": 01'), ('"a": 1, ', ""),
    ('"x", ', '5, '), ('"x", ', '["x"], '), ('"x", ', '{}, '), ('"x", ', '{"x": 1}, '),
    ('"x", ', '"\\ud800", '), ('"x", ', '"\\ud83d\\ude00", '), ('"x", ', '"\t", '),
    ('"x", ', '"x" , '), ('"x", ', '"x""y", '), ('"x", ', 'x, '), ('"x", ', '"x, '),
    ('"x", ', '"\\\\ud800", '), ('"x", ', '"\\u0000", '), ('"x", ', '"\\q", '),
    ("0.5", "9007199254740993"), ("0.5", "1e-400"), ("0.5", "1e400"), ("0.5", "5"),
    ("0.5", "0." + "0" * 400 + "1"), ("0.5", "0e-5"), ("0.5", '"e-5"'), ("0.5", "1" * 30),
    ('"y": ""', '"y": null'), ('"y": ""', '"y": "", "k": {"l": []}'), ('"y": ""', '"y": [""]'),
    ('"w": 3', '"w": 300'), ('{"w": 3}', "{}"), ('{"w": 3}', "null"), ('{"w": 3}', "[3]"),
    ('"a": 1, "b": "x"', '"a": 1, "b": "x", "q": "x"'), ('"b": "x", ', ""), ('"b": "x"', '"b": 5'),
    ('"d": true', '"d": "true"'), (', "d": true', ""), ('"d": true', '"d": true, "d": true'),
    ("true", "1"), ("true", "tru"), ("true", '"true"'), ("true}", "true"), ("true}", "true}}"),
    ("true}", "true} {}"), ("{", "[{", ), ("true}", "true}\\"), ('{"a"', ' {"a"'), ("true}", "]"),
])  # fmt: skip
ODD = st.lists(REPLACED, min_size=1, max_size=2) | st.sampled_from(["", " ", "5", "[]", "null"])


def odd(changes: list[tuple[str, str]] | str) -> str:
    """Return a sound record with something else in it, or a line that is none."""
    if isinstance(changes, str):
        return changes
    text = SOUND[0]
    for before, after in changes:
        text = text.replace(before, after, 1)
    return text


@examples(200)
@given(st.lists(st.tuples(st.integers(0, 23), ODD), max_size=3))
def test_all_at_once_and_one_by_one_agree(
    drawn: list[tuple[int, list[tuple[str, str]] | str]],
) -> None:
    lines = [SOUND[place % len(SOUND)] for place in range(24)]
    for place, changes in drawn:
        lines[place] = odd(changes)
    reader = JsonReader(SCHEMA, SCHEMA, closed=True)
    try:
        counted = reader.count_whole("".join(f"{line}\n" for line in lines).encode(), set())
    except pl.exceptions.PolarsError:
        return
    assert counted is not None
    values, doubts = counted
    assert set(doubts.tolist()) <= {place for place, _ in drawn}
    judged, faulty = reader.parse(pl.Series([line.rstrip("\r") for line in lines]))
    assert set(faulty["index"]) <= set(doubts.tolist())
    kept = [place for place in range(24) if place not in set(faulty["index"])]
    same = judged.filter(~pl.Series(kept).is_in(doubts.tolist()))
    assert values.equals(same, null_equal=True)


@pytest.mark.parametrize(
    ("more", "fewer"),
    [
        ('{"a": 1, "b": "x", "q": 1}', '{"b": "x"}'),
        ('{"a": 1, "a": 2, "b": "x"}', '{"b": "x"}'),
        ('{"a": "1", "b": "x"}', '{"a": 1, "b": 5}'),
        ('{"a": 1, "b": "x", "q": "x"}', '{"a": 1}'),
        ('{"a": 1, "b": {"q": 1}}', '{"b": "x"}'),
        ('{"a": 1, "b": "x", "q": 1}', "{}\n{}\n{}"),
    ],
)
def test_a_record_with_too_much_is_found_beside_one_with_too_little(more: str, fewer: str) -> None:
    schema = {"a": parse_type("int16"), "b": parse_type("string")}
    lines = ['{"a": 1, "b": "x"}'] * 20 + [more, *fewer.split("\n")]
    counted = JsonReader(schema, schema, closed=True).count_whole(
        "".join(f"{line}\n" for line in lines).encode(), set()
    )
    assert counted is not None
    assert counted[1].tolist() == list(range(20, len(lines)))
    assert counted[0].rows() == [(1, "x")] * 20


@pytest.mark.parametrize(
    "kind", ["list<int64>", "null", "decimal(10,2)", "float32", "struct<x: null>"]
)
def test_of_some_types_counts_prove_nothing(kind: str) -> None:
    assert not Counting({"a": parse_type(kind)}, {}).is_possible


def test_records_that_are_mostly_unlike_are_left_to_others() -> None:
    lines = [json.dumps({"a": number} | ({"b": ""} if number % 2 else {})) for number in range(9)]
    reader = JsonReader(
        {"a": pl.Int64(), "b": pl.String()}, {"a": pl.Int64(), "b": pl.String()}, closed=True
    )
    assert reader.count_whole("".join(f"{line}\n" for line in lines).encode(), set()) is None
