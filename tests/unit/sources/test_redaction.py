"""Records in which some fields are redacted, all else as it was written."""

import polars as pl
import pytest

from ingest.core.private import REDACTED
from ingest.sources.delimited.redaction import Fields
from ingest.sources.json.redaction import redacted, replaced
from ingest.sources.text.dialect import Dialect


def hidden(record, *places, width=3, **dialect):
    """Redact fields of one record."""
    fields = Fields(
        Dialect(**{"delimiter": ",", "quote": '"', **dialect}),
        width,
        lambda place, text: REDACTED if text and place in places else text,
    )
    return fields.replaced(pl.Series([record])).item()


@pytest.mark.parametrize(
    ("record", "found", "options"),
    [
        ("a,b,c", "a,***,c", {}),
        ('a,"b, ""x""",c', 'a,"***",c', {}),
        ('"a ""1""",b,"c"', '"a ""1""",***,"c"', {}),
        ("a,,c", "a,,c", {}),
        ('a,"",c', 'a,"",c', {}),
        ('a,"two\nlines",c', 'a,"***",c', {}),
        ("a||b\x1f||c", "a||***||c", {"delimiter": "||"}),
        ("a\x1f||b||c", "a\x1f||***||c", {"delimiter": "||"}),
        (r"a\,1,b\"\\,c\\", r"a\,1,***,c\\", {"escape": "\\"}),
        ("a, b,  c", "a, ***,  c", {"skip_space": True}),
        ("a,b,c,", "a,***,c,", {"trailing": True}),
        ("a,b", "a,***", {"short": True}),
        ('a,"b,c', "a,***,c", {"quote": None}),
        ("a§b§c", "a§***§c", {"delimiter": "§"}),
    ],
)
def test_the_rest_of_a_record_is_as_it_was(record, found, options):
    assert hidden(record, 1, **options) == found


@pytest.mark.parametrize("record", ["a,b", "a,b,c,d", 'a,"b,c', 'a,b"x,c', 'a,"b"x,c', "a,\0,c"])
def test_what_cannot_be_taken_apart_is_told(record):
    assert hidden(record, 1) is None


@pytest.mark.parametrize(
    ("record", "found"),
    [
        ('{"a": 1, "b": "x"}', '{"a": 1, "b": "***"}'),
        (' { "b" : [1, {"b": "}"}] , "a":1.50}', ' { "b" : "***" , "a":1.50}'),
        ('{"b": {"a": "]"}, "a": {"b": 1}}', '{"b": "***", "a": {"b": 1}}'),
        ('{"b": null, "b": "x\\"y"}', '{"b": null, "b": "***"}'),
        ('{"\\u0062": true}', '{"\\u0062": "***"}'),
        ('{"new": 1, "a": []}', '{"new": "***", "a": []}'),
        ("{}", "{}"),
        ('{"b": ', REDACTED),
        ('["b"]', REDACTED),
        ("5", REDACTED),
    ],
)
def test_fields_of_json(record, found):
    assert redacted(pl.Series([record]), frozenset({"a"})).item() == found


def test_deeply_nested_json():
    deep = "[" * 5000 + "]" * 5000
    assert replaced(f'{{"a": {deep}, "b": 1}}', lambda *_: "0") == '{"a": 0, "b": 0}'
