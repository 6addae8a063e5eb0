"""Files of a partition are durable together: what was reported stays, whatever is cut."""

import errno
import hashlib
import random
import re
import shutil
from pathlib import Path

import polars as pl
import pytest

from ingest.core.errors import FatalError
from ingest.sinks.delta import Delta
from ingest.sinks.directory import write_back
from ingest.sinks.parquet import Parquet
from ingest.testing.faults import Crash
from tests.injectors.disk import FileFaults, crash, failing
from tests.injectors.power import PowerCut

FOLDERS = 5
ROWS = pl.DataFrame({"part": [n % FOLDERS for n in range(2 * FOLDERS)], "id": 1})
KINDS = pytest.mark.parametrize("kind", [Parquet, Delta])


def sink_at(root, kind, **options):
    page = {"path": str(root / "out"), "write_disposition": "append", "partition_by": ["part"]}
    return kind.model_validate({"type": kind.__name__.lower(), **page, **options})


def path_of(root, file):
    """Return where a staged file lies, of either kind of sink."""
    if "path" in file.keep:
        return root / "out" / file.keep["path"]
    return root / ".ingest-out" / "run1" / file.keep["name"]


def assert_whole(root, staged):
    for file in staged:
        content = path_of(root, file).read_bytes()
        assert len(content) == file.bytes, file
        assert hashlib.sha256(content).hexdigest() == file.keep["sha256"], file


@KINDS
@pytest.mark.parametrize("seed", [None, 1])
def test_a_partition_is_cut_between_any_two_of_its_files_and_folders(tmp_path, kind, seed):
    root = tmp_path / "disk"
    sink = sink_at(root, kind, target_file_bytes=1)  # so that each row is a file
    at, died = 0, True
    while died:
        at, died = at + 1, False
        root.mkdir()
        with PowerCut(root) as power:
            try:
                with FileFaults(root, at, crash):
                    staged = sink.stage(ROWS, "run1", "1-0-1")
            except Crash:
                died = True
                power.cut(None if seed is None else random.Random(seed + at))
                staged = sink.stage(ROWS, "run1", "1-0-2")
            power.cut()
            assert_whole(root, staged)
        assert len(staged) == 2 * FOLDERS
        shutil.rmtree(root)
    assert at > 4 * FOLDERS


def syncs(operations):
    """Return what was synced from the first file on, in order, and the operations before."""
    begun = next(n for n, each in enumerate(operations) if "fsync" in each and "/1-" in each)
    return [each.partition(" ")[2] for each in operations[begun:]], operations[:begun]


@KINDS
@pytest.mark.parametrize("folders", [1, 30])
def test_a_partition_is_waited_for_once(tmp_path, kind, folders):
    sink = sink_at(tmp_path, kind)
    sink.stage(ROWS.head(1), "run1", "1-1-1")  # the folders of the run are there
    rows = pl.DataFrame({"part": range(folders), "id": 1})
    with FileFaults(tmp_path, 10_000, crash) as faults:
        staged = sink.stage(rows, "run1", "1-0-1")
    settled, before = syncs(faults.operations)
    assert not any("fsync" in each for each in before), "nothing is waited for while files are made"
    assert sum(each.startswith("open") for each in before) == folders
    files = [str(path_of(tmp_path, file)) for file in staged]
    assert settled[:folders] == files, "each file once, in the order in which they were written"
    assert len(set(settled)) == len(settled)
    assert str(tmp_path) == settled[folders:][0 if kind is Delta else -1]
    above = {str(path.parent) for path in map(Path, files)}
    assert above < set(settled[folders:])
    assert len(settled) - folders == (folders + 3 if kind is Delta else 3)


@KINDS
@pytest.mark.parametrize("at", range(FOLDERS))
def test_a_disk_that_could_not_take_a_file_is_said_of_that_file(tmp_path, kind, at):
    def full(operation):
        if re.search(rf"fsync .*/1-0-1-{at}\.", operation):
            failing(errno.ENOSPC)(operation)

    sink = sink_at(tmp_path, kind)
    with FileFaults(tmp_path, 1, full), pytest.raises(FatalError) as raised:
        sink.stage(ROWS, "run1", "1-0-1")
    assert re.search(rf"/1-0-1-{at}\.\w+: the disk is full. Free space there", str(raised.value))
    assert [path for path in tmp_path.rglob("1-*") if path.is_file()] == []
    assert open_files(tmp_path) == 0


def test_a_disk_that_is_gone_is_said_of_the_first_file(tmp_path):
    gone = []

    def lost(operation):
        if gone or re.search(r"fsync .*/1-0-1-0\.", operation):
            gone.append(operation)
            failing(errno.EROFS)(operation)

    rows = pl.DataFrame({"part": range(write_back.OPEN_FILES + 1), "id": 1})
    told = pytest.raises(FatalError, match=r"/1-0-1-0\.staged: the file system is read-only")
    with FileFaults(tmp_path, 1, lost), told:
        sink_at(tmp_path, Parquet).stage(rows, "run1", "1-0-1")
    assert len(gone) > 1


@KINDS
def test_many_files_are_not_open_at_a_time(tmp_path, kind):
    most = 0

    def count(_):
        nonlocal most
        most = max(most, open_files(tmp_path))

    sink = sink_at(tmp_path, kind)
    rows = pl.DataFrame({"part": range(150), "id": 1})
    with FileFaults(tmp_path, 1, count):
        staged = sink.stage(rows, "run1", "1-0-1")
    assert len(staged) == 150
    assert write_back.OPEN_FILES <= most <= write_back.OPEN_FILES + 2
    assert open_files(tmp_path) == 0


def open_files(root):
    """Return how many files below a folder this process has open."""
    links = [link for link in Path("/proc/self/fd").iterdir() if link.is_symlink()]
    return sum(str(link.readlink()).startswith(f"{root}/") for link in links)


@pytest.mark.parametrize("way", ["put together", "without rows"])
def test_a_file_of_the_driver_that_is_not_durable_is_removed(tmp_path, way):
    sink = sink_at(tmp_path, Parquet, partition_by=())
    staged = [sink.stage(ROWS.head(n), "run1", f"1-{n}-1")[0] for n in (1, 2)]
    before = sorted(tmp_path.rglob("*.staged"))

    def full(operation):
        if re.search(r"fsync .*/1-0-0-0\.", operation):
            failing(errno.ENOSPC)(operation)

    told = pytest.raises(FatalError, match=r"/1-0-0-0\.staged: the disk is full")
    with FileFaults(tmp_path, 1, full), told:
        if way == "put together":
            sink.put_together(staged, "run1", "1-0-0")
        else:
            sink.stage_schema(ROWS.schema, "run1", "1-0-0")
    assert sorted(tmp_path.rglob("*.staged")) == before
