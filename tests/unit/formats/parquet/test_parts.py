"""The parts of reading Parquet: metadata, pages, local copies, and two decoders that agree."""

import io
import os
import random
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from ingest.formats.parquet.by_arrow import decode_strictly
from ingest.formats.parquet.footer import read_footer
from ingest.formats.parquet.local import local_copy
from ingest.formats.parquet.metadata import parse
from ingest.formats.parquet.pages import are_sound
from ingest.formats.parquet.reading import decode
from ingest.formats.parquet.span import Span
from ingest.formats.parquet.thrift import MalformedError

ROWS = 2_000
TABLE = pa.table(
    {
        "i": [None if n % 7 == 0 else n for n in range(ROWS)],
        "s": [f"v{n % 9}" for n in range(ROWS)],
        "f": [n / 3 for n in range(ROWS)],
        "l": [[n] * (n % 3) for n in range(ROWS)],
    }
)


def opened(path: Path) -> Span:
    with path.open("rb") as file:
        footer = read_footer(file, path.stat().st_size, str(path))
    return Span(str(path), str(path), footer, 0, len(footer.groups))


def written(folder: Path, **options: object) -> Path:
    path = folder / "a.parquet"
    pq.write_table(TABLE, path, row_group_size=300, data_page_size=500, **options)
    return path


def test_a_footer_that_is_cut_or_changed_anywhere_is_read_or_malformed(tmp_path: Path) -> None:
    content = written(tmp_path).read_bytes()
    length = int.from_bytes(content[-8:-4], "little")
    footer = content[-8 - length : -8]
    rng = random.Random(1)
    for end in range(0, len(footer), 7):
        torn = bytearray(footer)
        torn[end] = rng.randrange(256)
        for data in (footer[:end], bytes(torn)):
            try:
                parse(data, len(content) - length - 8)
            except MalformedError as error:
                assert str(error)  # noqa: PT017 - any other error is what must not come


def test_rows_bytes_and_columns_are_those_of_pyarrow(tmp_path: Path) -> None:
    path = written(tmp_path)
    footer, known = opened(path).footer, pq.ParquetFile(path).metadata
    groups = [known.row_group(place) for place in range(known.num_row_groups)]
    assert list(footer.rows) == [group.num_rows for group in groups]
    assert list(footer.bytes) == [
        sum(group.column(place).total_compressed_size for place in range(group.num_columns))
        for group in groups
    ]
    assert footer.plain_bytes == sum(group.total_byte_size for group in groups)
    assert list(footer.schema) == TABLE.column_names
    assert not footer.refused


def test_pages_are_sound_whoever_wrote_them(tmp_path: Path) -> None:
    for version in ("1.0", "2.0"):
        for checksum in (False, True):
            path = written(tmp_path, data_page_version=version, write_page_checksum=checksum)
            span = opened(path)
            for name in ("i", "s", "f"):
                assert are_sound(span.path, span.footer.chunks(name, 0, span.end))
    pl.DataFrame(TABLE).write_parquet(path)
    span = opened(path)
    assert all(are_sound(span.path, span.footer.chunks(name, 0, 1)) for name in ("i", "s", "f"))


def test_both_decoders_give_the_same(tmp_path: Path) -> None:
    span = opened(written(tmp_path))
    names = TABLE.column_names
    quick, faults = decode(span, names)
    slow, more = decode_strictly(span, names)
    assert quick.equals(slow)
    assert quick.equals(pl.DataFrame(TABLE))
    assert not faults + more


class Counted(io.BytesIO):
    """A file that counts the bytes which are read from it."""

    count = 0

    def read(self, size: int | None = -1) -> bytes:
        data = super().read(size)
        self.count += len(data)
        return data


def test_only_the_chunks_that_are_wanted_are_copied(tmp_path: Path) -> None:
    wide = pa.table({"n": range(ROWS), "x": [os.urandom(2_000) for _ in range(ROWS)]})
    path = tmp_path / "a.parquet"
    pq.write_table(wide, path, compression="none", use_dictionary=False)
    span = opened(path)
    file = Counted(path.read_bytes())
    chunks = span.footer.chunks("n", 0, 1)
    with local_copy(file, path.stat().st_size, span.footer.tail, chunks) as copy:
        frame, _ = decode(Span(span.uri, copy, span.footer, 0, 1), ["n"])
        assert frame["n"].to_list() == list(range(ROWS))
        assert Path(copy).stat().st_size == path.stat().st_size
    assert file.count < 20 * ROWS < path.stat().st_size / 50
