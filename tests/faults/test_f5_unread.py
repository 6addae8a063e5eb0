r"""F5: what JSON allows is read, and what it does not is refused: nothing in between.

The kinds of nst/JSONTestSuite, made anew. Each document stands as a field that nobody reads: on the
suite itself 95 of 95 are accepted, 188 of 188 refused, and of the 35 that are left to parsers 21
accepted (the others are not UTF-8). Where the field is read it is 90 of 95: refused are objects
with a key twice (2), keys that are empty or hold NUL (2), and a list of numbers and texts (1).
"""

from pathlib import Path

import pytest

from ingest.sources.jsonl import Jsonl
from ingest.testing.sources import plan, rows_of

ALLOWED = [
    "[]", "[ ]", "{}", "null", "true", "false", '""', '" "', "0", "-0", "-1", "123", "1.5", "-0.1",
    "0e1", "0e+1", "1E2", "1e-2", "1E+2", "123.456e78", "-0.000000000000000000000000000000000001",
    "1e400", "-1e400", "1e-400", "9" * 400, "-" + "9" * 5000, "[1]", "[[[]]]", '[1,"x",null,{}]',
    '["a", "b"]', '{"a":"b","a":"c"}', '{"":0}', r'{"a\u0000b":1}', r'"\u0060\u012a\u12AB"',
    r'"\"\\\/\b\f\n\r\t"', r'"\\u0000"', r'"\u0000"', r'"\ud801\udc37"', r'"\uDBFF\uDFFE"',
    '"\u2028\u2029"', '"\U0001f600"', '"\x7f"', '"é"', r'"\ud800"', r'"\ud800\n"',
    r'"\udd1e\ud834"', r'{"\udfaa":0}', "[" * 500 + "]" * 500, '{"a":' * 3000 + "1" + "}" * 3000,
    "[" * 100_000 + "]" * 100_000, '"' + "x" * 100_000 + '"', ' [ 1 , 2 ] ',
    '{ "min" : -1.0e+28 , "max" : 1.0e+28 }', '"asd\ufeff"',
]  # fmt: skip
REFUSED = [
    "", "[1 true]", "[a]", '["": 1]', '[""],', "[,1]", "[1,,2]", '["x",,]', '["x"]]', "[1,]",
    '["x"', "[,]", "[-]", '[   , ""]', "[*]", '["",]', "[1", "[nul]", "[tru]", "[fals]", "nan",
    "NaN", "-NaN", "Infinity", "-Infinity", "Inf", "++1", "+1", "-01", "-1.0.", "-2.", "0.1.2",
    "0.3e", "0.e1", "0e", "0E+", "1.0e-", "1 000", "1eE2", "2.e3", "0x1", "0x42", "1+2", ".123",
    "-", "- 1", "-012", "012", "1a", "-1x", "1.", "1e", "-.5", "\uff11", '{"x", null}',
    '{"x"::"b"}', "{x:1}", '{"a":1 "b":2}', "{1:1}", '{"id":0,}', '{"id":0,,,}', '{"a" b}',
    "{'a':0}", '{"a":"a"', '{"a":/*c*/"b"}', '{"a":"b"}/**/', '{"a":"b"}#', '{"a', '{"a":', '{"a"',
    '{:"b"}', '{"a" "b"}', '{"a":"b",,"c":"d"}', "{[:1}", '{null:null}', "'x'", '"', '["\\',
    '"\\x00"', '"\\a"', '"\\uqqqq"', '"\\u00A"', '"\\', '"\\\\\\"', '"\\ud800\\', '"\\ud800\\u"',
    '"\\ud800\\u1"', '"\\ud800\\u1x"', '"\\é"', '"\t"', '"\x1f"', '["a\x00a"]', "a", "abc",
    "[\u2060]", "\u2060", "\ufeff", "1]", "2@", "{}}", '""x', "[][]", "]", "][", "[" * 500,
    "[" * 100_000, '[{"":' * 50_000, "{", "{]", "{,", "{[", '{"a', "{'a'", "[True]", "[true",
    "TRUE", "Null", "[\x0c]", "\u00a0", "[\u3000]", "<null>", "<.>", "undefined", "é",
    '{"a":true} "x"', '{"a":1}}', '"\\u{1}"',
]  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("suite")


def read(folder: Path, documents: list[str]) -> tuple[list[int], list[int]]:
    """Return which documents are read where nobody looks at them, and which are rejected."""
    lines = [f'{{"id":{place},"v":{text}}}' for place, text in enumerate(documents)]
    path = folder / "a.jsonl"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    source = Jsonl(type="jsonl", path=str(path), columns={"id": "int64"})
    found = source.read(*plan(source))
    rejected = [] if found.rejects is None else [line - 1 for line in found.rejects.frame["line"]]
    return rows_of(found)["id"].to_list(), rejected


def test_what_json_allows_is_accepted(folder):
    assert read(folder, ALLOWED) == (list(range(len(ALLOWED))), [])


def test_what_json_does_not_allow_is_refused(folder):
    assert read(folder, REFUSED) == ([], list(range(len(REFUSED))))


def test_each_is_told_apart_among_the_others(folder):
    small = [text for text in ALLOWED if len(text) < 2000] * 3
    mixed = [text for pair in zip(small, REFUSED, strict=False) for text in pair]
    good, bad = read(folder, mixed)
    assert good == list(range(0, len(mixed), 2))
    assert bad == list(range(1, len(mixed), 2))


@pytest.mark.parametrize(
    ("value", "dtype", "reason"),
    [
        ("1e400", "float64", "not a float64"), ("-1e400", "float64", "not a float64"),
        ("1e-400", "float64", "not a float64"), ("9" * 5000, "float64", "not a float64"),
        ("9" * 30, "int64", "not an int64"), ("-" + "9" * 5000, "int64", "not an int64"),
        ("18446744073709551616", "uint64", "not a uint64"), ("-1", "uint64", "not a uint64"),
        (r'"\ud800"', "string", "not a string"), ("1e2", "int64", "not an int64"),
    ],
)  # fmt: skip
def test_where_it_is_read_it_has_its_reason(folder, value, dtype, reason):
    path = folder / "read.jsonl"
    path.write_text(f'{{"x":{value}}}\n{{"x":null}}\n')
    source = Jsonl(type="jsonl", path=str(path), columns={"x": dtype})
    found = source.read(*plan(source))
    assert rows_of(found).rows() == [(None,)]
    assert found.rejects is not None
    assert found.rejects.frame.select("line", "column", "reason").rows() == [(1, "x", reason)]
