"""What a command says to type next is what helps, and what it says has happened has."""

import pytest

from tests.bad_input.bench import HEADER, records
from tests.faults.job import FaultJob
from tests.first_hour.orders import made, orders, typed


@pytest.fixture
def desk(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    desk = orders(tmp_path)
    desk.describe(execution={"partition_bytes": 40})
    return desk


def strict(desk, **more):
    """Allow hardly any rejected row: 3 of 15 are too many."""
    desk.describe(contract={**desk.page["contract"], "max_error_ratio": 0.001}, **more)


def run(capsys, *words):
    return typed(capsys, "run", "orders", "cluster=inline", *words)


def test_too_many_rejected_rows_are_shown_and_resuming_is_not_advised(desk, capsys):
    strict(desk)
    result = run(capsys)
    assert result.code == 1
    said = "contract.max_error_ratio: 3 of 15 records (20 %) were rejected; at most 0.1 % may be"
    assert said in result.err
    assert f"  {desk.place}/in/bad.csv:2: id: not an int64\n" in result.err
    assert (
        "\nTo see rejected rows in a sample: ingest preview orders cluster=inline\n" in result.err
    )
    assert result.err.endswith("run it again: ingest run orders cluster=inline\n")
    (run_id,) = made(desk)
    for command in ("status", "verify"):
        told = typed(capsys, command, run_id, "--state", "state")
        assert "ingest run orders\n" in told.out + told.err
        assert "ingest resume" not in told.out + told.err
    desk.describe()
    plan = typed(capsys, "plan", "orders", "contract.max_errors=9")
    why = "it failed its contract, and the job has changed since"
    assert f"The last run ({run_id}) is not resumed: {why}.\n" in plan.out
    over = "`ingest run orders contract.max_errors=9` starts over. The new run would do this:"
    assert over in plan.out
    assert "Discarded" not in plan.out


def test_the_share_of_rejected_rows_is_never_shown_as_what_is_allowed():
    from ingest.checks.contract import Contract

    contract = Contract(on_error="skip", max_error_ratio=0.02)
    said = contract.within_budget(20_001, 1_000_000)
    assert said
    assert "(2.0001 %) were rejected; at most 2 % may be" in said


def test_a_quarantine_without_rows_is_not_announced(desk, capsys):
    assert "published quarantine: " in run(capsys).err
    (desk.place / "in/bad.csv").unlink()
    result = run(capsys)
    assert "published output: " in result.err
    assert "published quarantine: " not in result.err
    assert "quarantine" not in typed(capsys, "verify", made(desk)[-1], "--state", "state").out


def test_a_changed_input_says_how_to_start_over_and_how_to_finish(desk, capsys):
    desk.stop_at("settled", 1)
    (run_id,) = made(desk)
    desk.write("3.csv", HEADER + records(3, 6))
    result = run(capsys)
    assert result.code == 1
    assert (
        "source.path: 1 input file changed after the run was planned, before it was" in result.err
    )
    finish = f"ingest resume {run_id} --state state"
    assert result.err.endswith(
        "To start over with the files as they are: ingest run orders cluster=inline\n"
        f"To finish this run, after you have restored them: {finish}\n"
    )
    again = typed(capsys, "resume", run_id, "--state", "state")
    assert "To start over with the files as they are: ingest run orders\n" in again.err
    assert f"after you have restored them: {finish}\n" in again.err
    assert run(capsys).code == 0


def test_a_refusal_to_resume_names_the_whole_command(desk, capsys):
    desk.stop_at("settled", 1)
    (run_id,) = made(desk)
    plan = typed(capsys, "plan", "orders", "contract.on_error=skip")
    finish = f"To finish that run as it was recorded: ingest resume {run_id} --state "
    assert f"{finish}{desk.place}/state\n" in plan.out
    assert "and start over: ingest run orders contract.on_error=skip --fresh\n" in plan.out
    place = typed(capsys, "resume", run_id, "sink.path=else", "--state", "state")
    assert place.code == 2
    assert "leaves this run as it is: ingest run orders sink.path=else\n" in place.err
    rule = typed(capsys, "resume", run_id, "contract.on_error=skip", "--state", "state")
    assert "with your value: ingest run orders contract.on_error=skip --fresh\n" in rule.err


def test_an_older_run_that_is_done_is_not_said_to_be_blocked(desk, capsys):
    assert (run(capsys).code, run(capsys).code) == (0, 0)
    first, second = made(desk)
    result = typed(capsys, "resume", first, "--state", "state")
    assert result.code == 2
    assert f"run {first}: it finished already; there is nothing to resume" in result.err
    assert f"The last run to its output is {second}" in result.err


def test_verify_of_a_deleted_file_says_how_to_publish_again(desk, capsys):
    assert run(capsys).code == 0
    for file in (desk.place / "out").glob("*.parquet"):
        file.unlink()
    (run_id,) = made(desk)
    result = typed(capsys, "verify", run_id, "--state", "state")
    assert result.code == 1
    assert "missing, and no later run has replaced it\n" in result.err
    assert result.err.endswith("To publish the rows again: ingest run orders\n")


def test_a_state_where_no_folder_can_be_created_is_refused_in_a_line(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    job = FaultJob(tmp_path)
    job.write("in/a.csv", "id\n")
    job.define(parts={"state": "/proc/x"})
    result = job.run()
    assert (result.code, len(result.err.splitlines())) == (2, 1)
    assert "/proc/x: the state cannot be written: no folder can be created there" in result.err


def test_no_rows_are_not_said_to_take_no_bytes(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    job = FaultJob(tmp_path)
    job.write("in/a.csv", "id\n")
    job.define()
    (line,) = (line for line in job.run().out.splitlines() if line.startswith("  written"))
    assert line.endswith(" 0 rows  1 file without rows")
