"""Objects are written once and whole."""

import errno
import re
import threading
from contextlib import suppress

import pytest

from ingest.core.errors import ConfigError, FatalError
from ingest.storage.objects import LocalStore, open_store
from ingest.testing.faults import Crash
from tests.injectors.disk import FileFaults, crash, failing


def test_only_the_first_create_wins(tmp_path):
    store = LocalStore(tmp_path)
    assert store.create("a/b", b"one")
    assert not store.create("a/b", b"two")
    assert store.read("a/b") == b"one"
    assert store.names("a") == ["b"]


def test_of_many_that_create_at_once_one_wins(tmp_path):
    store = LocalStore(tmp_path)
    won = []
    threads = [
        threading.Thread(target=lambda n=n: won.append(n) if store.create("x", b"%d" % n) else None)
        for n in range(16)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(won) == 1
    assert store.read("x") == b"%d" % won[0]


def test_replacing_is_for_heartbeats(tmp_path):
    store = LocalStore(tmp_path)
    store.replace("beat", b"1")
    store.replace("beat", b"2")
    assert store.read("beat") == b"2"
    assert store.exists("beat")
    assert not store.exists("nothing")
    assert store.names("nowhere") == []


def test_a_place_that_cannot_be_written_is_a_clear_error(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match=r"the state cannot be written.*state=DIR"):
        LocalStore(tmp_path / "file").create("a", b"")


def test_a_state_is_a_folder_or_a_place_in_a_bucket(tmp_path):
    assert open_store(f"file://{tmp_path}").uri() == str(tmp_path)
    with pytest.raises(ConfigError, match=r"ftp:// cannot be opened without .* s3://BUCKET/PATH"):
        open_store("ftp://host/state")
    with pytest.raises(ConfigError, match=r'"s3://\*\*\*@bucket/state" contains credentials'):
        open_store("s3://key:secret@bucket/state")


def test_a_process_that_dies_leaves_no_half_object(tmp_path):
    store = LocalStore(tmp_path)
    store.create("a/first", b"")
    for at in range(1, 20):
        with suppress(Crash), FileFaults(tmp_path, at, crash) as faults:
            store.create(f"a/{at}", b"whole")
        if not faults.struck:
            break
        left = {path.name for path in (tmp_path / "a").iterdir()}
        assert left <= {"first", str(at), "4"}, "4 dies when it has its name"
        assert str(at) not in left or store.read(f"a/{at}") == b"whole"
    assert not faults.struck
    assert len(faults.operations) == 4, "write, sync, link, sync of the folder"


@pytest.mark.parametrize("number", [errno.EOPNOTSUPP, errno.EISDIR, errno.EINVAL])
@pytest.mark.parametrize("at", [1, 3])
def test_where_files_have_a_name_from_the_beginning_they_are_hidden_first(tmp_path, number, at):
    store = LocalStore(tmp_path)
    store.create("first", b"")
    with FileFaults(tmp_path, at, failing(number), lasting=False) as faults:
        assert store.create("x", b"one")
    assert any(re.search(r"open .*/\.x\.[0-9a-f]{12}$", each) for each in faults.operations)
    with FileFaults(tmp_path, 1, failing(number), lasting=False):
        assert not store.create("x", b"two")
    assert store.read("x") == b"one"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["first", "x"]


def test_a_full_disk_is_not_tried_again_in_another_way(tmp_path):
    store = LocalStore(tmp_path)
    store.create("first", b"")
    with (
        FileFaults(tmp_path, 1, failing(errno.ENOSPC), lasting=False),
        pytest.raises(FatalError, match="Free space there"),
    ):
        store.create("x", b"one")
    assert store.names("") == ["first"]


def test_a_created_file_has_the_rights_that_the_user_gives_to_all_files(tmp_path):
    store = LocalStore(tmp_path)
    store.create("x", b"one")
    (tmp_path / "usual").touch()
    assert (tmp_path / "x").stat().st_mode == (tmp_path / "usual").stat().st_mode
    assert (tmp_path / "x").stat().st_nlink == 1


def test_a_heartbeat_leaves_nothing_beside_it(tmp_path):
    store = LocalStore(tmp_path)
    store.replace("first", b"")
    with suppress(Crash), FileFaults(tmp_path, 2, crash):
        store.replace("first", b"1")
        store.replace("first", b"2")
    assert [path.name for path in tmp_path.iterdir()] == ["first"]
    assert store.read("first") == b"1"


def test_what_is_removed_has_not_vanished(tmp_path):
    store = LocalStore(tmp_path)
    store.create("runs/a/ledger/0", b"12345")
    store.create("runs/a/mark", b"1")
    assert (store.size("runs/a"), store.size("runs/a/mark"), store.size("runs/b")) == (6, 1, 0)
    for name in ("runs/a/ledger", "runs/a/mark", "runs/a/mark", "nothing"):
        store.remove(name)
    assert store.names("runs/a") == []
    assert store.create("runs/a/ledger/1", b"")
    with pytest.raises(FileNotFoundError):
        store.read("runs/a/ledger/0")
