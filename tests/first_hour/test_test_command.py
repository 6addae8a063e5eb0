"""`ingest test`: a job's sample still gives its expected rows, or it is said what differs."""

from pathlib import Path

import pytest
import yaml

from tests.first_hour.orders import orders, typed

SAMPLE = "id,name,n\n1,a,1\n2,b,2\n3,c,300\n"


@pytest.fixture
def desk(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    desk = orders(tmp_path)
    sample = tmp_path / "jobs/orders/sample"
    sample.mkdir(parents=True)
    (sample / "a.csv").write_text(SAMPLE)
    return desk


@pytest.fixture
def tested(desk, capsys):
    assert typed(capsys, "test", "--update").code == 0
    return desk


def there():
    return {str(path) for path in Path().rglob("*") if path.parts[0] != "jobs"}


def test_update_writes_what_comes_out_and_then_it_is_as_expected(desk, capsys):
    result = typed(capsys, "test", "orders")
    assert result.code == 1
    assert "rows: there are no expected rows yet" in result.out
    result = typed(capsys, "test", "orders", "--update")
    assert result.code == 0
    assert "orders: 2 rows written, 1 rejected; jobs/orders/expected/ was updated" in result.out
    assert Path("jobs/orders/expected/rows.jsonl").read_text() == (
        '["id", "name", "n"]\n[1, "a", 1]\n[2, "b", 2]\n'
    )
    result = typed(capsys, "test")
    assert result.code == 0
    assert result.out == (
        "orders: ok: 2 rows written, 1 rejected, as expected\n1 of 1 job gives the expected rows\n"
    )


def test_neither_state_nor_outputs_are_touched(desk, capsys):
    before = there()
    page = desk.page | {"contract": desk.page["contract"] | {"quarantine": {"path": "bad"}}}
    desk.describe(**page)
    typed(capsys, "test", "--update")
    assert typed(capsys, "test").code == 0
    assert there() == before


def test_a_row_that_differs_is_shown_beside_what_was_expected(tested, capsys):
    Path("jobs/orders/sample/a.csv").write_text(SAMPLE.replace("2,b,2", "2,b,5"))
    result = typed(capsys, "test")
    assert result.code == 1
    assert result.out.splitlines() == [
        "orders: differs from jobs/orders/expected/",
        "  rows: 2 rows, as many as expected",
        '    - [2, "b", 2]',
        '    + [2, "b", 5]',
        "      differs in: n",
        "    1 expected rows are missing (-), 1 are new (+)",
        "  to accept the current result: ingest test orders --update",
        "0 of 1 job gives the expected rows",
    ]


def test_private_values_are_compared_and_not_shown(desk, capsys):
    contract = {**desk.page["contract"], "columns": {"name": {"type": "string", "pii": True}}}
    steps = [{"type": "derive", "columns": {"copy": "name"}}]
    desk.describe(contract=contract, transforms=steps)
    sample = Path("jobs/orders/sample/a.csv")
    sample.write_text("id,name,n\n1,x@xxx.xx,1\n2,xx,2\n")
    assert "warning" not in typed(capsys, "test", "--update").out
    sample.write_text("id,name,n\n1,canary@me.org,1\n2,xx,3\n")
    result = typed(capsys, "test")
    assert result.code == 1
    assert "canary" not in result.out + result.err
    assert '- ["1", "***", "1", "***"]' in result.out
    assert "differs in: name, copy\n" in result.out
    assert "differs in: n\n" in result.out
    out = typed(capsys, "test", "--update").out
    assert "has values of private columns (name, copy) as the sample gives them" in out
    assert typed(capsys, "test").code == 0


def test_rows_that_are_rejected_now_are_counted_on_both_sides(tested, capsys):
    Path("jobs/orders/sample/a.csv").write_text(SAMPLE.replace("2,b,2", "2,b,500"))
    out = typed(capsys, "test").out
    assert "rows: 2 rows expected, but got 1" in out
    assert "quarantine: 1 row expected, but got 2" in out
    assert "n: not an int8" in out


def test_columns_that_differ_are_named(tested, capsys):
    tested.describe(transforms=[{"type": "derive", "columns": {"m": "1"}}])
    assert "    new columns: m\n" in typed(capsys, "test").out
    tested.describe(transforms=[{"type": "rename", "columns": {"name": "who"}}])
    out = typed(capsys, "test").out
    assert "    missing columns: name\n    new columns: who\n" in out
    tested.describe(transforms=[{"type": "select", "columns": ["n", "id", "name"]}])
    assert "    the columns are in another order: n, id, name\n" in typed(capsys, "test").out


def test_a_job_that_does_not_run_says_why_and_the_others_are_tested(tested, capsys):
    page = yaml.safe_load(tested.file.read_text()) | {"name": "strict"}
    page["contract"] = {"columns": {"n": "int8"}, "on_error": "fail"}
    text = yaml.safe_dump(page)
    (tested.file.parent / "strict.yaml").write_text(f"# @package _global_\n{text}")
    strict = Path("jobs/strict/sample")
    strict.mkdir(parents=True)
    (strict / "a.csv").write_text(SAMPLE)
    (tested.file.parent / "wrong.yaml").write_text("# @package _global_\nnme: wrong\n")
    wrong = Path("jobs/wrong/sample")
    wrong.mkdir(parents=True)
    (wrong / "a.csv").write_text(SAMPLE)
    result = typed(capsys, "test")
    assert result.code == 1
    assert "orders: ok" in result.out
    assert "strict: failed\n  " in result.out
    assert "not an int8" in result.out
    assert 'wrong.yaml:2: nme: unknown key. Did you mean "name"?' in result.out
    assert "1 of 3 jobs give the expected rows" in result.out


def test_a_job_without_a_sample_says_so(desk, capsys):
    Path("jobs/orders/sample/a.csv").unlink()
    result = typed(capsys, "test")
    assert result.code == 0
    assert "orders: no sample. Put some input files into jobs/orders/sample/" in result.out
    assert "1 job without a sample: nothing was tested" in result.out
    assert typed(capsys, "test", "orders").code == 1  # asked for, and not tested


def test_a_job_that_there_is_not(desk, capsys):
    result = typed(capsys, "test", "order")
    assert result.code == 2
    assert 'no such job "order". Did you mean "orders"? Known jobs: orders' in result.err


def test_what_init_wrote_is_as_expected(desk, capsys):
    assert typed(capsys, "init", "in", "--name", "made").code == 0
    assert typed(capsys, "test", "made").code == 0
