"""A job's name is a text, whatever else it could be read as."""

import pytest

from tests.bad_input.bench import Bench
from tests.faults.test_e3_progress import shell

NAMES = ("nan", "null", "true", "on", "1e5", "inf", "2024-01-01", "007", ".5", "a-b", "1_000", "no")
ODD = ("~", "a,b", "a=b", 'a"b', "a b")


@pytest.fixture
def bench(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    bench = Bench(tmp_path)
    bench.fill(1)
    bench.describe()
    return bench


def job(bench, name, called="null"):
    """Write a job in a file of this name; what the job itself is `called` no other one is."""
    page = bench.file.read_text().replace("name: orders", f"name: '{called}'")
    bench.file.with_name(f"{name}.yaml").write_text(page)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("plus", ["+", ""])
def test_a_job_is_found_by_its_files_name(bench, name, plus):
    job(bench, name)
    result = bench.type(["--conf", "conf", f"{plus}job={name}", "cluster=inline"])
    assert result.code == 0, result.err
    assert result.out.startswith("null: published.")
    assert len(bench.rows) == 4


@pytest.mark.parametrize("name", NAMES)
def test_a_job_that_is_not_there_is_missed_by_its_name(bench, name):
    result = bench.type(["--conf", "conf", f"+job={name}"])
    said = f'error: command line: +job={name}: there is no job "{name}".'
    assert (result.code, result.err.startswith(said)) == (2, True), result.err
    assert result.err.count("\n") == 1


@pytest.mark.parametrize("value", ["[orders]", "{a: 1}"])
def test_a_job_is_one_name(bench, value):
    result = bench.type(["--conf", "conf", f"+job={value}"])
    assert result.code == 2
    assert "this command takes one job. Write: +job=NAME" in result.err


@pytest.mark.parametrize("name", ODD)
def test_a_name_that_needs_quotes_is_told_with_them(bench, name):
    job(bench, name)
    if name not in {"a b", "a,b"}:  # the one needs none, the other is a sweep
        result = bench.type(["--conf", "conf", f"+job={name}"])
        assert result.code == 2
        typed = result.err.partition("Write: ")[2].strip()
        bench.file.unlink()
        assert shell(bench, f"ingest plan --conf conf {typed}").returncode == 0


def test_a_sweep_takes_them_too(bench):
    for name, called in {"nan": "nan", "null": "null", "1e5": "one"}.items():
        job(bench, name, called)
        file = bench.file.with_name(f"{name}.yaml")
        file.write_text(file.read_text().replace("path: out", f"path: of_{called}"))
    result = bench.type(["--conf", "conf", "+job=nan,null,1e5", "cluster=inline"])
    assert result.code == 0, result.err
    assert [result.out.count(f"{name}: published.") for name in ("nan", "null", "one")] == [1, 1, 1]
    result = bench.type(["--conf", "conf", "job=choice(nan,'1e5')", "cluster=inline"])
    assert (result.code, result.out.count(": published.")) == (0, 2), result.err


def test_every_job_can_be_validated(bench):
    for number, name in enumerate((*NAMES, *ODD)):
        job(bench, name, f"job_{number}")
    ended = shell(bench, "ingest validate --conf conf")
    assert ended.stdout.splitlines()[-1] == f"{len(NAMES) + len(ODD) + 1} of 18 jobs are valid"
    assert ended.returncode == 0


def test_files_of_other_groups_may_have_such_names(bench):
    (bench.place / "conf/cluster").mkdir()
    (bench.place / "conf/cluster/1e5.yaml").write_text("type: inline\n")
    result = bench.type(["--conf", "conf", "+job=orders", "cluster=1e5"])
    assert result.code == 0, result.err
