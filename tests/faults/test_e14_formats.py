"""A release that raises a format: what has ended blocks nothing, what has not says what to do."""

import json
import re

import pytest

from ingest.commands import resume, status, verify
from ingest.records.runs import Runs
from ingest.storage.objects import LocalStore
from tests.bad_input.bench import Bench, Result
from tests.faults.test_e3_progress import shell


@pytest.fixture
def desk(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    desk = Bench(tmp_path)
    desk.fill(3)
    desk.describe(execution={"partition_bytes": 40})
    return desk


def last(desk):
    return Runs(LocalStore(desk.place / "state")).of_job("orders")[-1]


def raise_formats(desk, *names):
    """Make of the last run what another release has written: with lines that say something else."""
    run = last(desk)
    folder = desk.place / "state/runs" / run
    for name in names:
        for file in sorted(folder.glob(name)):
            text = re.sub(r'"format": ?1\b', '"format":7', file.read_text(), count=1)
            file.write_text(text.replace('"partitions":', '"parts":'))
    return run


def ingest(command, *words):
    import io
    from contextlib import redirect_stderr, redirect_stdout

    from ingest.commands.base import guarded

    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        code = guarded(command.main, [*words, "--state", "state"])
    return Result(code, out.getvalue(), err.getvalue())


ALL = ("ledger/*.jsonl", "run.json", "plan.json")


@pytest.mark.parametrize("more", [(), ("receipt.json",)])
@pytest.mark.parametrize("fresh", [(), ("--fresh",)])
def test_a_run_that_is_done_blocks_nothing(desk, fresh, more):
    assert desk.run().code == 0
    done = raise_formats(desk, *ALL, *more)
    result = desk.run(*fresh, "sink.write_disposition=append")
    assert result.code == 0, result.err
    assert len(desk.rows) == 24
    listed = ingest(status).out.splitlines()
    assert [line.split()[:3] for line in listed[1:]] == [
        [done, "orders", "done"],
        [last(desk), "orders", "done"],
    ]
    assert ingest(status, done).code == 0


def test_of_a_done_run_the_receipt_says_what_it_came_to(desk):
    desk.run()
    done = raise_formats(desk, "ledger/*.jsonl", "plan.json")
    page = json.loads(ingest(status, done, "--json").out)[0]
    assert page["rows"] == {"read": 12, "written": 12, "filtered": 0, "rejected": 0}
    assert (page["state"], page["error"], page["go_on"]) == ("done", "", False)
    checked = ingest(verify, done)
    assert checked.code == 0, checked.err
    assert "12 rows in 6 files" in checked.out
    file = next((desk.place / "out").glob("*.parquet"))
    file.write_bytes(file.read_bytes()[:-9])
    assert ingest(verify, done).code == 1


@pytest.mark.parametrize("marked", [True, False])
def test_a_run_that_was_discarded_blocks_nothing(desk, marked):
    desk.plan_only()
    gone = last(desk)
    desk.describe(contract={"columns": {"id": "int64", "nope": "int8"}})
    assert desk.run("--fresh").code == 2, "the old run is discarded, and there is no new one"
    assert last(desk) == gone
    desk.describe()
    mark = desk.place / "state/runs" / gone / "abandoned.json"
    assert json.loads(mark.read_text())["why"] == "--fresh"
    if not marked:  # as earlier releases left it
        mark.unlink()
    raise_formats(desk, *ALL, "abandoned.json")
    assert desk.run().code == 0
    assert len(desk.rows) == 12
    assert ingest(status).out.splitlines()[1].split()[:3] == [gone, "orders", "discarded"]


def test_a_run_that_is_unfinished_is_refused_with_what_to_do(desk):
    desk.plan_only()
    run = raise_formats(desk, "ledger/*.jsonl")
    place = f"state/runs/{run}/ledger/00000000.jsonl"
    for result in (desk.run(), ingest(resume, run, "--conf", "conf")):
        assert result.code == 2
        assert f"{place}: format 7. This version of ingest reads format 1. Finish or" in result.err
        assert re.search(
            r"Finish or verify the run with ingest \S+, which wrote it; or", result.err
        )
        assert result.err.endswith("start over with: --fresh\n")
        assert "Traceback" not in result.err
    assert ingest(status).out.splitlines()[1].split()[2] == "unreadable"
    said = shell(desk, "ingest plan --conf conf +job=orders").stdout
    again = "`ingest run --conf conf +job=orders` would be refused"
    assert said.startswith(f"Run {run} cannot be read. {again}:\n  ")
    assert desk.run("--fresh").code == 0
    assert len(desk.rows) == 12
    assert ingest(status).out.splitlines()[1].split()[2] == "discarded"


def test_a_run_that_may_have_published_is_not_discarded(desk):
    desk.run()
    run = raise_formats(desk, "ledger/*.jsonl")
    folder = desk.place / "state"
    (folder / "runs" / run / "receipt.json").unlink()
    ledger = folder / "runs" / run / "ledger"
    for file in sorted(ledger.iterdir())[::-1]:  # cut off behind the commit
        if b"publish_begin" in file.read_bytes():
            break
        file.unlink()
    next(folder.glob(f"targets/*/runs/{run}.end")).unlink()
    for words in ((), ("--fresh",)):
        result = desk.run(*words)
        assert result.code in {1, 2}
        assert "format 7" in result.err
    assert last(desk) == run


def test_verify_of_a_run_whose_record_is_of_another_format_is_not_a_verdict(desk):
    desk.run()
    run = raise_formats(desk, "ledger/*.jsonl", "run.json")
    result = ingest(verify, run)
    assert result.code == 2
    assert "run.json: format 7" in result.err


def test_a_damaged_ledger_of_a_run_that_is_done_blocks_nothing_either(desk):
    desk.run()
    file = max((desk.place / "state/runs" / last(desk) / "ledger").iterdir())
    file.write_bytes(file.read_bytes()[:-20])
    assert desk.run().code == 0


def test_a_run_killed_between_its_receipt_and_its_end_is_still_resumed(desk):
    desk.run()
    run = last(desk)
    ledger = desk.place / "state/runs" / run / "ledger"
    for file in sorted(ledger.iterdir())[::-1]:
        if b'"done"' not in file.read_bytes():
            break
        file.unlink()
    assert desk.run("sink.write_disposition=overwrite").code == 0
    assert last(desk) == run
    assert len(desk.rows) == 12
