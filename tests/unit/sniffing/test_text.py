"""Pieces of text files: encoding, and whole lines."""

import gzip
import random
from pathlib import Path

import pytest

from ingest.core.errors import ConfigError
from ingest.core.partition import Slice
from ingest.sniffing.text import Text, find_encoding, read_text
from ingest.sources.files.listing import list_files

NOISE = random.Random(1).randbytes(3000)


def piece(path: Path, data: bytes) -> Slice:
    path.write_bytes(data)
    return list_files(str(path), (".csv",))[0]


@pytest.mark.parametrize(
    ("sample", "encoding"),
    [
        (b"plain", "utf-8"),
        ("Zürich €".encode(), "utf-8"),
        ("Zürich".encode("latin-1"), "latin-1"),
        ("Zürich €".encode("cp1252"), "cp1252"),
        ("ü".encode("latin-1") + b"\x81", "latin-1"),
        ("Zürich äöü ".encode() * 9 + b"\xff", "utf-8"),
    ],
)
def test_encodings(sample: bytes, encoding: str) -> None:
    assert find_encoding(sample) == encoding


def test_a_mark_is_no_text_and_comes_back_when_written(tmp_path: Path) -> None:
    text = read_text(piece(tmp_path / "a.csv", b"\xef\xbb\xbfa,b\r\n1,2\r\n"))
    assert (text.pieces, text.bom, text.whole) == (("a,b\r\n1,2\r\n",), True, True)
    assert text.encoded("a\r\n") == b"\xef\xbb\xbfa\r\n"


def test_utf16_is_known_by_its_mark(tmp_path: Path) -> None:
    text = read_text(piece(tmp_path / "a.csv", "a,ü\n".encode("utf-16")))
    assert (text.pieces, text.encoding) == (("a,ü\n",), "utf-16")
    assert text.encoded("a,ü\n").decode("utf-16") == "a,ü\n"


def test_utf16_without_a_mark_is_known_by_its_nuls(tmp_path: Path) -> None:
    text = read_text(piece(tmp_path / "a.csv", "id,näme\n1,ü\n".encode("utf-16-le")))
    assert (text.pieces, text.encoding) == (("id,näme\n1,ü\n",), "utf-16-le")


def test_lines_that_end_in_cr_alone_are_lines(tmp_path: Path) -> None:
    text = read_text(piece(tmp_path / "a.csv", b"a,b\r1,2\r"))
    assert (text.pieces, text.line_end) == (("a,b\n1,2\n",), "\r")
    assert text.encoded("a,b\n") == b"a,b\r"


def test_bytes_that_are_no_text_are_kept(tmp_path: Path) -> None:
    data = "Zürich äöü\n".encode() * 9 + b"\xff\n"
    text = read_text(piece(tmp_path / "a.csv", data))
    assert text.encoded(text.pieces[0]) == data


def test_only_whole_lines_of_a_long_file_are_kept(tmp_path: Path) -> None:
    text = read_text(piece(tmp_path / "a.csv", b"12345\n" * 200), head_bytes=200)
    assert not text.whole
    assert len(text.pieces) == 4
    assert text.ended
    assert all(set(part.splitlines()) == {"12345"} for part in text.pieces)


def test_a_compressed_file_shows_its_head(tmp_path: Path) -> None:
    text = read_text(
        piece(tmp_path / "a.csv.gz", gzip.compress(b"12345\n" * 100, mtime=0)), head_bytes=200
    )
    assert text == Text(("12345\n" * 33,), "utf-8", bom=False, whole=False, ended=False)


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("a.csv", gzip.compress(b"a\n", mtime=0), "Rename it to end in .gz"),
        ("a.csv.gz", gzip.compress(b"a,b\n" * 999, mtime=0)[:20], "the gzip archive is truncated"),
        ("a.csv", b"a\1\2\3" * 200, "many control characters"),
        ("a.csv", NOISE, "many control characters.*Inspect the file: head -c 300"),
        ("a.csv", NOISE[:200], "many control characters"),
        ("a.csv", b"PK\3\4" + b"x" * 99 + b"xl/workbook.xml", "Excel is not supported yet"),
        ("a.csv", b"x" * 300, "there is no line end in"),
    ],
)
def test_what_cannot_be_looked_at_is_refused(
    tmp_path: Path, name: str, data: bytes, said: str
) -> None:
    with pytest.raises(ConfigError, match=said):
        read_text(piece(tmp_path / name, data), head_bytes=200)
