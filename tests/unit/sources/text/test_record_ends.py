"""Files whose quoted fields hold line feeds are cut between records, and read as if uncut.

What is compared with is reading the file whole, record by record, as text, without compiled code.
"""

import gzip
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.core.errors import ConfigError, FatalError
from ingest.core.partition import Partition, Slice
from ingest.core.rows import POSITION
from ingest.sources.base import Layout, Source
from ingest.sources.csv import Csv
from ingest.sources.text import files, line_index, reading, record_ends
from ingest.sources.text.bits import positions
from ingest.sources.text.bodies import Body
from ingest.sources.text.dialect import Dialect
from ingest.sources.text.line_rules import LineRules, LineTally
from ingest.sources.text.lines import split_records
from ingest.sources.text.record_ends import RecordEnds, in_records
from ingest.testing.sources import layout_of, pack
from tests.examples import examples
from tests.unit.sources.text.test_source import CarefulCsv, is_readable

PIECES = [
    b'"', b'"', b'""', b",", b"\n", b"\n", b"\r\n", b"\r", b"x", b"1,y\n", b'2,"a\nb"\n',
    b'"c\r\nd",', b'"e,""f""\n\n"', b'3,"g"h\n', b'4,i"j\n', b'"k\nl"m,"n\n', b"\n\n", b"\0",
    "é".encode(), b"\xff",
]  # fmt: skip
TEXTS = st.lists(st.sampled_from(PIECES), max_size=30).map(b"".join)
ENDS = RecordEnds(ord(","), ord('"'))
RULES = LineRules(dialect=Dialect(",", '"'), multiline=True)


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Have several blocks and steps for each slice, and remember even small ones."""
    for module in (files, reading):
        monkeypatch.setattr(module, "BLOCK_BYTES", 24)
    monkeypatch.setattr(record_ends, "_STEP_BYTES", 16)
    monkeypatch.setattr(line_index, "_LEAST_BYTES", 1)
    return


def begins_of(text: bytes) -> list[int]:
    """Return where records begin, by looking at the lines."""
    lines = split_records([Body(0, text)], RULES, LineTally())["line"].to_list()
    begins = [0, *(place + 1 for place, byte in enumerate(text) if byte == ord("\n"))]
    return [begins[line] for line in lines]


def contents(reader: Source, slices: list[Slice], layout: Layout) -> tuple[Any, ...]:
    """Return rows and rejects as they are read, and where each of them stands in the file."""
    partition = pack(slices)
    read = reader.read(partition, layout)
    rows = read.frame.collect()
    assert rows[POSITION].is_sorted()
    located = (read.locate or _again(reader, partition, layout))(rows[POSITION])
    assert located["position"].equals(rows[POSITION].alias("position"))
    rejects = read.rejects.frame.drop("position").rows() if read.rejects else []
    places = located.drop("position").rows()
    return read.records, rows.drop(POSITION).rows(), places, rejects, dict(read.filtered)


def _again(
    reader: Source, partition: Partition, layout: Layout
) -> Callable[[pl.Series], pl.DataFrame]:
    return lambda wanted: reader.locate(partition, layout, wanted)


def whole(path: Path, layout: Layout, **options: Any) -> tuple[Any, ...]:
    """Return the contents of a file that is read at once, without compiled code."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("INGEST_COMPILED", "0")
        patch.setattr(files, "BLOCK_BYTES", 1 << 30)
        patch.setattr(reading, "BLOCK_BYTES", 1 << 30)
        careful = CarefulCsv(type="csv", path=str(path), multiline=True, **options)
        slices = list(careful.slices(1))
        assert [(piece.start, piece.end) for piece in slices] == [(0, -1)]
        return contents(careful, slices, layout)


@examples(300)
@given(TEXTS.filter(bool), st.data())
def test_records_end_where_lines_say_so(text: bytes, data: st.DataObject) -> None:
    text += b"\n"
    begins = begins_of(text)
    ends = positions(ENDS.bits(text))
    known = [*begins, len(text)]
    assert known[1 : 1 + len(ends)] == (ends + 1).tolist()
    assert len(ends) in (len(begins), len(begins) - 1)
    assert ENDS.last(text) == known[len(ends)]
    assert ENDS.last(text[:-1]) <= ENDS.last(text)
    wanted = data.draw(st.integers(1, len(text)))
    chunks = [text[place : place + 3] for place in range(0, len(text), 3)]
    pieces = list(in_records(chunks, wanted, ENDS))
    assert b"".join(pieces) == text
    edges = np.cumsum([len(piece) for piece in pieces])[:-1]
    assert set(edges.tolist()) <= set(known)


@examples(120)
@given(
    TEXTS,
    st.sampled_from([b"p,q\n", b'"p\r\n",q\r\n', b"\xef\xbb\xbfp,q\r\n"]),
    st.integers(1, 80),
    st.sampled_from([{}, {"columns": {"q": "int64"}}, {"blank_lines": "skip"}, {"header": False},
                     {"repeated_headers": "ignore"}, {"encoding": "cp1252"}, {"skip_rows": 2},
                     {"max_record_bytes": 9}, {"short_rows": None}, {"encoding": "shift_jis"}]),
)  # fmt: skip
def test_a_file_that_is_cut_is_read_as_if_it_were_not(
    tmp_path_factory: pytest.TempPathFactory,
    text: bytes,
    head: bytes,
    target: int,
    options: dict[str, Any],
) -> None:
    path = tmp_path_factory.getbasetemp() / "drawn.csv"
    path.write_bytes(head * (1 + options.get("skip_rows", 0)) + text)
    if not is_readable(path.read_bytes()):
        return
    reader = Csv(type="csv", path=str(path), multiline=True, **options)
    layout = layout_of(reader)
    expected = whole(path, layout, **options)
    slices = list(reader.slices(target))
    assert [piece.start for piece in slices[1:]] == [piece.end for piece in slices[:-1]]
    assert all(piece.bytes for piece in slices if text)
    assert contents(reader, slices, layout) == expected
    parts, cut = list(reader.slices(10**9)), 0
    while cut < len(parts):  # in two, and again, down to what cannot be
        halves = reader.halve(parts[cut])
        parts[cut : cut + 1] = halves or parts[cut : cut + 1]
        cut += not halves
    assert contents(reader, parts, layout) == expected
    with pytest.MonkeyPatch.context() as patch:  # a worker on which there is no compiled code
        patch.setenv("INGEST_COMPILED", "0")
        assert contents(reader, slices, layout) == expected


def table(path: Path, rows: int) -> Path:
    lines = (f'{number},"a {number}\nb, ""c"""\r\n' for number in range(rows))
    path.write_text("p,q\r\n" + "".join(lines), newline="")
    return path


def test_slices_are_even_and_not_larger_than_the_target(tmp_path: Path) -> None:
    reader = Csv(type="csv", path=str(table(tmp_path / "a.csv", 3000)), multiline=True)
    slices = list(reader.slices(10_000))
    sizes = [piece.bytes for piece in slices]
    assert len(slices) == 8
    assert sum(sizes) == slices[0].size
    assert max(sizes) <= 10_000
    assert min(sizes) > 8_000
    assert list(reader.slices(slices[0].size)) == list(reader.inputs().slices)


def test_a_file_is_read_no_further_than_what_is_asked_for() -> None:
    text = b'1,"a\nb"\n' * 1000
    file = BytesIO(text)
    starts = ENDS.starts(file, 0, len(text), [1, 1000, 2000], 100)
    assert next(starts) == 8
    assert file.tell() == 16
    assert next(starts) == 1000
    assert file.tell() < 1032


def test_halves_are_even(tmp_path: Path) -> None:
    reader = Csv(type="csv", path=str(table(tmp_path / "a.csv", 3000)), multiline=True)
    left, right = reader.halve(next(iter(reader.slices(10**9))))
    assert (left.start, left.end, right.end) == (0, right.start, right.size)
    assert abs(left.bytes - right.bytes) < right.size // 30


def test_nothing_is_cut_behind_a_line_that_is_too_long(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("p,q\n" + "1,x\n" * 20 + f'2,"{"y" * 100}"\n' + "1,x\n" * 20)
    reader = Csv(type="csv", path=str(path), multiline=True, max_record_bytes=32)
    slices = list(reader.slices(20))
    assert slices[-1].start <= 84 < slices[-1].end == path.stat().st_size
    assert len(slices) > 3
    layout = layout_of(reader)
    assert contents(reader, slices, layout) == whole(path, layout, max_record_bytes=32)


@pytest.mark.parametrize(
    "options",
    [
        {"escape": "\\"}, {"delimiter": "||"}, {"delimiter": "é"}, {"quote": None},
        {"comment": "#"}, {"ignore_rows": "^sum"}, {"skip_footer": 1}, {"skip_space": True},
        {"line_end": "cr"}, {"encoding": "utf-16"}, {"quote": "x"},
        {"encoding": "gbk", "delimiter": "|"},
    ],
)  # fmt: skip
def test_files_that_are_written_otherwise_are_not_cut(
    tmp_path: Path, options: dict[str, Any]
) -> None:
    path = tmp_path / "a.csv"
    path.write_text("p,q\n" * 20)
    assert len(list(Csv(type="csv", path=str(path), multiline=True).slices(20))) > 3
    reader = Csv(type="csv", path=str(path), multiline=True, **options)
    (piece,) = reader.slices(20)
    assert piece.end == -1
    assert reader.halve(piece) == ()


def test_packed_files_are_read_in_blocks_and_not_cut(tmp_path: Path) -> None:
    plain = table(tmp_path / "a.csv", 300)
    packed = tmp_path / "a.csv.gz"
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    reader = Csv(type="csv", path=str(packed), multiline=True)
    layout = layout_of(reader)
    slices = list(reader.slices(20))
    assert len(slices) == 1
    assert contents(reader, slices, layout) == whole(plain, layout)
    (piece,) = slices
    with reader.text_files().open(piece) as opened:
        assert max(len(text.data) for text in opened.texts) < 4096 * 1024
        assert opened.preamble.lines == 1


def test_a_file_that_changes_while_it_is_cut_is_refused(tmp_path: Path) -> None:
    path = table(tmp_path / "a.csv", 300)
    reader = Csv(type="csv", path=str(path), multiline=True)
    (piece,) = reader.inputs().slices
    path.write_text("p,q\n")
    with pytest.raises(ConfigError, match="changed during planning"):
        list(reader.cut(piece, 20))
    with pytest.raises(FatalError, match="changed"):
        reader.halve(piece)


def test_a_header_that_takes_several_reads_is_found(tmp_path: Path) -> None:
    """A read that ends with a line of the header, in quotes, is not the end of the file."""
    path = tmp_path / "a.csv"
    head = f'"{"p" * (64 * 1024 - 2)}\n'
    path.write_text(f'{head}",q\n' + '1,"x\ny"\n' * 50)
    assert len(head) == 64 * 1024
    reader = Csv(type="csv", path=str(path), multiline=True)
    layout = layout_of(reader)
    slices = list(reader.slices(100))
    assert len(slices) > 1
    assert contents(reader, slices, layout)[1] == [("1", "x\ny")] * 50
