"""E17: verify tells an edited manifest, files that nobody published, and rows replaced since."""

import json
import shutil

import pytest

from ingest.sinks.directory.local.place import Folder
from tests.faults.state import assert_done

OK = "OK: files match recorded row counts and checksums"


@pytest.fixture
def state(state):
    state.rows("in/orders/b.csv", 3)
    return state


def publish(state, **sink):
    state.describe(sink=sink)
    assert_done(state.run())
    return state.last()


def edit(state, run_id, change):
    path = Folder(state.place / "out").manifest_path(run_id)
    page = json.loads(path.read_text())
    change(page)
    path.write_text(json.dumps(page, indent=1) + "\n")


def assert_differs(state, run_id, *texts):
    result = state.verify(run_id)
    assert result.code == 1, result.out
    assert OK not in result.out
    for text in texts:
        assert text in result.err, result.err


def test_all_is_well(state):
    run_id = publish(state)
    result = state.verify(run_id)
    assert_done(result)
    assert result.out == f"run {run_id}: ok\n  output: 3 rows in 1 file. {OK}\n"


def test_edited_totals(state):
    run_id = publish(state)
    edit(state, run_id, lambda page: page.update(rows=4))
    said = "rows: differs from the commit of the run: 4, the run wrote 3"
    assert_differs(state, run_id, f"output: .ingest-out/manifests/{run_id}.json: {said}")


def test_the_rows_of_a_file_edited_with_the_totals(state):
    run_id = publish(state)

    def change(page):
        page["rows"] = page["files"][0]["rows"] = 4

    edit(state, run_id, change)
    assert_differs(state, run_id, "files: differs from the commit", "rows: differs from the commit")


@pytest.mark.parametrize("key", ["job", "replaced", "schema", "disposition"])
def test_anything_else_that_was_edited(state, key):
    run_id = publish(state)
    edit(state, run_id, lambda page: page.pop(key))
    assert_differs(state, run_id, f"{key}: differs from the commit of the run")


@pytest.mark.parametrize(
    ("text", "said"), [("{", "damaged"), ("[]", "the page: differs from the commit of the run")]
)
def test_a_damaged_manifest(state, text, said):
    run_id = publish(state)
    (Folder(state.place / "out").manifest_path(run_id)).write_text(text)
    result = state.verify(run_id)
    assert result.code == 1
    assert said in result.err or "not a manifest" in result.err


def test_a_missing_manifest(state):
    run_id = publish(state)
    (Folder(state.place / "out").manifest_path(run_id)).unlink()
    assert_differs(state, run_id, "the manifest is missing")


def test_a_manifest_that_was_only_written_anew_is_the_same(state):
    run_id = publish(state)
    path = Folder(state.place / "out").manifest_path(run_id)
    path.write_text(json.dumps(json.loads(path.read_text())))
    assert_done(state.verify(run_id))


@pytest.mark.parametrize("kind", ["parquet", "csv", "jsonl"])
@pytest.mark.parametrize("name", ["more.{}", "sub/more.{}", "{run}-0000007-0.{}"])
def test_files_beside_the_published_ones(state, kind, name):
    run_id = publish(state, type=kind)
    (file,) = (state.place / "out").glob(f"*.{kind}")
    extra = state.place / "out" / name.format(kind, run=run_id)
    extra.parent.mkdir(exist_ok=True)
    shutil.copy(file, extra)
    said = "no run of ingest has published it, but readers see it. Move it away"
    assert_differs(state, run_id, f"output {extra}: {said}")


def test_foreign_files_that_append_allows_are_a_note(state):
    state.write("out/mine.parquet", "mine")
    run_id = publish(state, write_disposition="append")
    result = state.verify(run_id)
    assert_done(result)
    assert "output: note: mine.parquet: no run of ingest has published it" in result.err
    shutil.copy(
        state.place / "out" / f"{run_id}-0000000-0.parquet",
        state.place / "out" / f"{run_id}-0000001-0.parquet",
    )
    assert_differs(state, run_id, f"{run_id}-0000001-0.parquet: no run of ingest")


def test_foreign_files_among_partitions(state):
    run_id = publish(state, write_disposition="overwrite_partitions", partition_by=["name"])
    state.write("out/README", "mine")
    assert_done(state.verify(run_id))
    state.write("out/name=x1/more.parquet", "mine")
    assert_differs(state, run_id, "name=x1/more.parquet: no run of ingest")


def test_files_of_a_run_that_is_being_published_are_none_of_these(state):
    run_id = publish(state, write_disposition="append")
    other = "20991231t235959-1a2b3c"
    state.write(f"out/{other}-0000000-0.parquet", "half a publish")
    state.write(f".ingest-out/{other}/1-0-1-0.staged", "")
    assert_done(state.verify(run_id))
    shutil.rmtree(state.place / ".ingest-out" / other)
    assert_differs(state, run_id, f"{other}-0000000-0.parquet: no run of ingest")


@pytest.mark.parametrize("replace", ["folder", "files"])
def test_a_run_that_was_replaced_is_superseded(state, replace):
    first = publish(state, replace=replace)
    second = publish(state, replace=replace)
    result = state.verify(first)
    assert_done(result)
    assert result.out == (
        f"run {first}: ok, but later runs have replaced files\n"
        f"  output: superseded: run {second} replaced its 1 file (3 rows) later\n"
    )
    assert "output: 3 rows" in state.verify(second).out


def test_a_run_of_which_a_part_was_replaced(state):
    parts = {"write_disposition": "overwrite_partitions", "partition_by": ["name"]}
    first = publish(state, **parts)
    (state.place / "in/orders/a.csv").unlink()
    second = publish(state, **parts)
    result = state.verify(first)
    assert_done(result)
    assert f"run {second} replaced 1 of its 3 files later. OK: the others match" in result.out
    (state.place / "out/name=x1").rename(state.place / "away")
    assert_differs(state, first, "missing, and no later run has replaced it")


def test_extra_files_are_told_by_the_run_that_is_there(state):
    first = publish(state)
    second = publish(state)
    state.write("out/more.parquet", "mine")
    assert_done(state.verify(first))
    assert_differs(state, second, "more.parquet")


def test_a_ledger_whose_parts_do_not_agree(state):
    run_id = publish(state)
    (lines,) = (state.place / "state/runs" / run_id / "publish").glob("*-main-*.jsonl")
    lines.write_text(lines.read_text().replace('"rows":3', '"rows":5'))
    result = state.verify(run_id)
    assert result.code == 1
    assert (
        "the list of what the run publishes is damaged: it is not what was committed" in result.err
    )


def test_the_quarantine_too(state):
    state.write("in/orders/c.csv", "id,name\nx,y\n")
    state.describe(contract={"on_error": "quarantine"})
    assert_done(state.run())
    first = state.last()
    shutil.copy(
        state.place / "out_quarantine" / f"{first}-0000000-0.parquet",
        state.place / "out_quarantine" / "more.parquet",
    )
    assert_differs(state, first, "_quarantine/more.parquet: no run of ingest")
    (state.place / "out_quarantine" / "more.parquet").unlink()
    result = state.verify(first)
    assert result.out.count(OK) == 2
    assert_done(state.run())
    said = state.verify(first).out
    assert f"superseded: run {state.last()} replaced its 1 file (1 row) later" in said
