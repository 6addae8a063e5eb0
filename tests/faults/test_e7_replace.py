"""E7: overwriting for readers that hold the folder open, and what the folder keeps."""

import os
import stat
import tempfile
from contextlib import suppress
from pathlib import Path

import pytest

from ingest.storage import tree
from tests.faults.state import assert_done

FILES = {"replace": "files"}


@pytest.mark.parametrize("kind", ["parquet", "csv", "jsonl"])
def test_who_has_the_folder_open_sees_the_new_rows(state, kind):
    state.describe(sink={"type": kind, **FILES})
    assert_done(state.run())
    first = state.last()
    held = os.open("out", os.O_RDONLY | os.O_DIRECTORY)
    try:
        assert_done(state.run())
        names = [entry.name for entry in os.scandir(held) if entry.name.endswith(kind)]
    finally:
        os.close(held)
    assert [name.partition("-0000000")[0] for name in names] == [state.last()]
    assert state.last() != first


def test_by_default_the_folder_is_another_one(state):
    state.describe()
    assert_done(state.run())
    before = (state.place / "out").stat().st_ino
    assert_done(state.run())
    assert (state.place / "out").stat().st_ino != before


def test_folders_of_partitions_stay_the_same(state):
    state.describe(sink={"partition_by": ["name"], **FILES})
    assert_done(state.run())
    before = (state.place / "out/name=x1").stat().st_ino
    assert_done(state.run())
    assert (state.place / "out/name=x1").stat().st_ino == before
    state.rows("in/orders/a.csv", 2)
    assert_done(state.run())
    assert state.ids() == [2]
    assert not (state.place / "out/name=x1").exists()


def test_foreign_files_are_refused_likewise(state):
    state.describe(sink=FILES)
    assert_done(state.run())
    state.write("out/mine.txt", "mine")
    assert state.run().code == 2


@pytest.mark.parametrize("folder", ["out", "out/name=x1"])
def test_owner_mode_and_attributes_stay_with_the_name(state, folder):
    state.describe(sink={"partition_by": ["name"]})
    assert_done(state.run())
    path = state.place / folder
    path.chmod(0o2751)
    if os.geteuid() == 0:
        os.chown(path, 12345, 54321)
        path.chmod(0o2751)
    with suppress(OSError):
        os.setxattr(path, "user.note", b"mine")
    before, noted = path.stat(), os.listxattr(path)
    assert_done(state.run())
    after = path.stat()
    assert after.st_ino != before.st_ino
    assert stat.S_IMODE(after.st_mode) == 0o2751
    assert (after.st_uid, after.st_gid) == (before.st_uid, before.st_gid)
    assert os.listxattr(path) == noted
    assert state.ids() == [1, 2]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root becomes somebody else")
def test_what_may_not_be_given_away_is_left():
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder, "source"), Path(folder, "target")
        source.mkdir()
        target.mkdir()
        Path(folder).chmod(0o755)
        source.chmod(0o750)
        os.chown(target, 65534, 65534)
        os.seteuid(65534)
        try:
            tree.copy_attributes(source, target)
        finally:
            os.seteuid(0)
        assert stat.S_IMODE(target.stat().st_mode) == 0o750
        assert target.stat().st_uid == 65534


@pytest.mark.skipif(os.geteuid() != 0, reason="only root makes other groups' folders")
@pytest.mark.parametrize("disposition", ["append", "overwrite"])
def test_files_belong_to_the_group_that_the_folder_hands_on(state, disposition):
    state.describe(sink={"write_disposition": disposition, "partition_by": ["name"]})
    assert_done(state.run())
    os.chown(state.place / "out", -1, 54321)
    (state.place / "out").chmod(0o2775)
    state.rows("in/orders/a.csv", 3)
    assert_done(state.run())
    (file,) = (state.place / "out").rglob(f"{state.last()}*.parquet")
    assert (file.stat().st_gid, file.parent.stat().st_gid) == (54321, 54321)
