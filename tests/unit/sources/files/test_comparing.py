"""The files that are there, held against those of a plan."""

import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import fsspec
import pytest

from ingest.core.errors import ConfigError
from ingest.sources.base import Planned
from ingest.sources.csv import Csv
from ingest.sources.jsonl import Jsonl

LATER = datetime.now(UTC) + timedelta(days=1)


def source(folder):
    return Csv(type="csv", path=str(folder))


def plan(of, is_open=True):
    return [
        Planned(piece.uri, piece.size, piece.version, is_open, piece.changed_ns)
        for piece in of.slices(1 << 30)
    ]


def compare(of, planned, since=LATER):
    return [(one.uri.rpartition("/")[2], one.fate) for one in of.compare(planned, since)]


@pytest.fixture
def folder(tmp_path):
    for name in "bdf":
        (tmp_path / f"{name}.csv").write_text(f"n\n{name}\n")
    return tmp_path


def test_nothing_has_changed(folder):
    assert compare(source(folder), plan(source(folder))) == []


def test_every_fate_is_told_in_order(folder):
    planned = plan(source(folder))
    (folder / "b.csv").write_text("n\nother\n")
    (folder / "d.csv").unlink()
    for name in "aeg":
        (folder / f"{name}.csv").write_text("n\n")
    assert compare(source(folder), planned) == [
        ("a.csv", "new"), ("b.csv", "changed"), ("d.csv", "vanished"), ("e.csv", "new"),
        ("g.csv", "new"),
    ]  # fmt: skip


def test_everything_is_gone(folder):
    planned = plan(source(folder))
    for file in folder.iterdir():
        file.unlink()
    assert [fate for _, fate in compare(source(folder), planned)] == ["vanished"] * 3
    folder.rmdir()
    assert [fate for _, fate in compare(source(folder), planned)] == ["vanished"] * 3


@pytest.mark.parametrize("how", ["chmod", "link", "rename", "rewrite", "restore"])
def test_what_keeps_size_and_time_is_named_and_not_called_a_change(folder, how):
    planned, since = plan(source(folder)), datetime.now(UTC) - timedelta(seconds=5)
    file = folder / "d.csv"
    time_ns = file.stat().st_mtime_ns
    if how == "chmod":
        file.chmod(0o600)
    elif how == "link":
        (folder / "other.dat").hardlink_to(file)
    elif how == "rename":
        file.rename(folder / "x").rename(file)
    else:
        if how == "restore":
            file.unlink()
        file.write_text("n\nx\n" if how == "rewrite" else "n\nd\n")
        os.utime(file, ns=(time_ns, time_ns))
    assert compare(source(folder), planned) == [("d.csv", "touched")]
    older = [replace(one, changed_ns=0) for one in planned]
    assert ("d.csv", "touched") in compare(source(folder), older, since)
    assert compare(source(folder), older, since=LATER) == []
    settled = [replace(one, open=False) for one in planned]
    assert compare(source(folder), settled, since) == []


def test_remote_files_are_compared_by_their_listing():
    files = fsspec.filesystem("memory")
    for name in "abc":
        files.pipe(f"/compared/{name}.jsonl", b'{"a":1}\n')
    of = Jsonl(type="jsonl", path="memory://compared")
    planned = plan(of)
    assert compare(of, planned) == []
    files.pipe("/compared/b.jsonl", b'{"a":2}\n')
    files.rm("/compared/c.jsonl")
    assert compare(of, planned) == [("b.jsonl", "changed"), ("c.jsonl", "vanished")]
    files.rm("/compared", recursive=True)
    assert [fate for _, fate in compare(of, planned)] == ["vanished"] * 3


def test_what_cannot_be_listed_has_not_vanished():
    of = Jsonl(type="jsonl", path="nowhere://x")
    with pytest.raises(ConfigError, match="is not supported"):
        compare(of, [Planned("nowhere://x/a", 1, "1", open=True)])
