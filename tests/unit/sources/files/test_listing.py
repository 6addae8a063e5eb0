"""What paths, folders and globs stand for, and what is said when that is nothing."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ingest.core.errors import ConfigError
from ingest.sources.csv import Csv
from ingest.sources.files.listing import list_files, root_of

ENDINGS = (".csv", ".csv.gz")


def make(folder: Path, *names: str) -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("a\n")


def names(folder: Path, *paths: str) -> list[str]:
    listed = list_files([str(folder / path) for path in paths], ENDINGS)
    return [str(Path(piece.uri).relative_to(folder)) for piece in listed]


@contextmanager
def nobody() -> Iterator[None]:
    """Work as a user without rights, because permission bits do not bind root."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


def open_up(folder: Path) -> None:
    """Let every user into a folder: pytest's own are for their owner alone."""
    while folder != folder.parent and folder.owner() == folder.parent.owner():
        if folder.stat().st_mode & 0o777 == 0o700:
            folder.chmod(0o755)
        folder = folder.parent


def test_a_folder_stands_for_the_data_files_below_it(tmp_path: Path) -> None:
    make(
        tmp_path,
        "b.csv",
        "a/x.csv.gz",
        "a/notes.txt",
        "_tmp/x.csv",
        ".h.csv",
        "a/_y.csv",
        "a/c.csv",
    )
    assert names(tmp_path, "") == ["a/c.csv", "a/x.csv.gz", "b.csv"]


def test_globs_match_names_and_folders(tmp_path: Path) -> None:
    make(tmp_path, "d=1/a.csv", "d=1/b.txt", "d=2/e/a.csv", "_d/a.csv", "top.csv", "d=1/.h.csv")
    assert names(tmp_path, "*.csv") == ["top.csv"]
    assert names(tmp_path, "d=*/a.csv") == ["d=1/a.csv"]
    assert names(tmp_path, "d=*/*") == ["d=1/a.csv", "d=1/b.txt", "d=2/e/a.csv"]
    assert names(tmp_path, "d=[12]") == ["d=1/a.csv", "d=2/e/a.csv"]
    assert names(tmp_path, "**/*.csv") == ["d=1/a.csv", "d=2/e/a.csv", "top.csv"]
    assert names(tmp_path, "**/**/a.cs?") == ["d=1/a.csv", "d=2/e/a.csv"]
    assert names(tmp_path, "**") == ["d=1/a.csv", "d=1/b.txt", "d=2/e/a.csv", "top.csv"]
    assert names(tmp_path, "_*/*.csv") == ["_d/a.csv"]
    assert names(tmp_path, "*/.*.csv") == ["d=1/.h.csv"]


def test_files_are_listed_once_in_order_whatever_the_order_of_paths(tmp_path: Path) -> None:
    make(tmp_path, "a.csv", "b.csv", "c.csv")
    assert names(tmp_path, "c.csv", "*.csv", "a.csv") == ["a.csv", "b.csv", "c.csv"]


def test_a_file_is_taken_whatever_its_name(tmp_path: Path) -> None:
    make(tmp_path, "_a[1].weird")
    assert names(tmp_path, "_a[1].weird") == ["_a[1].weird"]


def test_relative_paths_become_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make(tmp_path, "d/a.csv")
    monkeypatch.chdir(tmp_path)
    (piece,) = list_files("d/*.csv", ENDINGS)
    status = (tmp_path / "d/a.csv").stat()
    assert piece.uri == str(tmp_path / "d/a.csv")
    assert (piece.size, piece.version) == (2, str(status.st_mtime_ns))
    assert root_of("d/*.csv") == str(tmp_path / "d")
    assert root_of("memory://x/*.csv") == "memory://x/"


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("flights/janaury.csv", 'no such file or folder. Did you mean "{}/flights/january.csv"?'),
        ("flihgts/x.csv", 'no such file or folder. Did you mean "{}/flights"?'),
        ("flights/*.parquet", 'no file matches. "{}/flights" contains "empty", "january.csv"'),
        ("flits/a/x.csv", 'no such file or folder. Did you mean "{}/flights"?'),
        ("raw/*.csv", 'no such folder "{}/raw". "{}" contains "flights", "ray"'),
        ("raw/a.csv", 'no such file or folder. "{}" contains "flights", "ray"'),
        ("flihgts/*.csv", 'no such folder "{}/flihgts". Did you mean "{}/flights"?'),
        ("flights/empty", "no file in it ends in .csv (also .gz, .zst)"),
        ("flights/january.csv/x.csv", "part of the path is a file, not a folder"),
    ],
)
def test_a_path_that_is_not_there(path: str, said: str, tmp_path: Path) -> None:
    make(tmp_path, "flights/january.csv")
    (tmp_path / "flights/empty").mkdir()
    (tmp_path / "ray").mkdir()
    with pytest.raises(ConfigError) as caught:
        list_files(str(tmp_path / path), ENDINGS)
    assert said.replace("{}", str(tmp_path)) in str(caught.value)


def test_all_wrong_paths_are_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        list_files([str(tmp_path / "x"), str(tmp_path / "y*")], ENDINGS)
    assert len(caught.value.lines) == 2


def test_what_is_neither_file_nor_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "gone.csv").symlink_to(tmp_path / "nowhere")
    with pytest.raises(ConfigError, match="neither a regular file nor a folder"):
        list_files(str(tmp_path), ENDINGS)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ConfigError, match="neither a regular file nor a folder"):
        list_files(str(tmp_path / "pipe"), ENDINGS)


def test_a_link_to_a_folder_above_is_refused(tmp_path: Path) -> None:
    make(tmp_path, "d/a.csv")
    (tmp_path / "d/up").symlink_to(tmp_path)
    with pytest.raises(ConfigError, match="a folder above it"):
        list_files(str(tmp_path), ENDINGS)


def test_links_to_other_places_are_followed(tmp_path: Path) -> None:
    make(tmp_path, "real/a.csv")
    (tmp_path / "in").mkdir()
    (tmp_path / "in/link").symlink_to(tmp_path / "real")
    assert names(tmp_path, "in") == ["in/link/a.csv"]


def test_a_file_that_may_not_be_read_is_refused(tmp_path: Path) -> None:
    make(tmp_path, "a.csv", "d/b.csv")
    open_up(tmp_path)
    (tmp_path / "a.csv").chmod(0)
    (tmp_path / "d").chmod(0)
    try:
        with nobody():
            with pytest.raises(ConfigError, match=r'no permission to read ".*/a\.csv"'):
                list_files(str(tmp_path / "a.csv"), ENDINGS)
            with pytest.raises(ConfigError, match=r'no permission to list ".*/d"'):
                list_files(str(tmp_path / "d/*.csv"), ENDINGS)
    finally:
        (tmp_path / "d").chmod(0o755)


def test_thousands_of_files_are_listed_in_a_moment(tmp_path: Path) -> None:
    for folder in range(10):
        (tmp_path / f"d={folder}").mkdir()
        for number in range(300):
            (tmp_path / f"d={folder}" / f"{number}.csv").touch()
    began = time.monotonic()
    assert len(list(Csv(type="csv", path=str(tmp_path)).slices(1 << 20))) == 3000
    assert time.monotonic() - began < 1
