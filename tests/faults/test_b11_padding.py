"""B11: zero bytes behind a gzip archive are padding; other bytes are said to be what they are."""

import gzip
import zlib
from pathlib import Path
from typing import Any

import pytest

from ingest.core.errors import BadRowError, ConfigError
from ingest.sources.csv import Csv
from ingest.sources.jsonl import Jsonl
from ingest.testing.sources import layout_of, plan, rows_of
from tests.faults.text_job import TextJob

CSV = b"id,name\n" + b"".join(b"%d,x\n" % number for number in range(20_000))
BLOCK = 256 * 1024


def source(folder: Path, data: bytes, **options: Any) -> Csv:
    path = folder / "a.csv.gz"
    path.write_bytes(data)
    return Csv(type="csv", path=str(path), **options)


def test_a_padded_archive_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    job = TextJob.at(tmp_path)
    job.write("a.csv.gz", gzip.compress(b"id,name\n1,a\n", mtime=0) + bytes(512))
    assert job.run().rows == [("1", "a")]


@pytest.mark.parametrize("padding", [1, 10, BLOCK - 1, BLOCK, 3 * BLOCK + 5])
@pytest.mark.parametrize("parts", [1, 2])
def test_any_amount_of_it(tmp_path: Path, padding: int, parts: int) -> None:
    half = len(CSV) // 2
    pieces = [CSV] if parts == 1 else [CSV[:half], CSV[half:]]
    data = b"".join(map(gzip.compress, pieces)) + bytes(padding)
    for multiline in (False, True):
        reader = source(tmp_path, data, multiline=multiline)
        assert rows_of(reader.read(*plan(reader))).height == 20_000


def test_json_lines_too(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl.gz").write_bytes(gzip.compress(b'{"a":1}\n', mtime=0) + bytes(99))
    reader = Jsonl(type="jsonl", path=str(tmp_path))
    assert rows_of(reader.read(*plan(reader))).rows() == [(1,)]


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (b"\0\0more", r"zero bytes follow its end, and then other bytes: b'more'"),
        (bytes(BLOCK + 7) + b"x", r"zero bytes follow its end, and then other bytes: b'x'"),
        (
            bytes(5) + gzip.compress(b"3,c\n", mtime=0),
            r"zero bytes follow its end, and then other bytes",
        ),
        (b"id,name\n3,c\n", r"bytes that are not gzip follow its end: b'id,name\\n3,c\\n'"),
        (b"\x1f", "truncated"),
        (b"\x1f\x8b\x08", "truncated"),
        (zlib.compress(b"3,c\n"), "bytes that are not gzip follow its end"),
    ],
)
def test_other_bytes_behind_it_are_an_error(tmp_path: Path, more: bytes, said: str) -> None:
    reader = source(tmp_path, gzip.compress(b"id,name\n1,a\n", mtime=0) + more)
    with pytest.raises(ConfigError, match=said):
        layout_of(reader)


def test_zeros_alone_are_no_archive(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="does not begin like one, but with b'"):
        layout_of(source(tmp_path, bytes(100)))


def test_the_limit_stays(tmp_path: Path) -> None:
    reader = source(
        tmp_path, gzip.compress(CSV, mtime=0) + bytes(1000), max_decompressed_bytes=1000
    )
    with pytest.raises(BadRowError, match="unpack to more than 1000 bytes"):
        reader.read(*plan(reader))
