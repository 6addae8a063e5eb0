"""`ingest logs` and `--log-format json`: what is said, and what is never written anywhere."""

import json
import threading
from wsgiref.simple_server import WSGIRequestHandler, make_server

import polars as pl
import pytest

from tests.first_hour.orders import made, orders, typed
from tests.unit.watch.page.asking import Asked

STATE = ("--state", "state")
SECRET, VALUE = "geheimsalz", "kanarienvogel"


@pytest.fixture
def desk(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return orders(tmp_path)


def objects(text):
    return [json.loads(line) for line in text.splitlines()]


def test_the_log_of_a_run(desk, capsys):
    assert desk.run().code == 0
    (run,) = made(desk)
    text = typed(capsys, "logs", run, *STATE).out
    assert "planned 1 partition of 4 files" in text
    assert "15 rows read, 12 written, 3 rejected" in text
    lines = objects(typed(capsys, "logs", run, *STATE, "--log-format", "json", "-f").out)
    assert all({"timestamp", "level", "message"} <= line.keys() for line in lines)
    assert {(line["run_id"], line["attempt"], line["job"]) for line in lines} == {
        (run, 1, "orders")
    }
    (settled,) = (line for line in lines if line["event"] == "settled")
    only = ("--partition", settled["partition"], "--json")
    assert objects(typed(capsys, "logs", run, *STATE, *only).out) == [settled]
    assert typed(capsys, "logs", run, *STATE, "--level", "error").out == ""


def test_all_that_a_run_says_is_json(desk, capsys):
    desk.describe(contract={"columns": {"n": "int8"}, "on_error": "fail"})
    words = desk.arguments("--log-format", "json")
    result = typed(capsys, "run", *words)
    assert result.code == 1
    lines = objects(result.err)
    assert [line["event"] for line in lines if line.get("event")][-1] == "failed"
    (told,) = (line for line in lines if line["message"].startswith("error: "))
    assert told["level"] == "error"
    assert any("then" in line["message"] or "run it again" in line["message"] for line in lines)
    (run,) = made(desk)
    logged = objects(typed(capsys, "logs", run, *STATE, "--json", "--level", "error").out)
    assert [line["event"] for line in logged] == ["failed"]


@pytest.fixture
def pushed(desk, monkeypatch):
    """Have metrics pushed and lineage written; return what is pushed."""
    texts = []

    def take(environ, answer):
        texts.append(environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"])).decode())
        answer("202 Accepted", [])
        return []

    monkeypatch.setenv("OPENLINEAGE__TRANSPORT__TYPE", "file")
    monkeypatch.setenv("OPENLINEAGE__TRANSPORT__LOG_FILE_PATH", f"{desk.place}/lineage.jsonl")
    monkeypatch.setenv("OPENLINEAGE__TRANSPORT__APPEND", "true")
    with make_server("127.0.0.1", 0, take, handler_class=Quiet) as server:
        monkeypatch.setenv("INGEST_PUSHGATEWAY", f"127.0.0.1:{server.server_port}")
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield texts
        server.shutdown()


class Quiet(WSGIRequestHandler):
    def log_message(self, *_):
        pass


@pytest.mark.parametrize("on_error", ["quarantine", "skip", "fail"])
def test_no_secret_and_no_masked_value_is_written_anywhere(
    desk, capsys, monkeypatch, pushed, on_error
):
    monkeypatch.setenv("SALT", SECRET)
    desk.write("private.csv", f"id,name,n\n5,{VALUE},1\n6,{VALUE},900\n{VALUE},{VALUE},x\n")
    desk.describe(
        transforms=[{"type": "mask", "columns": ["name"], "method": "hash",
                     "salt": {"env": "SALT"}}],
        contract={"columns": {"id": "int64", "n": "int8"}, "pii": ["id"], "on_error": on_error},
    )  # fmt: skip
    results = [typed(capsys, "run", *desk.arguments("--log-format", "json"))]
    results += [typed(capsys, "run", *desk.arguments("--progress", "log"))]
    for run in made(desk):
        results += [typed(capsys, "logs", run, *STATE, "--level", "debug")]
        results += [typed(capsys, "logs", run, *STATE, "--json")]
        results += [typed(capsys, "status", run, *STATE, *more) for more in ([], ["--json"])]
        results += [typed(capsys, "lineage", run, *STATE, "--events")]
        results += [typed(capsys, "diff", made(desk)[0], run, *STATE)]
        results += [typed(capsys, "rerun", run, *STATE)] if on_error != "fail" else []
    results += [typed(capsys, "docs", "build")]
    texts = [result.out + result.err for result in results]
    page = Asked(desk.place / "state")
    paths = ["/", "/metrics", "/jobs/orders", *(f"/runs/{run}" for run in made(desk))]
    answers = [page.get(path, Host="localhost") for path in paths]
    assert {answer.status for answer in answers} == {200}
    assert pushed
    for text in (*texts, *pushed, *(answer.text for answer in answers)):
        assert SECRET not in text
        assert VALUE not in text
    assert (desk.place / "lineage.jsonl").stat().st_size
    for file in (path for path in desk.place.rglob("*") if path.is_file()):
        if desk.place / "in" in file.parents:
            continue
        content = file.read_bytes()
        if file.suffix == ".parquet":
            content = str(pl.read_parquet(file).to_dicts()).encode()
        assert SECRET.encode() not in content, file
        assert VALUE.encode() not in content, file


def test_status_does_not_offer_to_resume_what_the_cursor_has_left_behind(desk, capsys):
    desk.describe(
        source={"type": "csv", "path": "in", "incremental": "files"},
        sink={"type": "parquet", "path": "out", "write_disposition": "append"},
    )
    assert desk.run().code == 0
    desk.write("9.csv", "id,name,n\n9,z,1\n")
    desk.plan_only()
    run = made(desk)[-1]
    assert f"resume it: ingest resume {run}" in typed(capsys, "status", run, *STATE).out
    assert typed(capsys, "cursor", "reset", "orders").code == 0
    shown = typed(capsys, "status", run, *STATE).out
    assert "ingest resume" not in shown
    assert "to start over, because the job's cursor was changed" in shown


def test_status_offers_to_resume_with_the_settings_of_the_last_attempt(desk, capsys):
    desk.plan_only()
    (run,) = made(desk)
    (desk.place / "in/1.csv").rename(desk.place / "1.csv")
    given = ("execution.grace_s=7", "cluster=inline")
    assert typed(capsys, "resume", run, *given, *STATE).code == 1
    (desk.place / "1.csv").rename(desk.place / "in/1.csv")
    shown = typed(capsys, "status", run, *STATE).out
    settings = " ".join((*given, "execution.touched_inputs=accept"))
    assert f"resume it: ingest resume {run} {settings} --state state" in shown
