"""Files that nobody sees yet."""

import hashlib
import os
import resource
import subprocess
import weakref
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest

from ingest.core.errors import FatalError, RetryableError
from ingest.sinks.directory.disk_errors import storage_errors
from ingest.sinks.directory.staging import chunked
from ingest.sinks.jsonl import Jsonl
from ingest.sinks.parquet import Parquet
from ingest.testing.sinks import delivery

ROWS = pl.DataFrame({"a": range(20_000)})


def sink(path: Path, **options: object) -> Jsonl:
    return Jsonl.model_validate(
        {"type": "jsonl", "path": str(path), "write_disposition": "append", **options}
    )


def test_a_staged_file_says_what_it_is(tmp_path: Path) -> None:
    out = sink(tmp_path / "out")
    (file,) = out.stage(ROWS, "run1", "1-7-2")
    path = tmp_path / ".ingest-out" / "run1" / file.keep["name"]
    data = path.read_bytes()
    assert file.keep["name"] == "1-7-2-0.staged"
    assert (file.rows, file.bytes) == (20_000, len(data))
    assert file.keep["sha256"] == hashlib.sha256(data).hexdigest()


def test_rows_are_cut_to_about_the_target(tmp_path: Path) -> None:
    files = sink(tmp_path / "out", target_file_bytes=50_000).stage(ROWS, "run1", "1-0-1")
    sizes = [file.bytes for file in files]
    assert sum(file.rows for file in files) == ROWS.height
    assert len(files) > 3
    assert all(50_000 <= size < 200_000 for size in sizes[:-1])


def test_portions_are_joined_and_cut_into_chunks() -> None:
    sizes = [2, 2, 25, 4, 9, 3]
    starts = [sum(sizes[:place]) for place in range(len(sizes))]
    portions = [ROWS.slice(*each) for each in zip(starts, sizes, strict=True)]
    chunks = list(chunked(portions, most_rows=10, most_bytes=1 << 20))
    assert [chunk.height for chunk in chunks] == [10, 10, 9, 10, 6]
    assert pl.concat(chunks).equals(ROWS.head(45))


def test_a_chunk_ends_where_the_next_portion_would_not_fit() -> None:
    portions = [ROWS.slice(start, 4) for start in range(0, 20, 4)]
    chunks = list(chunked(portions, most_rows=10, most_bytes=1 << 20))
    assert [chunk.height for chunk in chunks] == [8, 8, 4]
    assert pl.concat(chunks).equals(ROWS.head(20))


def test_nothing_that_was_written_is_held_while_the_next_is_made(tmp_path: Path) -> None:
    written: list[weakref.ref[pl.DataFrame]] = []

    def made() -> Iterator[pl.DataFrame]:
        for start in range(0, 40, 10):
            assert not any(each() for each in written)
            portion = ROWS.slice(start, 10)
            written.append(weakref.ref(portion))
            yield portion
            del portion

    options = {"path": str(tmp_path / "out"), "write_disposition": "append", "row_group_rows": 10}
    parquet = Parquet.model_validate({"type": "parquet", **options})
    files = parquet.stage_portions(made(), "run1", "1-0-1")
    assert sum(file.rows for file in files) == 40


def test_a_chunk_takes_no_more_than_the_bytes_allowed() -> None:
    chunks = list(chunked([ROWS], most_rows=20_000, most_bytes=8 * 5_000))
    assert [chunk.height for chunk in chunks] == [5_000] * 4


def test_what_the_rows_raise_is_not_blamed_on_the_disk(tmp_path: Path) -> None:
    def failing() -> Iterator[pl.DataFrame]:
        yield ROWS
        raise OSError("the network is gone")

    out = sink(tmp_path / "out", target_file_bytes=50_000)
    with pytest.raises(OSError, match=r"^the network is gone$"):
        out.stage_portions(failing(), "run1", "1-0-1")
    assert not list(tmp_path.rglob("*.staged"))


@pytest.mark.parametrize("kind", [Jsonl, Parquet])
def test_a_target_of_a_byte_still_ends(tmp_path: Path, kind: type[Jsonl]) -> None:
    name = kind.__name__.lower()
    out = kind.model_validate(
        {
            "type": name,
            "path": str(tmp_path / "out"),
            "write_disposition": "append",
            "target_file_bytes": 1,
        }
    )
    files = out.stage(ROWS.head(3), "run1", "1-0-1")
    assert [file.rows for file in files] == [1, 1, 1]


def test_the_same_try_cannot_be_staged_twice(tmp_path: Path) -> None:
    out = sink(tmp_path / "out")
    out.stage(ROWS, "run1", "1-0-1")
    with pytest.raises(RetryableError, match="File exists"):
        out.stage(ROWS, "run1", "1-0-1")
    assert len(list(out.place.staging("run1").iterdir())) == 1


def test_a_try_after_the_run_was_published_is_refused(tmp_path: Path) -> None:
    out = sink(tmp_path / "out")
    out.publish(list(out.prepare([(0, *out.stage(ROWS, "run1", "1-0-1"))], delivery("run1"))))
    with pytest.raises(FatalError, match="already published"):
        out.stage(ROWS, "run1", "1-0-2")
    assert list(out.place.beside.iterdir()) == [out.place.manifests]


@pytest.fixture
def small_files() -> Iterator[None]:
    """The system refuses files of more than 64 KiB."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (65_536, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.usefixtures("small_files")
@pytest.mark.parametrize("options", [{"type": "jsonl"}, {"type": "jsonl", "compression": "zst"}])
def test_a_file_that_cannot_be_written_is_removed(tmp_path: Path, options: dict[str, str]) -> None:
    out = sink(tmp_path / "out", **options)
    rows = pl.DataFrame({"a": [os.urandom(64).hex() for _ in range(5_000)]})
    with pytest.raises(FatalError, match="larger than the system allows"):
        out.stage(rows, "run1", "1-0-1")
    assert list(out.place.staging("run1").iterdir()) == []


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 1 MiB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "none", str(disk)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("needs permission to mount")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


@pytest.mark.parametrize("kind", [Jsonl, Parquet])
def test_a_full_disk_ends_the_run_and_leaves_no_half_file(
    tiny_disk: Path, kind: type[Jsonl]
) -> None:
    out = kind.model_validate(
        {
            "type": kind.__name__.lower(),
            "path": str(tiny_disk / "out"),
            "write_disposition": "append",
            "partition_by": ["part"],
        }
    )
    noise = [os.urandom(64).hex() for _ in range(40_000)]
    rows = pl.DataFrame({"a": noise, "part": [0] * 100 + [1] * 39_900})
    with pytest.raises(FatalError, match="the disk is full"):
        out.stage(rows, "run1", "1-0-1")
    assert list(out.place.staging("run1").iterdir()) == []


def test_a_disk_that_fails_is_said_once() -> None:
    with pytest.raises(RetryableError) as raised, storage_errors(Path("/data/x")):
        raise OSError(5, "Input/output error")
    assert str(raised.value).count("then run again") == 1
