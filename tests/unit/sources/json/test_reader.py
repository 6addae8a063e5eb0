"""Records read by pattern and records judged one by one come to the same."""

import json
from typing import Any

import polars as pl
from hypothesis import example, given
from hypothesis import strategies as st

from ingest.core.types import parse_type
from ingest.sources.json.judge import judge
from ingest.sources.json.reader import JsonReader
from ingest.sources.json.shape import compiles, pattern, reordered

KINDS = [
    "int8", "int64", "uint64", "float64", "boolean", "string", "list<int32>", "list<string>",
    "struct<x: int64, y: struct<z: string>>", "list<struct<x: float64>>", "list<list<int64>>",
    "null", "list<null>", "struct<x: null, y: list<struct<z: list<boolean>>>>",
]  # fmt: skip
KEYS = ["a", "b", 'c"d', "e.f", "é", "x"]
SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**70), 2**70), st.integers(-200, 300),
    st.floats(allow_nan=False), st.text(max_size=4), st.sampled_from(["\ud800", '"},', "\0", "\\"]),
    st.sampled_from([float("1e-320"), 10**400, -(10**400), 2**64]),
)  # fmt: skip
JSON = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from([*KEYS, "y", "z"]), inner, max_size=3)
    ),
    max_leaves=6,
)
SCHEMAS = st.dictionaries(st.sampled_from(KEYS), st.sampled_from(KINDS), min_size=1).map(
    lambda kinds: {name: parse_type(kind) for name, kind in kinds.items()}
)


def fitting(dtype: pl.DataType) -> st.SearchStrategy[Any]:
    """Values of a type, mostly."""
    if isinstance(dtype, pl.Null):
        return st.just({})
    if isinstance(dtype, pl.Struct):
        fields = {field.name: fitting(field.dtype) for field in dtype.fields}
        return st.fixed_dictionaries({}, optional=fields)
    if isinstance(dtype, pl.List):
        return st.lists(fitting(dtype.inner), max_size=3)
    if dtype.is_integer():
        return st.integers(0, 127)
    plain = {pl.Float64(): st.floats(allow_nan=False, allow_infinity=False)}
    return plain.get(dtype, st.booleans() if dtype == pl.Boolean() else st.text(max_size=4))


@st.composite
def cases(draw: st.DrawFn) -> tuple[dict[str, pl.DataType], list[str]]:
    schema = draw(SCHEMAS)
    good = st.fixed_dictionaries({}, optional={name: fitting(d) for name, d in schema.items()})
    texts = []
    for record in draw(st.lists(good | JSON, min_size=1, max_size=6)):
        text = json.dumps(record, ensure_ascii=draw(st.booleans()), indent=draw(st.none()))
        at = draw(st.integers(0, len(text)))
        if draw(st.integers(0, 3)) == 0:
            text = (
                text[:at]
                + draw(st.sampled_from([*',:{}[]"0-.\\ ', '{"a":1}', ""]))
                + text[at + 1 :]
            )
        texts.append(text)
    return schema, [text for text in texts if "\n" not in text and is_text(text)]


def is_text(text: str) -> bool:
    return not any("\ud800" <= char <= "\udfff" for char in text)


@given(cases(), st.booleans())
@example(({"a": pl.Int64()}, ['{"a":-0}', '{"a":1,}', '{"a":1}}', "{}", '{"a":1 "a":2}']), True)
def test_what_a_pattern_knows_is_what_the_judge_accepts(
    case: tuple[dict[str, pl.DataType], list[str]], closed: bool
) -> None:
    schema, texts = case
    column = pl.Series(texts, dtype=pl.String)
    values, faulty = JsonReader(schema, schema, closed=closed).parse(column)
    bad = {index: (name, reason) for index, name, reason in faulty.rows()}
    good = [text for index, text in enumerate(texts) if index not in bad]
    assert values.height == len(good)
    for text, row in zip(good, values.rows(named=True), strict=True):
        assert judge(text, schema, closed=closed) is None, "what Polars takes, the judge takes"
        record = json.loads(text)
        for name, dtype in schema.items():
            assert same(row[name], record.get(name), dtype), (text, name)
    for index, reason in bad.items():
        assert judge(texts[index], schema, closed=closed) == reason


def same(found: Any, wanted: Any, dtype: pl.DataType) -> bool:
    if wanted is None or found is None:
        return found is wanted
    if isinstance(dtype, pl.Struct):
        return all(
            same(found[field.name], wanted.get(field.name), field.dtype) for field in dtype.fields
        )
    if isinstance(dtype, pl.List):
        return len(found) == len(wanted) and all(
            same(one, other, dtype.inner) for one, other in zip(found, wanted, strict=True)
        )
    if isinstance(dtype, pl.Null):
        return (found, wanted) == ("{}", {})
    if dtype.is_float():
        return bool(found == float(wanted))
    return type(found) is type(wanted) and found == wanted


@given(cases())
def test_a_record_goes_to_polars_unseen_only_if_it_fits(
    case: tuple[dict[str, pl.DataType], list[str]],
) -> None:
    schema, texts = case
    for text in texts:
        if pl.Series([text]).str.contains(pattern(schema))[0]:
            fault = judge(text, schema, closed=True)
            assert fault in {None, (None, "malformed JSON"), (None, "not a JSON object")}, text


def test_records_in_their_usual_order_need_no_judge() -> None:
    schema = {"a": pl.Int64(), "m": pl.Struct({"p": pl.Float64(), "q": pl.List(pl.String())})}
    known = pattern(schema)
    texts = pl.Series(
        [
            '{"a":1,"m":{"p":1.5e3,"q":["x","\\ud83d\\ude00"]}}',
            ' { "a" : -12 , "m" : { "q" : [ ] } } ',
            '{"m":null}',
            "{}",
            '{"m":{},"a":1}',
            '{"a":"1"}',
            '{"a":1,"a":2}',
            '{"m":{"q":["\\ud800"]}}',
            "",
        ]
    )
    assert texts.str.contains(known).to_list() == [True] * 4 + [False] * 5
    assert list(reordered(schema, {"m": {"q": []}, "z": 1})) == ["m", "a"]
    other = pattern(reordered(schema, {"m": {"q": []}}))
    assert pl.Series(['{"m":{"q":[],"p":1},"a":1}']).str.contains(other)[0]


def test_another_order_of_keys_is_learned() -> None:
    texts = pl.Series([f'{{"b":"x","a":{n}}}' for n in range(500)])
    schema = {"a": pl.Int64(), "b": pl.String()}
    reader = JsonReader(schema, schema, closed=True)
    assert reader._unmatched(texts).is_empty()
    values, faulty = reader.parse(texts)
    assert values["a"].to_list() == list(range(500))
    assert faulty.is_empty()


def test_a_schema_too_wide_for_a_pattern_is_judged() -> None:
    schema = {f"column_{n}": pl.String() for n in range(3000)}
    assert not compiles(pattern(schema))
    texts = pl.Series(['{"column_7":"x"}', '{"column_7":1}'])
    values, faulty = JsonReader(schema, schema, closed=True).parse(texts)
    assert values["column_7"].to_list() == ["x"]
    assert faulty.rows() == [(1, "column_7", "not a string")]


def test_what_nobody_reads_may_be_whatever_json_allows() -> None:
    deep = "[" * 100_000 + "]" * 100_000
    objects = '{"z":' * 3000 + "1" + "}" * 3000
    unread = [
        deep, objects, "1e400", "-1e400", "9" * 5000, "-" + "9" * 400, r'"\ud800"', r'{"\udfaa":1}',
        r'{"x\u0000y":{"":[]}}', '{"k":1,"k":"x"}', "[" * 500 + "]" * 500,
    ]  # fmt: skip
    texts = pl.Series([f'{{"z":{value},"a":{n}}}' for n, value in enumerate(unread)])
    schema = {"a": pl.Int64()}
    values, faulty = JsonReader(schema, schema, closed=False).parse(texts)
    assert values["a"].to_list() == list(range(len(unread)))
    assert faulty.is_empty()
    inside = {"s": pl.List(pl.Struct({"a": pl.Int64()}))}
    texts = pl.Series([f'{{"s":[{{"z":{value},"a":1}}]}}' for value in unread[2:]])
    values, faulty = JsonReader(inside, inside, closed=False).parse(texts)
    assert values["s"].to_list() == [[{"a": 1}]] * len(texts)
    assert faulty.is_empty()


def test_the_same_in_a_field_that_is_read_has_its_reason() -> None:
    schema = {"a": pl.Float64(), "s": pl.String(), "l": pl.List(pl.List(pl.Int64()))}
    records = {
        '{"a":1e400}': ("a", "not a float64"),
        '{"a":-1e400}': ("a", "not a float64"),
        '{"a":' + "9" * 5000 + "}": ("a", "not a float64"),
        r'{"s":"\ud800"}': ("s", "not a string"),
        '{"l":' + "[" * 100 + "]" * 100 + "}": ("l", "nested too deeply"),
        '{"l":' + "[" * 100_000 + "]" * 100_000 + "}": ("l", "nested too deeply"),
        "[" * 100_000 + "]" * 100_000: (None, "not a JSON object"),
        "[" * 100_000: (None, "malformed JSON"),
        '{"l":' + "[" * 100_000: (None, "malformed JSON"),
        '{"x":[' * 5000 + "]}" * 4999 + "}]": (None, "malformed JSON"),
        '{"l":[[1e2]]}': ("l", "not an int64"),
        r'{"s":"x","s":"y"}': ("s", "duplicate key"),
        '{"z":' + '{"b":' * 3000 + "1" + "}" * 3000 + ',"a":1,"a":2}': ("a", "duplicate key"),
    }
    values, faulty = JsonReader(schema, schema, closed=False).parse(pl.Series(list(records)))
    assert values.is_empty()
    assert [(name, reason) for _, name, reason in faulty.rows()] == list(records.values())
