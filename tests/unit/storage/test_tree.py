"""Moves in a file tree."""

from pathlib import Path

import pytest

from ingest.storage import tree


def test_move_makes_the_folder_and_says_whether_there_was_a_file(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("x")
    assert tree.move(tmp_path / "a", tmp_path / "deep" / "er" / "b")
    assert (tmp_path / "deep" / "er" / "b").read_text() == "x"
    assert not tree.move(tmp_path / "a", tmp_path / "other" / "b")
    assert not (tmp_path / "other").exists()


def test_write_once_keeps_the_first(tmp_path: Path) -> None:
    target, beside = tmp_path / "m" / "one.json", tmp_path / "beside"
    assert tree.write_once(target, [b"fi", b"rst"], beside)
    assert not tree.write_once(target, [b"second"], beside)
    assert target.read_bytes() == b"first"
    assert list(beside.iterdir()) == []


def test_exchange_swaps_folders(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "was").write_text(name)
    assert tree.exchange(tmp_path / "a", tmp_path / "b")
    assert [(tmp_path / name / "was").read_text() for name in ("a", "b")] == ["b", "a"]


def test_exchange_with_nothing_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    with pytest.raises(FileNotFoundError):
        tree.exchange(tmp_path / "a", tmp_path / "b")


@pytest.mark.skipif(not Path("/dev/shm").is_mount(), reason="needs a second file system")
def test_exchange_between_file_systems_is_declined(tmp_path: Path) -> None:
    assert tree.exchange(tmp_path, Path("/dev/shm")) is False


def test_files_lists_all_in_order_and_follows_no_link(tmp_path: Path) -> None:
    for name in ("b/2", "a", "b/c/1", ".hidden/x"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "loop").symlink_to(tmp_path)
    assert list(tree.files(tmp_path)) == [".hidden/x", "a", "b/2", "b/c/1", "loop"]
    assert list(tree.files(tmp_path / "missing")) == []


def test_remove_empty_stops_at_what_holds_files(tmp_path: Path) -> None:
    (tmp_path / "root" / "a" / "b").mkdir(parents=True)
    (tmp_path / "root" / "c").mkdir()
    (tmp_path / "root" / "c" / "kept").touch()
    tree.remove_empty(tmp_path / "root", ["a/b", "c", "missing", ""])
    assert list(tree.files(tmp_path / "root")) == ["c/kept"]
    assert not (tmp_path / "root" / "a").exists()


def test_remove_tree_is_harmless_twice_and_removes_links_not_targets(tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "file").touch()
    (tmp_path / "gone" / "deep").mkdir(parents=True)
    (tmp_path / "gone" / "deep" / "link").symlink_to(tmp_path / "kept")
    tree.remove_tree(tmp_path / "gone")
    tree.remove_tree(tmp_path / "gone")
    assert not (tmp_path / "gone").exists()
    assert (tmp_path / "kept" / "file").exists()


def test_folders_are_made_together_and_each_parent_is_synced_once(tmp_path, monkeypatch):
    synced = []
    monkeypatch.setattr(tree, "sync", synced.append)
    names = ["a=1/b=1", "a=1/b=2", "a=2/b=1", "c"]
    tree.make_folders(tmp_path, names)
    assert all((tmp_path / name).is_dir() for name in names)
    assert synced == [tmp_path, tmp_path / "a=1", tmp_path / "a=2"]
    tree.make_folders(tmp_path, names)
    assert len(synced) == 3
