"""The commands around a run: what they print, and how they exit."""

import json

import pytest

from ingest import __main__ as console
from ingest import __version__

JOB = """# @package _global_
# A job for a test.
name: small
owner: me@example.org
description: For a test.
source: {type: csv, path: in.csv}
transforms:
  - {type: filter, where: "n <> 3"}
contract:
  columns: {n: int64}
  on_error: quarantine
sink: {type: parquet, path: out, write_disposition: overwrite}
cluster: {type: inline}
"""


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    (tmp_path / "conf/job").mkdir(parents=True)
    (tmp_path / "conf/job/small.yaml").write_text(JOB)
    (tmp_path / "in.csv").write_text("n,name\n1,a\n2,b\nx,c\n3,d\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def ingest(capsys, *words):
    code = console.main(words)
    printed = capsys.readouterr()
    return code, printed.out, printed.err


def run_id(capsys):
    code, out, _ = ingest(capsys, "run", "+job=small", "--json")
    assert code == 0
    return json.loads(out)["run_id"]


def test_plan_shows_what_would_happen_and_changes_nothing(capsys, folder):
    code, out, _ = ingest(capsys, "plan", "+job=small", "--json")
    page = json.loads(out)
    assert code == 0
    assert (page["files"], page["partitions"]) == (1, 1)
    assert page["input_schema"] == {"n": "int64", "name": "string"}
    assert sorted(path.name for path in folder.iterdir()) == ["conf", "in.csv"]


def test_plan_says_where_each_type_comes_from(capsys):
    _, out, _ = ingest(capsys, "plan", "+job=small")
    assert "small: 1 file, 23 B" in out
    line = next(line for line in out.splitlines() if line.strip().startswith("name"))
    assert "no type is set" in line
    assert line.split()[:2] == ["name", "string"]


@pytest.mark.parametrize("command", ["run", "plan", "preview", "bench"])
def test_a_job_is_named_by_a_word(capsys, command):
    code, out, err = ingest(capsys, command, "small", "source.path=in.csv")
    assert code == 0, err
    assert "small" in out
    code, _, err = ingest(capsys, command, "smal")
    assert code == 2
    assert err.endswith('no job "smal". Did you mean "small"? Known jobs: small.\n')


def test_several_are_named_by_a_word_too(capsys, folder):
    (folder / "conf/job/other.yaml").write_text(JOB.replace("small", "other").replace("out,", "o,"))
    code, out, _ = ingest(capsys, "run", "small,other")
    assert code == 0
    assert "2 runs: 2 published\n  published    small\n  published    other\n" in out


def test_a_sweep_whose_jobs_would_replace_each_others_rows_is_refused_before_it_runs(
    capsys, folder
):
    (folder / "conf/job/other.yaml").write_text(JOB.replace("small", "other"))
    code, out, err = ingest(capsys, "run", "small,other")
    said = f'other.yaml:12: sink.path: "{folder}/out" is also the output of job "small" in this'
    assert (code, out) == (2, "")
    assert said in err
    assert err.count("\n") == 1
    assert not (folder / "out").exists()
    assert ingest(capsys, "run", "small,other", "sink.write_disposition=append")[0] == 0


@pytest.mark.parametrize("typed", ["small", "+job=small"])
def test_what_was_typed_is_told_to_be_typed_again(capsys, typed):
    code, _, err = ingest(capsys, "run", typed, "contract.max_error_ratio=0.01")
    assert code == 1
    assert f": ingest run {typed} contract.max_error_ratio=0.01\n" in err


def test_status_lists_runs_and_shows_the_books_of_one(capsys):
    one = run_id(capsys)
    code, out, _ = ingest(capsys, "status")
    assert code == 0
    assert [word for word in out.splitlines()[1].split() if word != "s"][:7] == [
        one, "small", "done", "1/1", "4", "2", "1",
    ]  # fmt: skip
    _, out, _ = ingest(capsys, "status", one)
    assert "1 rejected" in out
    assert "1 filtered" in out
    _, out, _ = ingest(capsys, "status", "--json")
    assert json.loads(out)[0]["rows"] == {"read": 4, "written": 2, "filtered": 1, "rejected": 1}


def test_status_of_nothing_says_how_to_begin(capsys):
    assert ingest(capsys, "status")[1] == ("no runs in .ingest. Start one with: ingest run NAME\n")


def test_verify_counts_again(capsys, folder):
    one = run_id(capsys)
    code, out, _ = ingest(capsys, "verify", one)
    assert code == 0
    assert "output: 2 rows in 1 file. OK: files match recorded row counts and checksums\n" in out
    file = next((folder / "out").glob("*.parquet"))
    file.write_bytes(file.read_bytes()[:-9])
    code, _, err = ingest(capsys, "verify", one)
    assert code == 1
    assert file.name in err


def test_verify_says_when_a_later_run_has_replaced_it(capsys):
    one = run_id(capsys)
    two = run_id(capsys)
    code, out, _ = ingest(capsys, "verify", one)
    assert code == 0
    assert f"superseded: run {two} replaced" in out
    assert ingest(capsys, "verify", two)[0] == 0


def test_verify_of_an_unknown_run_names_those_that_there_are(capsys):
    one = run_id(capsys)
    code, _, err = ingest(capsys, "verify", "nothing")
    assert code == 2
    assert f'no run "nothing". The latest runs here: {one}' in err


def test_validate_names_every_wrong_job(capsys, folder):
    (folder / "conf/job/wrong.yaml").write_text(JOB.replace("path: in.csv", "pth: in.csv"))
    code, out, err = ingest(capsys, "validate")
    assert code == 2
    assert "small: ok" in out
    assert "1 of 2 jobs are valid" in out
    assert 'conf/job/wrong.yaml:6: source.pth: unknown key. Did you mean "path"?' in err
    assert ingest(capsys, "validate", "small")[0] == 0


def test_the_summary_shows_a_run_on_one_screen(capsys):
    code, out, _ = ingest(capsys, "run", "+job=small")
    assert code == 0
    assert len(out.splitlines()) < 24
    for text in ("4 rows", "filtered", "rejected", "n: not an int64", "ingest verify "):
        assert text in out


@pytest.mark.parametrize("word", ["run", "plan", "preview", "status", "verify", "validate", "init"])
def test_every_command_explains_itself_with_an_example(word, capsys):
    with pytest.raises(SystemExit) as exited:
        console.main([word, "--help"])
    assert exited.value.code == 0
    assert "example:" in capsys.readouterr().out


def test_the_console_script_lists_its_commands(capsys):
    assert ingest(capsys)[1] == console.usage() + "\n"
    assert ingest(capsys, "--version")[1] == f"{__version__}\n"
    code, _, err = ingest(capsys, "rnu")
    assert code == 2
    assert 'no such command "rnu". Did you mean "run"?' in err
