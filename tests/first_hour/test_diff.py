"""`ingest diff` and `ingest rerun`: what differs between runs, and making one again beside it."""

import json
import shutil
import subprocess

import pytest

from tests.first_hour.orders import made, orders, typed

STATE = ("--state", "state")


@pytest.fixture
def desk(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return orders(tmp_path)


def git(*words):
    who = ["-c", "user.name=me", "-c", "user.email=me@example.org"]
    subprocess.run(["git", *who, *words], check=True, capture_output=True)


def files(folder):
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_what_changed_between_two_runs(desk, capsys):
    git("init")
    git("add", "conf")
    git("commit", "-m", "a job")
    assert desk.run().code == 0
    desk.write("4.csv", "id,name,n\n9,z,1\n")
    desk.write("1.csv", "id,name,n\n1,a,1\n")
    desk.describe(contract={"columns": {"id": "int64", "n": "int16"}, "on_error": "quarantine"})
    assert desk.run().code == 0
    page = json.loads(typed(capsys, "diff", *made(desk), *STATE, "--json").out)
    assert page["settings"] == ['contract.columns.n.type: was "int8", now "int16"']
    assert list(page["code"]) == ["uncommitted: conf/job/orders.yaml"]
    assert page["inputs"]["changed"]["examples"] == [str(desk.place / "in/1.csv")]
    assert page["inputs"]["only in the second"]["files"] == 1
    assert page["schema"]["columns written"] == {"n": ["int8", "int16"]}
    assert page["rows"]["rejected, n: not an int8"] == [2, None]
    assert page["versions"] == {}
    out = typed(capsys, "diff", *made(desk), *STATE).out
    assert "1 file changed" in out
    assert "the same: versions" in out
    shown = typed(capsys, "status", made(desk)[-1], *STATE).out
    assert f"settings changed since run {made(desk)[0]}:\n  contract.columns.n.type" in shown
    assert "with uncommitted changes (conf/job/orders.yaml)" in shown


def test_a_run_that_is_gone_has_no_differences(desk, capsys):
    assert desk.run().code == desk.run().code == 0
    first, second = made(desk)
    shutil.rmtree(desk.place / "state/runs" / first / "plan")
    out = typed(capsys, "diff", first, second, *STATE).out
    assert "unknown: inputs: " in out
    shutil.rmtree(desk.place / "state/runs" / first)
    assert typed(capsys, "diff", first, second, *STATE).code == 2


@pytest.mark.parametrize("kind", ["parquet", "csv", "delta"])
def test_a_run_comes_out_again_byte_for_byte(desk, capsys, kind):
    steps = [{"type": "add_metadata"}]
    sink = {"type": kind, "path": "out", "write_disposition": "append"}
    desk.describe(transforms=steps, sink=sink)
    assert desk.run().code == desk.run().code == 0
    run = made(desk)[0]
    before, runs = files(desk.place / "out"), len(made(desk))
    result = typed(capsys, "rerun", run, *STATE)
    assert result.code == 0, result.err
    assert f"run {run}: came out byte for byte" in result.out
    assert files(desk.place / "out") == before
    assert len(made(desk)) == runs
    again = files(desk.place / "reruns" / run / "output")
    if kind == "delta":
        assert "1 of 1 file the same" in result.out
        return
    assert again == {name: data for name, data in before.items() if run in name}
    assert typed(capsys, "rerun", run, *STATE).code == 0  # compares once more, and runs nothing


def test_what_is_gone_is_said_and_nothing_runs(desk, capsys):
    assert desk.run().code == 0
    (run,) = made(desk)
    desk.write("1.csv", "id,name,n\n1,a,1\n")
    (desk.place / "in/2.csv").unlink()
    result = typed(capsys, "rerun", run, *STATE)
    assert result.code == 2
    assert "in/1.csv" in result.err
    assert "in/2.csv" in result.err
    assert not (desk.place / "reruns").exists()


def test_other_code_is_a_warning_and_a_table_that_changed_is_not(desk, capsys):
    (desk.place / "names.csv").write_text("name,long\na,Anna\n")
    lookup = {"type": "lookup", "reference": {"path": "names.csv"}, "key": {"name": "name"},
              "columns": {"long": "long"}}  # fmt: skip
    desk.describe(transforms=[lookup])
    git("init")
    git("add", "conf")
    git("commit", "-m", "a job")
    assert desk.run().code == 0
    git("commit", "--allow-empty", "-m", "more")
    (run,) = made(desk)
    result = typed(capsys, "rerun", run, *STATE, "--dry-run")
    assert result.code == 0, result.err
    assert "warning: git: revision " in result.err
    assert "(git checkout " in result.err
    (desk.place / "names.csv").write_text("name,long\na,Other\n")
    result = typed(capsys, "rerun", run, *STATE, "--dry-run")
    assert result.code == 2
    assert "0.lookup" in result.err


def test_an_incremental_run_is_reproduced_after_later_ones(desk, capsys):
    desk.describe(
        source={"type": "csv", "path": "in", "incremental": "files"},
        sink={"type": "parquet", "path": "out", "write_disposition": "append"},
    )
    assert desk.run().code == 0
    desk.write("9.csv", "id,name,n\n9,z,1\n")
    assert desk.run().code == 0
    first, second = made(desk)
    for run in (first, second):
        result = typed(capsys, "rerun", run, *STATE)
        assert result.code == 0, result.err
        assert "byte for byte" in result.out


def test_a_folder_of_others_is_refused(desk, capsys):
    assert desk.run().code == 0
    (desk.place / "mine").mkdir()
    (desk.place / "mine/file").write_text("x")
    result = typed(capsys, "rerun", made(desk)[0], *STATE, "--to", "mine")
    assert result.code == 2
    assert "is not empty" in result.err
