"""JSON Lines files: what is a row, what is a reject, and what is an error."""

import gzip
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from ingest.core.errors import ConfigError
from ingest.sources.base import Read
from ingest.sources.jsonl import Jsonl
from ingest.testing.sources import assert_balanced, layout_of, pack, plan, rows_of


def source(path: Path, **options: Any) -> Jsonl:
    return Jsonl(type="jsonl", path=str(path), **options)


def write(folder: Path, content: bytes | str, name: str = "a.jsonl") -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def read(reader: Jsonl) -> Read:
    found = reader.read(*plan(reader))
    assert_balanced(found)
    return found


def reasons(found: Read) -> list[tuple[Any, ...]]:
    if found.rejects is None:
        return []
    return found.rejects.frame.select("line", "column", "reason").rows()


def test_the_schema_is_that_of_the_sample(tmp_path: Path) -> None:
    write(tmp_path, '{"id":1,"m":{"p":1,"q":[]},"n":null}\n{"m":{"q":["x"],"p":2.5},"s":"y"}\n')
    write(tmp_path, '{"u":true}', "b.jsonl")
    reader = source(tmp_path)
    layout = layout_of(reader)
    assert layout.columns == {
        "id": pl.Int64(),
        "m": pl.Struct({"p": pl.Float64(), "q": pl.List(pl.String())}),
        "n": pl.String(),
        "s": pl.String(),
        "u": pl.Boolean(),
    }
    assert layout.notes["id"] == "inferred from 3 rows"
    assert layout.notes["n"] == "string: no type is set, and it is null in 3 rows"
    assert rows_of(read(reader)).to_dicts() == [
        {"id": 1, "m": {"p": 1.0, "q": []}, "n": None, "s": None, "u": None},
        {"id": None, "m": {"p": 2.5, "q": ["x"]}, "n": None, "s": "y", "u": None},
        {"id": None, "m": None, "n": None, "s": None, "u": True},
    ]


def test_columns_choose_what_is_read(tmp_path: Path) -> None:
    path = write(tmp_path, '{"a":1,"z":[{"y":1}],"b":"x"}\n{"z":{},"a":2}\n')
    found = read(source(path, columns={"b": "string", "a": "int8"}))
    assert rows_of(found).rows() == [("x", 1), (None, 2)]


def test_a_field_that_the_sample_did_not_have_is_a_reject(tmp_path: Path) -> None:
    write(tmp_path, '{"a":{"x":1}}\n')
    later = write(tmp_path, '{"a":{"x":1,"y":2}}\n{"b":1}\n{"a":null}\n', "b.jsonl")
    reader = source(tmp_path)
    slices = list(reader.slices(1000))
    found = reader.read(pack(slices), reader.layout(slices[:1], {}))
    assert reasons(found) == [(1, "a.y", "unknown field"), (2, "b", "unknown field")]
    assert found.rejects is not None
    assert found.rejects.frame["original"].to_list() == later.read_text().splitlines()[:2]


def test_another_type_in_a_later_file_is_a_reject_and_in_the_sample_an_error(
    tmp_path: Path,
) -> None:
    for number in range(1, 10):
        value = '"x"' if number == 9 else "1"
        write(tmp_path, f'{{"a":{value}}}\n', f"{number}.jsonl")
    reader = source(tmp_path)
    slices = list(reader.slices(1000))
    found = reader.read(pack(slices), reader.layout(slices[:3], {}))
    assert reasons(found) == [(1, "a", "not an int64")]
    with pytest.raises(ConfigError, match=r'"a" is int64 in some records .* and string in others'):
        reader.layout(slices, {})
    typed = reader.layout(slices, {"a": pl.Int64()})
    assert typed.notes["a"] == "contract"


def test_nothing_is_coerced(tmp_path: Path) -> None:
    lines = [
        '{"s":"x","n":1,"f":2}',
        '{"s":5}',
        '{"n":"5"}',
        '{"n":5.0}',
        '{"n":true}',
        '{"f":"2"}',
    ]
    found = read(
        source(
            write(tmp_path, "\n".join(lines)),
            columns={"s": "string", "n": "int64", "f": "float64"},
        )
    )
    assert rows_of(found).rows() == [("x", 1, 2.0)]
    assert reasons(found) == [
        (2, "s", "not a string"),
        (3, "n", "not an int64"),
        (4, "n", "not an int64"),
        (5, "n", "not an int64"),
        (6, "f", "not a float64"),
    ]


def test_dates_and_decimals_are_read_from_strings(tmp_path: Path) -> None:
    lines = ['{"d":"31.01.2024","x":"1.50"}', '{"d":null,"x":2.25}', '{"d":"x"}', '{"x":1.234}']
    types = {"d": {"type": "date", "format": "%d.%m.%Y"}, "x": "decimal(8,2)"}
    found = read(source(write(tmp_path, "\n".join(lines)), columns=types))
    assert rows_of(found).rows() == [
        (date(2024, 1, 31), Decimal("1.50")), (None, Decimal("2.25"))
    ]  # fmt: skip
    assert reasons(found) == [(3, "d", "not a date"), (4, "x", "not a decimal(8,2)")]


def test_malformed_records_are_rejects(tmp_path: Path) -> None:
    lines = [
        b'{"a":1}', b"", b"null", b"[1]", b'{"a":1,}', b'{"a":1}{"a":2}', b"{'a':1}", b'{"a":NaN}',
        b'{"a":1,"a":1}', b'{"b":"\xff"}', b'{"b":"\\ud800"}', b'{"a":01}', b'{"b":"\x00"}',
        b'{"a"',
    ]  # fmt: skip
    path = write(tmp_path, b"\r\n".join(lines))
    found = read(source(path, columns={"a": "int64", "b": "string"}))
    assert rows_of(found).rows() == [(1, None)]
    assert reasons(found) == [
        (2, None, "blank line"),
        (3, None, "not a JSON object"),
        (4, None, "not a JSON object"),
        (5, None, "malformed JSON"),
        (6, None, "malformed JSON"),
        (7, None, "malformed JSON"),
        (8, None, "malformed JSON"),
        (9, "a", "duplicate key"),
        (10, None, "not utf-8"),
        (11, "b", "not a string"),
        (12, None, "malformed JSON"),
        (13, None, "NUL byte"),
        (14, None, "malformed JSON"),
    ]


def test_a_column_that_is_nearly_named_like_a_field_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path, '{"user_id":1}\n')
    with pytest.raises(ConfigError, match=r'no field "usr_id" .* Did you mean "user_id"'):
        plan(source(path, columns={"usr_id": "int64"}))
    layout = layout_of(source(path, columns={"rare": "int64"}))
    assert layout.notes == {"rare": "source.columns; not in the 1 sampled records"}


def test_a_folder_key_never_hides_a_field(tmp_path: Path) -> None:
    (tmp_path / "a=1").mkdir()
    write(tmp_path / "a=1", '{"a":1,"b":2}\n')
    with pytest.raises(ConfigError, match='hive_partitions: "a" is also a column'):
        plan(source(tmp_path))


def test_types_that_json_cannot_nest_are_refused(tmp_path: Path) -> None:
    path = write(tmp_path, '{"a":["2024-01-01"]}\n')
    with pytest.raises(ConfigError, match="lists and structs can only contain numbers"):
        plan(source(path, columns={"a": "list<date>"}))


def test_compressed_files_are_read(tmp_path: Path) -> None:
    write(
        tmp_path,
        gzip.compress(b'{"a":1}\n', mtime=0) + gzip.compress(b'{"a":2}\n', mtime=0),
        "a.jsonl.gz",
    )
    assert rows_of(read(source(tmp_path)))["a"].to_list() == [1, 2]


def test_files_without_records_need_columns(tmp_path: Path) -> None:
    path = write(tmp_path, "")
    with pytest.raises(ConfigError, match="the columns are unknown"):
        plan(source(path))
    assert rows_of(read(source(path, columns={"a": "int64"}))).is_empty()


def test_a_sample_without_any_json_is_refused(tmp_path: Path) -> None:
    reader = source(write(tmp_path, "id,name\n1,a\n2,b\n").parent, columns={"id": "int64"})
    with pytest.raises(ConfigError, match=r"a.jsonl.: not JSON Lines .*Write type: csv"):
        layout_of(reader)
    write(tmp_path, '{"id": 1}\n', "b.jsonl")
    assert layout_of(reader).columns == {"id": pl.Int64()}
