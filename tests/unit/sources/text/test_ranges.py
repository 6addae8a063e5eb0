"""Byte ranges: wherever a file is cut, each record is in exactly one slice."""

import io
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given
from hypothesis import strategies as st

from ingest.core.partition import Slice
from ingest.sources.csv import Csv
from ingest.sources.text.ranges import Preamble, count_lines, cut_ranges, halve_range, read_range
from ingest.testing.sources import layout_of, pack, records_of

BYTES = st.binary(max_size=60) | st.lists(
    st.sampled_from([b"a", b"b,c", b'"x"', b'"', b"\n", b"\r\n", b"\n\n", b"\xff", b"\0"]),
    max_size=30,
).map(b"".join)


@given(BYTES.filter(bool), st.integers(1, 70), st.integers(0, 10), st.integers(1, 70))
def test_ranges_put_together_are_the_file(
    data: bytes, target: int, preamble: int, step: int
) -> None:
    preamble = min(preamble, len(data))
    whole = Slice("x", len(data), "1", bytes=len(data))
    found = []
    for piece in cut_ranges(whole, target):
        for start, body in read_range(io.BytesIO(data), piece, Preamble(preamble), 1000, step):
            if body:
                assert start >= piece.start or start == preamble
                assert data[start - 1 : start] in {b"", b"\n"} or start == preamble
                found.append(body)
    assert b"".join(found) == data[preamble:]
    assert all(body.endswith(b"\n") for body in found[:-1])


@given(BYTES, st.integers(1, 40), st.booleans())
def test_any_cut_of_any_csv_bytes_gives_the_same_records(
    data: bytes, target: int, header: bool
) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "a.csv"
        path.write_bytes(b"x,y\n" + data)
        names: bool | tuple[str, ...] = True if header else ("x", "y")
        source = Csv(type="csv", path=str(path), header=names, columns={"x": "int64"})
        layout = layout_of(source)
        whole = records_of(source, pack(list(source.slices(10**9))), layout)
        cut = records_of(source, pack(list(source.slices(target))), layout)
        assert cut == whole
        first = 2 if header else 1
        ended = data + b"\n" * (not data.endswith(b"\n") and bool(data))
        lines = ended.count(b"\n") + (0 if header else 1)
        assert [line for _, line, _ in whole] == list(range(first, first + lines))


def test_only_somewhat_more_than_the_limit_is_kept_of_a_long_last_record() -> None:
    data = b"a\n" + b"b" * 1000 + b"\nc\n"
    piece = Slice("x", len(data), "1", start=0, end=10)
    assert list(read_range(io.BytesIO(data), piece, Preamble(0), 50, 99)) == [(0, data[:61])]
    inside = Slice("x", len(data), "1", start=10, end=20)
    bodies = [body for _, body in read_range(io.BytesIO(data), inside, Preamble(0), 50, 99)]
    assert bodies == [b""]


def test_lines_are_counted_up_to_a_place() -> None:
    assert count_lines(io.BytesIO(b"a\nb\nc\n"), 3) == 1
    assert count_lines(io.BytesIO(b"a\nb\nc\n"), 4) == 2


def test_a_range_is_halved_down_to_single_bytes():
    whole = Slice("f", 5, "v", bytes=5)
    left, right = halve_range(whole)
    assert [(s.start, s.end, s.bytes) for s in (left, right)] == [(0, 2, 2), (2, 5, 3)]
    open_, single = [left, right], []
    while open_:
        piece = open_.pop()
        open_ += halve_range(piece)
        single += [] if halve_range(piece) else [(piece.start, piece.end)]
    assert sorted(single) == [(n, n + 1) for n in range(5)]
    assert halve_range(Slice("empty", 0, "v")) == ()
