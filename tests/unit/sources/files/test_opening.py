"""Inputs are read as they were when the plan was made, or not at all."""

import gzip
import io
import os
from pathlib import Path

import pyarrow as pa
import pytest

from ingest.core.errors import BadRowError, ConfigError, FatalError
from ingest.core.partition import Slice
from ingest.sources.csv import Csv
from ingest.sources.files.listing import list_files
from ingest.sources.files.opening import open_input, read_plain, read_plain_head
from ingest.testing.sources import layout_of, pack, rows_of
from tests.unit.sources.files.test_listing import nobody, open_up

TEXT = b"a,b\n" + b"1,2\n" * 10_000


def piece_of(path: Path) -> Slice:
    return list_files(str(path), ())[0]


def packed(name: str, data: bytes = TEXT) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.CompressedOutputStream(sink, name) as stream:
        stream.write(data)
    return bytes(sink.getvalue())


def test_a_file_that_changes_while_it_is_read_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(TEXT)
    piece = piece_of(path)
    with (
        pytest.raises(FatalError, match=f"it was {len(TEXT):,} bytes .*, and is now 2 bytes"),
        open_input(piece),
    ):
        path.write_bytes(b"a\n")


def test_a_file_that_is_replaced_while_it_is_read_is_an_error(tmp_path: Path) -> None:
    path, other = tmp_path / "a.csv", tmp_path / "b.csv"
    path.write_bytes(TEXT)
    other.write_bytes(TEXT)
    os.utime(other, ns=(1, 1))
    piece = piece_of(path)
    with pytest.raises(FatalError, match="input changed since planning"), open_input(piece):
        other.replace(path)


def test_a_file_that_vanishes_or_may_not_be_read_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(TEXT)
    piece = piece_of(path)
    open_up(tmp_path)
    path.chmod(0)
    with nobody(), pytest.raises(FatalError, match="no permission to read it"), open_input(piece):
        pass
    path.unlink()
    with (
        pytest.raises(FatalError, match=f"was {len(TEXT):,} bytes .*, and is gone"),
        open_input(piece),
    ):
        pass


@pytest.mark.parametrize(("ending", "name"), [(".gz", "gzip"), (".zst", "zstd")])
def test_archives_are_unpacked_or_refused(ending: str, name: str, tmp_path: Path) -> None:
    path = tmp_path / f"a.csv{ending}"
    whole = packed(name)
    for content, said in [
        (whole + whole, None),
        (whole[:-3], "truncated"),
        (whole[: len(whole) // 2], "truncated"),
        (whole + b"more", "damaged"),
        (b"a,b\n1,2\n", "damaged"),
    ]:
        path.write_bytes(content)
        piece = piece_of(path)
        with open_input(piece) as file:
            if said is None:
                assert b"".join(read_plain(file, piece, None)) == TEXT * 2
            else:
                with pytest.raises(BadRowError, match=f"{path.name}: the {name} archive is {said}"):
                    list(read_plain(file, piece, None))


def test_an_archive_may_not_grow_without_limit(tmp_path: Path) -> None:
    path = tmp_path / "bomb.csv.gz"
    path.write_bytes(gzip.compress(b"0" * 50_000_000, mtime=0))
    piece = piece_of(path)
    too_much = pytest.raises(BadRowError, match="unpack to more than 1000000 bytes")
    with open_input(piece) as file, too_much:
        list(read_plain(file, piece, 1_000_000))


def test_the_head_of_an_archive_is_read_without_the_rest(tmp_path: Path) -> None:
    path = tmp_path / "a.csv.gz"
    whole = gzip.compress(os.urandom(5_000_000), mtime=0)
    path.write_bytes(whole[: len(whole) // 2])
    piece = piece_of(path)
    with open_input(piece) as file:
        assert len(read_plain_head(file, piece, 10_000)) >= 10_000


def test_a_truncated_archive_is_an_error_of_the_whole_file(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(TEXT)
    (tmp_path / "b.csv.gz").write_bytes(gzip.compress(TEXT, mtime=0)[:-4])
    source = Csv(type="csv", path=str(tmp_path))
    slices = list(source.slices(1 << 20))
    layout = source.layout(slices[:1], {})
    with pytest.raises(BadRowError, match=r"b\.csv\.gz: the gzip archive is truncated"):
        source.read(pack(slices), layout)
    with pytest.raises(ConfigError, match="truncated"):
        layout_of(source)


def test_compressed_files_are_not_cut(tmp_path: Path) -> None:
    (tmp_path / "b.csv.gz").write_bytes(gzip.compress(TEXT, mtime=0))
    source = Csv(type="csv", path=str(tmp_path))
    slices = list(source.slices(10))
    assert len(slices) == 1
    assert rows_of(source.read(pack(slices), layout_of(source))).height == 10_000


class Interrupted(io.BytesIO):
    """A file whose storage resets the connection after the first bytes."""

    def read(self, size=-1):
        if self.tell():
            raise ConnectionResetError(104, "reset by peer")
        return super().read(min(size, 100) if size >= 0 else 100)


@pytest.mark.parametrize(("ending", "name"), [(".gz", "gzip"), (".zst", "zstd")])
def test_a_storage_that_fails_is_not_a_damaged_archive(ending, name):
    data = packed(name, os.urandom(1_000_000))
    piece = Slice(f"x.csv{ending}", len(data), "1", bytes=len(data))
    with pytest.raises(ConnectionResetError):
        list(read_plain(Interrupted(data), piece, None))
