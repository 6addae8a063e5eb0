"""What lies beside a published folder, and what becomes of either when a user moves or deletes."""

import json
import os
import shutil
import stat
import subprocess
from pathlib import Path

import pytest

from ingest.sinks.directory import manifest
from ingest.sinks.directory.local.place import Folder
from tests.faults.state import assert_done, assert_refused

BAD = {"on_error": "quarantine"}


def files(state, folder="out"):
    return sorted(str(p.relative_to(folder)) for p in Path(folder).rglob("*") if p.is_file())


@pytest.mark.parametrize("disposition", ["append", "overwrite", "overwrite_partitions"])
def test_a_folder_that_is_deleted_is_published_again(state, disposition):
    sink = {"write_disposition": disposition, "partition_by": ["name"]}
    state.describe(sink=sink)
    assert_done(state.run())
    first = state.last()
    shutil.rmtree("out")
    result = state.run()
    assert_done(result)
    assert "append adds their rows again" not in result.err
    assert state.ids() == [1, 2]
    assert manifest.current(Folder(state.place / "out")) == files(state)
    assert state.verify(state.last()).code == 0
    gone = state.verify(first)
    assert gone.code == 1
    assert "missing, and no later run has replaced it" in gone.err


def test_what_was_deleted_binds_nobody(state):
    """Neither rows of another job nor another form: they are gone, though their manifests stay."""
    state.describe()
    assert_done(state.run())
    shutil.rmtree("out")
    state.rows("in/returns/a.csv", 7)
    text = {"columns": {"id": "string"}}
    state.describe("returns", contract=text, sink={"write_disposition": "append"})
    assert_done(state.run("returns"))
    state.describe("returns", contract=text)
    assert_done(state.run("returns"))
    assert state.ids() == ["7"]


def test_a_file_that_is_lost_is_not_passed_over_by_readers_of_manifests(state):
    state.rows("in/orders/b.csv", 3)
    state.describe(sink={"partition_by": ["name"]})
    assert_done(state.run())
    listed = manifest.current(Folder(state.place / "out"))
    (state.place / "out" / listed[0]).unlink()
    assert manifest.current(Folder(state.place / "out")) == listed, (
        "opening it fails, which is loud"
    )


@pytest.mark.parametrize("disposition", ["overwrite", "overwrite_partitions"])
def test_a_folder_that_was_moved_alone_is_refused_and_it_is_said_what_to_do(state, disposition):
    sink = {"write_disposition": disposition, "partition_by": ["name"]}
    state.describe(sink=sink)
    assert_done(state.run())
    Path("out").rename("new")
    state.describe(sink={**sink, "path": "new"})
    assert_refused(
        state.run(),
        f'"{state.place}/new" contains files written by runs that no manifest in '
        f'"{state.place}/.ingest-new/manifests" lists: "name=x1/',
        'also move the folder that was beside it, ".ingest-<its old name>"',
    )
    assert state.ids("new") == [1, 2]
    Path(".ingest-out").rename(".ingest-new")
    assert_done(state.run())
    assert state.ids("new") == [1, 2]


def test_a_sibling_that_is_deleted_is_missed_likewise(state):
    state.describe()
    assert_done(state.run())
    run_id = state.last()
    shutil.rmtree(".ingest-out")
    assert_refused(state.run(), "no manifest in", "lists", "move the files away")
    verified = state.verify(run_id)
    assert verified.code == 1
    assert "the manifest is missing" in verified.err
    assert "no run of ingest has published it" not in verified.err, "the ledger says that it has"


def test_what_an_earlier_version_published_is_taken_over_by_one_command(state):
    state.describe(sink={"partition_by": ["name"]})
    assert_done(state.run())
    run_id = state.last()
    Path(".ingest-out/manifests").rename("out/_ingest")
    refused = state.plan()
    assert_refused(
        refused, f'"{state.place}/out" was published by an earlier version', "Move them: "
    )
    assert state.verify(run_id).code == 1
    command = refused.err.strip().partition("Move them: ")[2]
    subprocess.run(command, shell=True, check=True)
    assert state.verify(run_id).code == 0
    assert_done(state.run())
    assert f"superseded: run {state.last()} replaced" in state.verify(run_id).out
    assert all(name.endswith(".parquet") for name in files(state))


def test_a_quarantine_that_has_become_empty_is_replaced_too(state):
    """Its old rows go in one step, though the run puts no file; no folder is made for nothing."""
    state.write("in/orders/b.csv", "id,name\nx,y\n")
    state.describe(contract=BAD)
    assert_done(state.run())
    first = state.last()
    assert len(files(state, "out_quarantine")) == 1
    (state.place / "in/orders/b.csv").unlink()
    assert_done(state.run())
    assert files(state, "out_quarantine") == []
    assert "quarantine: superseded: run" in state.verify(first).out
    assert state.verify(state.last()).code == 0
    shutil.rmtree("out_quarantine")
    assert_done(state.run())
    assert not Path("out_quarantine").exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root makes other groups' folders")
def test_who_may_publish_into_the_folder_may_do_so_beside_it(state):
    state.describe()
    assert_done(state.run())
    os.chown("out", 12345, 54321)
    Path("out").chmod(0o2775)
    assert_done(state.run())
    for folder in (".ingest-out", ".ingest-out/manifests"):
        status = Path(folder).stat()
        assert (status.st_uid, status.st_gid) == (12345, 54321), folder
        assert stat.S_IMODE(status.st_mode) == 0o2775
    assert Folder(state.place / "out").manifest_path(state.last()).stat().st_gid == 54321


def test_an_output_inside_what_was_published_before_is_refused_while_it_is_there(state):
    state.describe(sink={"path": "data"})
    assert_done(state.run())
    state.describe("other", source={"type": "csv", "path": "in/orders"}, sink={"path": "data/deep"})
    assert_refused(state.run("other"), "where runs are published")
    shutil.rmtree("data")
    assert_done(state.run("other"))
    assert_done(state.run("other"))


def test_the_manifest_is_what_was_committed(state):
    state.describe()
    assert_done(state.run())
    page = json.loads(Folder(state.place / "out").manifest_path(state.last()).read_text())
    (file,) = (state.place / "state/runs" / state.last() / "publish").glob("*-main-*.jsonl")
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    puts = [{k: v for k, v in line.items() if k != "put"} for line in lines if "put" in line]
    assert page == {**lines[0]["manifest"], "files": puts, "replaced": [], "rows": 2}
    assert state.receipt()["effects"]["main"]["prepared"]["lines"] == len(lines)
