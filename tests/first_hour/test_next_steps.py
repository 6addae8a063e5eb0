"""What a command says to type next is what helps, and what it says has happened has."""

import re

import polars as pl
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
        assert "ingest run orders cluster=inline\n" in told.out + told.err
        assert "ingest resume" not in told.out + told.err
    desk.describe()
    plan = typed(capsys, "plan", "orders", "contract.max_errors=9")
    why = "it failed its contract, and the job has changed since"
    over = "`ingest run orders contract.max_errors=9` would start over, and not resume run "
    assert f"{over}{run_id}: {why}.\n" in plan.out
    assert "Discarded" not in plan.out


def test_what_is_proposed_for_a_run_keeps_its_settings(desk, capsys):
    assert run(capsys, "sink.path=trial", "contract.on_error=fail").code == 1
    (run_id,) = made(desk)
    typed_before = "ingest run orders cluster=inline sink.path=trial contract.on_error=fail\n"
    for command in ("status", "verify"):
        told = typed(capsys, command, run_id, "--state", "state")
        assert typed_before in told.out + told.err
    resumed = typed(capsys, "resume", run_id, "--state", "state", "cluster=inline")
    assert f"run it again: {typed_before}" in resumed.err


def test_a_run_that_would_fail_again_is_not_offered_to_be_resumed(desk, capsys):
    strict(desk)
    assert run(capsys).code == 1
    plan = typed(capsys, "plan", "orders", "cluster=inline").out
    assert "is unfinished (failed): " in plan
    assert (
        "  it would fail again: it failed its contract, and neither the job nor its input" in plan
    )
    clean = typed(capsys, "clean", "--keep", "0d", "--state", "state")
    assert "unfinished (failed), " in clean.err
    assert "fails again if it is resumed" in clean.err
    assert "ingest resume" not in clean.err
    assert run(capsys, "--fresh", "contract.max_error_ratio=0.5").code == 0
    removed = typed(capsys, "clean", "--keep", "0d", "--state", "state")
    assert "  orders  discarded  " in removed.out


def test_a_mistake_on_the_command_line_says_what_to_type(capsys):
    for words, said in (
        (["resume"], "RUN is missing. Write: ingest resume RUN. All options: ingest resume --help"),
        (["diff", "a"], "RUN is missing. Write: ingest diff RUN RUN."),
        (["run", "--frsh", "x"], '--frsh: no such option. Did you mean "--fresh"? All options: '),
        (["preview", "x", "-n", "y"], '-n/--rows: must be a whole number; got "y".'),
        (["status", "a", "b"], "b: one argument too many. Remove it."),
    ):
        with pytest.raises(SystemExit) as caught:
            typed(capsys, *words)
        assert caught.value.code == 2
        assert f"error: command line: {said}" in capsys.readouterr().err


def test_a_value_that_is_missing_is_to_be_written(desk, capsys):
    file = desk.place / "conf/job/orders.yaml"
    file.write_text(re.sub("owner: .*", "owner:", file.read_text()))
    said = typed(capsys, "plan", "orders").err
    assert "owner: expected a string, but there is no value after the colon. Write one." in said


def test_places_are_checked_without_data(desk, capsys):
    for path, said in ((".", "is inside the output"), ("/", "is the root of the file system")):
        desk.describe(sink={"type": "parquet", "path": path, "write_disposition": "overwrite"})
        result = typed(capsys, "validate", "orders")
        assert result.code == 2
        assert said in result.err
    assert len(typed(capsys, "plan", "orders").err.splitlines()) == 1


def test_a_column_that_is_not_there_is_one_mistake(desk, capsys):
    not_null = {"type": "not_null", "columns": ["nmae"]}
    desk.describe(contract={"columns": {"nmae": "string"}, "checks": [not_null]})
    (line,) = typed(capsys, "plan", "orders").err.splitlines()
    assert 'contract.columns.nmae: no such column "nmae". Did you mean "name"?' in line


def test_a_function_is_called_as_it_was_written(desk, capsys):
    for name in ("split", "str_split"):
        desk.describe(transforms=[{"type": "derive", "columns": {"x": f"{name}(name, 1)"}}])
        said = typed(capsys, "plan", "orders").err
        assert f"{name}: argument 2 is int64, but must be text. Write it as {name}(text" in said
        assert "string_" not in said


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
    said = "source.path: 1 input file changed after the run was planned, and the run still has to"
    assert said in result.err
    finish = f"ingest resume {run_id} execution.touched_inputs=accept --state state"
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
    assert "start a new run (this one is kept): ingest run orders sink.path=else\n" in place.err
    rule = typed(capsys, "resume", run_id, "contract.on_error=skip", "--state", "state")
    assert "with your value: ingest run orders contract.on_error=skip --fresh\n" in rule.err


@pytest.mark.parametrize("setting", ["execution.max_memory=1KB", "execution.workers=1000000"])
def test_what_this_machine_cannot_do_is_refused_and_no_attempt_is_on_record(desk, capsys, setting):
    for command in ("plan", "run"):
        result = typed(capsys, command, "orders", setting)
        assert (result.code, made(desk)) == (2, [])
        assert re.match(rf"error: (command line: )?{setting.partition('=')[0]}: ", result.err)
        assert "a worker needs at least 256.0MiB. Write execution." in result.err
    strict(desk)
    assert run(capsys).code == 1
    (run_id,) = made(desk)
    before = typed(capsys, "status", run_id, "--state", "state").out
    for words in (("run", "orders"), ("resume", run_id, "--state", "state")):
        result = typed(capsys, *words, setting, "cluster=processes")
        assert result.code == 2
        assert "resuming" not in result.err
    assert typed(capsys, "status", run_id, "--state", "state").out == before


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
    assert result.err.endswith("To publish the rows again: ingest run orders cluster=inline\n")


def test_verify_of_a_changed_file_names_run_and_file_and_says_how_to_publish_again(desk, capsys):
    assert run(capsys).code == 0
    file, *_ = (desk.place / "out").glob("*.parquet")
    stray = desk.place / "out" / "stray.parquet"
    stray.write_bytes(file.read_bytes())
    (run_id,) = made(desk)
    result = typed(capsys, "verify", run_id, "--state", "state")
    said = "no run of ingest has published it, but readers see it. Move it away"
    assert result.err == f"run {run_id}: output {stray}: {said}\n", "rows are as they were"
    stray.unlink()
    with file.open("ab") as stream:
        stream.write(b"x")
    result = typed(capsys, "verify", run_id, "--state", "state")
    assert result.code == 1
    assert result.err.startswith(f"run {run_id}: output {file}: ")
    assert result.err.endswith("To publish the rows again: ingest run orders cluster=inline\n")
    more = ("sink.path=more", "sink.write_disposition=append")
    appended = typed(capsys, "run", "orders", "cluster=inline", *more)
    assert appended.code == 0
    file, *_ = (desk.place / "more").glob("*.parquet")
    file.write_bytes(b"")
    result = typed(capsys, "verify", made(desk)[-1], "--state", "state")
    assert "Restore these files from a backup. A new run would append all rows" in result.err


def test_all_reasons_are_a_command_away_and_are_found_in_the_quarantine(desk, capsys):
    checks = [{"type": "expression", "expression": f"id <> {each}"} for each in range(100, 104)]
    checks.append({"type": "in_set", "column": "n", "values": [9]})
    desk.describe(contract={**desk.page["contract"], "checks": checks})
    result = run(capsys)
    assert result.code == 0
    (run_id,) = made(desk)
    assert "rows  n: not one of the allowed values (reason = 'n: in_set')\n" in result.out
    status = typed(capsys, "status", run_id, "--state", "state").out
    reasons = set(pl.read_parquet(desk.place / "out_quarantine")["reason"])
    more = (
        f"  and {len(reasons) - 5} more reasons. To see all: ingest status {run_id} --state state"
    )
    assert f"{more}\n" in result.out
    assert len(reasons) > 6
    assert set(re.findall(r"\(reason = '(.*)'\)", result.out)) < reasons
    for reason in reasons:
        assert reason in status


def test_a_rerun_is_not_said_to_be_resumed(desk, capsys):
    assert run(capsys).code == 0
    (run_id,) = made(desk)
    result = typed(capsys, "rerun", run_id, "--state", "state")
    assert result.code == 0, result.err
    assert f"reproducing run {run_id}: " in result.err
    assert "resuming" not in result.err


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
