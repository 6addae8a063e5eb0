"""Reading all at once and looking at each record come to the same."""

import json
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from ingest.sources.base import Layout, Read
from ingest.sources.csv import Csv
from ingest.sources.files.foreign import foreign
from ingest.sources.jsonl import Jsonl
from ingest.sources.text.line_rules import LineTally
from ingest.sources.text.source import TextSource
from ingest.testing.sources import layout_of, pack

CSV_PIECES = [
    b"1", b"x", b"1,2", b",", b'"', b'""', b'"a,b"', b'"a""b"', b"\n", b"\r\n", b"\r", b" ",
    "\ufeff".encode(), "é".encode(), b"\xff", b"\0", b"1,x\n", b'2,"y"\n', b"-7,\r\n",
]  # fmt: skip
JSON_PIECES = [
    b'{"a":1,"b":"x"}', b'{"a":2}', b'{"b":"y","a":3}', b"{}", b'{"a":-0}', b'{"a":1,}',
    b'{"a":1}}',
    b'{"b":"\\ud800"}', b'{"b":5}', b'{"a":1,"a":2}', b"\n", b"\r\n", b" ", b",", b'"', b"\xff",
    b"\0", b'{"c":1}', '{"b":"é\\u00e9"}'.encode(), b"null",
]  # fmt: skip
UTF16 = (b"\xff\xfe", b"\xfe\xff")
"""With these marks a file is refused as a whole."""


def is_readable(data: bytes) -> bool:
    """Say whether a file is not refused as a whole: for what it is, or lines that end in CR."""
    one_kind = b"\r" not in data or b"\n" in data
    return one_kind and data[:2] not in UTF16 and foreign(data) is None


TEXT = {
    "csv": st.lists(st.sampled_from(CSV_PIECES), max_size=12).map(b"".join)
    | st.binary(max_size=20),
    "jsonl": st.lists(st.sampled_from(JSON_PIECES), max_size=12).map(b"\n".join)
    | st.lists(st.sampled_from(JSON_PIECES), max_size=6).map(b"".join),
}
TEXT = {kind: texts.filter(is_readable) for kind, texts in TEXT.items()}


class CarefulCsv(Csv):
    """Looks at every record."""

    def clean_values(self, *_: object) -> None:
        return None


class CarefulJsonl(Jsonl):
    """Judges every record."""

    def clean_values(self, *_: object) -> None:
        return None


def found(read: Read) -> tuple[Any, ...]:
    rejects = None if read.rejects is None else read.rejects.frame.rows()
    return read.records, read.frame.collect().rows(), rejects


def compare(
    data: bytes, make: Callable[[Path], tuple[TextSource, TextSource]], head: bytes
) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "data"
        path.write_bytes(head)
        fast, careful = make(path)
        layout = layout_of(fast)
        path.write_bytes(data)
        partition = pack(list(fast.slices(10**9)))
        assert found(fast.read(partition, layout)) == found(careful.read(partition, layout))


@given(TEXT["csv"], st.booleans())
def test_csv(data: bytes, typed: bool) -> None:
    def make(path: Path) -> tuple[TextSource, TextSource]:
        names = ("p", "q")
        types = {"p": "int64"} if typed else {}
        options: dict[str, Any] = {"path": str(path), "header": names, "columns": types}
        return Csv(type="csv", **options), CarefulCsv(type="csv", **options)

    compare(data, make, b"1,2\n")


@given(TEXT["csv"])
def test_csv_of_one_column(data: bytes) -> None:
    def make(path: Path) -> tuple[TextSource, TextSource]:
        options: dict[str, Any] = {"path": str(path), "header": ("p",)}
        return Csv(type="csv", **options), CarefulCsv(type="csv", **options)

    compare(data, make, b"1\n")


@given(TEXT["jsonl"])
def test_jsonl(data: bytes) -> None:
    def make(path: Path) -> tuple[TextSource, TextSource]:
        return Jsonl(type="jsonl", path=str(path)), CarefulJsonl(type="jsonl", path=str(path))

    compare(data, make, b'{"a":1,"b":"x"}\n')


def test_clean_files_are_read_all_at_once(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text('p,q\n1,"x,y"\r\n2,\n')
    source = Csv(type="csv", path=str(path), columns={"p": "int8"})
    layout = layout_of(source)
    assert source.clean_values(b'1,"x,y"\r\n2,\n', ("p", "q"), layout, LineTally()) is not None
    for doubtful in (b"1\n", b'1,"x\n2,y"\n', b'1,x"\n', b"\n", b"1,\0\n", b"1,\xff\n", b"1,2,3\n"):
        assert source.clean_values(doubtful, ("p", "q"), layout, LineTally()) is None
    lines = Jsonl(type="jsonl", path=str(path), columns={"a": "int64"})
    frozen = Layout(
        {"a": pl.Int64()}, {"closed": False, "folder_keys": [], "shape": {"a": "int64"}}
    )
    assert lines.clean_values(b'{"a":1}\n{}\n', (), frozen, LineTally()) is not None
    for record in ({"b": 1}, [], {"a": "1"}):
        assert (
            lines.clean_values(json.dumps(record).encode() + b"\n", (), frozen, LineTally()) is None
        )
