"""E9: an input that is replaced, with size and time put back, is not the planned one."""

import os
import shutil

import polars as pl
import pytest

from ingest.core.errors import FatalError
from ingest.core.partition import Slice
from ingest.sources.files.local import whole
from ingest.sources.files.opening import open_input

ACCEPT = "execution.touched_inputs=accept"
KINDS = pytest.mark.parametrize("kind", ["csv", "jsonl", "parquet"])


def content(kind, values):
    if kind == "parquet":
        return pl.DataFrame({"id": values})
    if kind == "csv":
        return "id\n" + "".join(f"{value}\n" for value in values)
    return "".join(f'{{"id":{value}}}\n' for value in values)


def replace(job, kind, how, name="a"):
    """Put other rows in the place of a file, of the same size, and put its time back."""
    path = job.place / f"in/{name}.{kind}"
    before = path.stat()
    other = job.write(f"other.{kind}", content(kind, [7, 8, 9]))
    assert other.stat().st_size == before.st_size
    if how == "rewritten":
        path.write_bytes(other.read_bytes())
    elif how == "renamed":
        os.utime(other, ns=(before.st_atime_ns, before.st_mtime_ns))
        other.replace(path)
        return
    else:
        path.unlink()
        shutil.copy(other, path)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


ALONE = {"execution": {"partition_bytes": 1, "workers": 1}}
"""Every file is a partition."""


def planned(event):
    return event.name == "planned"


def settled(event):
    return event.name == "settled"


@KINDS
@pytest.mark.parametrize("how", ["rewritten", "renamed", "copied"])
def test_replaced_between_plan_and_resume(job, kind, how):
    for name in "ab":
        job.write(f"in/{name}.{kind}", content(kind, [1, 2, 3]))
    job.define(kind, parts=ALONE)
    job.interrupted(settled)
    replace(job, kind, how, name="b")
    result = job.run()
    assert result.code == 1
    assert "source.path: 1 input file was touched" in result.err
    assert f"in/b.{kind}: was " in result.err
    assert ACCEPT in result.err
    assert job.rows == []
    assert job.run("--fresh").code == 0
    assert sorted(int(row["id"]) for row in job.rows) == [1, 2, 3, 7, 8, 9]


@KINDS
def test_replaced_before_anything_was_read(job, kind):
    """Nothing is lost: the files as they are now are planned and read, and no other version."""
    for name in "ab":
        job.write(f"in/{name}.{kind}", content(kind, [1, 2, 3]))
    job.define(kind)
    job.interrupted(planned)
    replace(job, kind, "renamed")
    result = job.run()
    assert result.code == 0, result.err
    assert (
        "no partition, and its input files have changed since (1 touched). Starting" in result.err
    )
    assert sorted(int(row["id"]) for row in job.rows) == [1, 2, 3, 7, 8, 9]


@KINDS
def test_replaced_while_the_run_is_going_on(job, kind):
    """After the first partition is settled: what the others would read is another file."""
    for name in "abc":
        job.write(f"in/{name}.{kind}", content(kind, [1, 2, 3]))
    job.define(kind, parts=ALONE)
    done = []

    def swap(event):
        if event.name == "planned" and not done:
            done.append(True)
            replace(job, kind, "renamed", name="c")
        return False

    with pytest.raises(
        FatalError, match=rf"in/c\.{kind}: input changed since planning: .*replaced"
    ):
        job.interrupted(swap)
    assert job.rows == []


@pytest.mark.parametrize("how", ["rewritten", "renamed", "copied"])
def test_replaced_while_it_is_being_read(job, how):
    path = job.write("in/a.csv", content("csv", [1, 2, 3]))
    piece = whole(str(path), path.stat())
    with pytest.raises(FatalError, match="input changed since planning"), open_input(piece):
        replace(job, "csv", how)


def test_a_name_is_not_enough_where_times_are_not_compared(job):
    """Plans of earlier versions do not know when inodes were changed; the open file still does."""
    path = job.write("in/a.csv", content("csv", [1, 2, 3]))
    status = path.stat()
    piece = Slice(str(path), status.st_size, str(status.st_mtime_ns))
    with pytest.raises(FatalError, match="input changed since planning"), open_input(piece):
        replace(job, "csv", "renamed")
    path.chmod(0o600)
    with open_input(Slice(str(path), status.st_size, str(path.stat().st_mtime_ns))):
        pass


@pytest.mark.parametrize("how", ["chmod", "link", "restore"])
def test_who_knows_better_can_go_on(job, how):
    """Nothing is lost by a backup of hard links: one word resumes the run."""
    path = job.write("in/a.csv", content("csv", [1, 2, 3]))
    job.define()
    job.interrupted(planned)
    if how == "chmod":
        path.chmod(0o600)
    elif how == "link":
        (job.place / "backup").hardlink_to(path)
    else:
        shutil.copy2(path, job.place / "copy")
        path.unlink()
        shutil.copy2(job.place / "copy", path)
    refused = job.resume()
    assert refused.code == 1
    assert ACCEPT in refused.err
    result = job.resume(ACCEPT)
    assert result.code == 0, result.err
    assert "1 input file was touched (same size and time)" in result.err
    assert [row["id"] for row in job.rows] == ["1", "2", "3"]


def test_what_is_accepted_is_touched_and_not_changed(job):
    job.write("in/0.csv", content("csv", [0]))
    path = job.write("in/a.csv", content("csv", [1, 2, 3]))
    job.define(parts={"execution": {**ALONE["execution"], "touched_inputs": "accept"}})
    job.interrupted(settled)
    path.write_text(content("csv", [1, 2, 3, 4]))
    result = job.run()
    assert result.code == 1
    assert "1 input file changed" in result.err
