"""F3: what lies within an open quote is no record, wherever the file is cut."""

import gzip
import random
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from ingest.sources.csv import Csv
from ingest.sources.text.open_quotes import REACH
from ingest.testing.sources import pack, plan, records_of, rows_of
from tests.faults.text_job import TextJob

INSIDE = "inside an unclosed quote"
OPEN = "unclosed quote"


@pytest.fixture
def job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> TextJob:
    monkeypatch.chdir(tmp_path)
    return TextJob.at(tmp_path)


def read(
    folder: Path, data: str | bytes, *cuts: int, **options: Any
) -> tuple[list[Any], list[Any]]:
    """Return rows and reasons, which must be the same however the file is cut."""
    path = folder / "a.csv"
    path.write_bytes(
        data.encode(options.get("encoding", "utf-8")) if isinstance(data, str) else data
    )
    reader = Csv(type="csv", path=str(path), **options)
    partition, layout = plan(reader)
    whole = records_of(reader, partition, layout)
    for target in cuts or (1, 2, 3, 5, 9, 14):
        assert records_of(reader, pack(list(reader.slices(target))), layout) == whole, target
    found = reader.read(partition, layout)
    rejects = [] if found.rejects is None else found.rejects.frame.select("line", "reason").rows()
    return rows_of(found).rows(), rejects


def test_the_rows_within_are_rejected(job: TextJob) -> None:
    job.write("a.csv", 'a,b\n1,"x\n2,3\ny"\n4,5')
    output = job.run()
    assert output.rows == [("4", "5")]
    assert output.rejects == [(2, OPEN, '1,"x'), (3, INSIDE, "2,3"), (4, INSIDE, 'y"')]


@pytest.mark.parametrize("name", ["a.csv", "a.csv.gz"])
def test_packed_files_too(job: TextJob, name: str) -> None:
    data = b'a,b\n1,"x\n2,3\ny"\n4,5\n'
    job.write(name, gzip.compress(data, mtime=0) if name.endswith("gz") else data)
    assert job.run(columns={"a": "int64"}).rows == [(4, "5")]


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1", "utf-16"])
@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ('a,b\n1,"ä\n2,3\n\n4,"" 5\n6",7\n8,9\n', [("8", "9")]),
        ('a,b\n1,"ä\n2,3\n4","5\n6,7\n8"\n9,0\n', [("9", "0")]),
        ('a,b\n"\n1,2\n","\n3,4\n"\n5,6\n', [("5", "6")]),
        ('a,b\n"x,1\n2,3\n"4,5"\n6,7\n', [("6", "7")]),
        ('a,b\n1,"x\n2,3\n4,"5"\n6,7\n', [("4", "5"), ("6", "7")]),
        ('a,b\r\n1,"x\r\n2,3\r\ny"\r\n4,5\r\n', [("4", "5")]),
        ('a,b\n1,"x\n2,3\n4,5\n', []),
        ('a,b\n1,2\n3,4"5\n6,7\n', [("1", "2"), ("6", "7")]),
    ],
)
def test_the_quote_is_followed_until_it_closes_or_cannot_be_open(
    tmp_path: Path, text: str, rows: list[Any], encoding: str
) -> None:
    names = ("a", "b")
    assert read(tmp_path, text, header=names, skip_rows=1, encoding=encoding)[0] == rows


def test_every_line_within_is_rejected_for_it(tmp_path: Path) -> None:
    text = 'a,b\n1,"x\n# 2,3\n\n4,5,6\nTotal,7\ny"\n# z\nTotal,8\n9,9\n'
    rows, reasons = read(tmp_path, text, comment="#", blank_lines="skip", ignore_rows="^Total")
    assert rows == [("9", "9")]
    assert reasons == [(2, OPEN), *((line, INSIDE) for line in range(3, 8))]


def test_it_is_not_followed_beyond_its_reach(tmp_path: Path) -> None:
    body = "".join(f"{number},x\n" for number in range(300_000))
    rows, reasons = read(tmp_path, f'a,b\n1,2\n3,"4\n{body}', 100_000, REACH, 3 * REACH // 2)
    inside = sum(reason == INSIDE for _, reason in reasons)
    first = int(rows[1][0])
    assert len(rows) + len(reasons) == 300_002
    assert first == inside
    assert REACH - 20 < len(f'3,"4\n{body[: body.index(f"{first},x")]}') < REACH + 20


def test_long_values_are_followed_over_cuts(tmp_path: Path) -> None:
    value = "2,3\n" * 100_000
    text = f'a,b\n1,"{value}"\n' + "4,5\n" * 50_000 + f'6,"{value}"\n7,8\n'
    rows, reasons = read(tmp_path, text, 50_000, 333_333, 10**6)
    assert rows == [("4", "5")] * 50_000 + [("7", "8")]
    assert len(reasons) == 2 * 100_001


@pytest.mark.slow
def test_random_texts_of_quotes_are_read_the_same_however_they_are_cut(tmp_path: Path) -> None:
    chance = random.Random(3)
    pieces = ['"', '""', ",", "1,2\n", "\n", 'x"', '"\n', '","', "\\", '\\"', "#", "\r\n", "a,b\n"]
    for number in range(60):
        text = "x,y\n" + "".join(chance.choices(pieces, k=chance.randint(1, 40)))
        options: dict[str, Any] = {"escape": "\\"} if number % 2 else {}
        options |= {"comment": "#"} if number % 3 else {}
        read(tmp_path, text, 1, 2, 3, 7, 11, header=("x", "y"), **options)


def test_an_escaped_line_end_goes_on_in_the_next_line(tmp_path: Path) -> None:
    text = "a,b\n1,x\\\n2,3\n4,5\\\\\n6,7\n"
    rows, reasons = read(tmp_path, text, escape="\\")
    assert rows == [("4", "5\\"), ("6", "7")]
    assert reasons == [(2, "escape sign at the end of a line"), (3, INSIDE)]
    joined, _ = read(tmp_path, text, escape="\\", multiline=True)
    assert joined == [("4", "5\\"), ("6", "7")]  # a\n2 and 3 are a field too many
    joined, _ = read(tmp_path, "a,b\n1,x\\\n2\n4,5\n", escape="\\", multiline=True, quote=None)
    assert joined == [("1", "x\n2"), ("4", "5")]


def test_values_are_read_by_multiline(tmp_path: Path) -> None:
    frame = pl.DataFrame({"a": ["1", "4"], "b": ["x\n2,3\ny", "5"]})
    assert read(tmp_path, frame.write_csv(), multiline=True) == (frame.rows(), [])
