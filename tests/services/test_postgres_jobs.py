"""Jobs that publish to PostgreSQL: rows, quarantine, receipt, verify, clean; connections."""

import json

import pytest

from ingest.config.load import load
from ingest.core.errors import FatalError
from ingest.driver.drive import drive
from ingest.driver.request import Request
from ingest.job import Job
from ingest.sinks.sql.staging import Staging
from ingest.storage.objects import open_store
from ingest.storage.postgres.names import TableName
from ingest.testing.faults import Crash, CrashingStore
from ingest.workers.in_process import InProcessWorkers
from tests.services.desk import WANTED, Desk
from tests.services.postgres import CONNECTION

JOB = """# @package _global_
# Orders.
name: orders
owner: shop@example.org
description: Orders, to be counted.
source: {type: csv, path: "in/*.csv", columns: {n: int64}}
contract:
  columns: {n: int64}
  checks: [{type: range, column: n, max: 340}]
  on_error: quarantine
sink: {type: postgres, connection: warehouse, table: public.orders, write_disposition: append}
cluster: {type: inline}
execution: {partition_bytes: 100}
"""
GOOD = [n for n in WANTED if n <= 340]


@pytest.fixture
def desk(tmp_path, monkeypatch, capsys, database):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("WAREHOUSE_PASSWORD", "any")
    desk = Desk(tmp_path, capsys)
    connect(desk, database)
    desk.write("conf/job/orders.yaml", JOB)
    return desk


def connect(desk, database, name="warehouse", **changes):
    text = CONNECTION.replace("PORT", str(database.server.port)).replace("DATABASE", database.name)
    for key, value in changes.items():
        lines = [line for line in text.splitlines() if not line.startswith(f"{key}:")]
        text = "\n".join([*lines, f"{key}: {value}", ""])
    desk.write(f"conf/connection/{name}.yaml", text)


def numbers(database, table="public.orders"):
    return [n for (n,) in database.rows(f"SELECT n FROM {table} ORDER BY n")]


def test_a_job_publishes_rows_and_its_quarantine_to_tables(desk, database):
    text = desk.type("run", "orders")
    assert "191 inserted" in text
    assert f"{database.name}/public.orders_quarantine" in text
    assert numbers(database) == GOOD
    rejects = database.rows("SELECT reason, row FROM public.orders_quarantine")
    assert len(rejects) == 9
    (run,) = desk.runs()
    verified = desk.type("verify", run["run_id"])
    assert "191 rows. OK" in verified
    assert "as this run wrote them" not in verified
    receipt = json.loads((desk.place / f".ingest/runs/{run['run_id']}/receipt.json").read_text())
    assert receipt["effects"]["main"]["inserted"] == receipt["outputs"]["main"]["rows"] == 191
    recorded = (desk.place / f".ingest/runs/{run['run_id']}/job.yaml").read_text()
    assert "env: WAREHOUSE_PASSWORD" in recorded
    assert database.staging() == []
    again = desk.type("run", "orders")
    assert "sink.write_disposition=merge sink.primary_key=[COLUMN]" in again
    assert len(numbers(database)) == 2 * 191


def test_a_job_merges_by_its_key(desk, database):
    merge = ("sink.write_disposition=merge", "sink.primary_key=[n]")
    assert "191 inserted" in desk.type("run", "orders", *merge)
    desk.write("in/new.csv", "n\n1\n77\n")
    assert "1 keys occur in several rows" in desk.type("run", "orders", *merge, code=1)
    (desk.place / "in/0.csv").unlink()
    text = desk.type("run", "orders", *merge, "--fresh")
    written = next(line for line in text.splitlines() if "written" in line)
    assert written.split() == ["written", "143", "rows", "1", "inserted,", "142", "ignored"]
    assert numbers(database) == sorted([*GOOD, 77])


def request(store):
    loaded = load(Job, None, ["orders", "execution.lease_s=1"])
    return Request(loaded.job, loaded.yaml(), loaded.place, InProcessWorkers(), store=store)


@pytest.mark.parametrize("at", [6, 9, 11, 13, 15])
def test_a_killed_run_is_resumed_and_its_rows_are_there_once(desk, database, at):
    store = open_store(".ingest")
    with pytest.raises(Crash):
        drive(request(CrashingStore(store, at, "after" if at % 2 else "before")))
    drive(request(store))
    assert numbers(database) == GOOD
    assert database.count("public.orders_quarantine") == 9
    assert database.staging() == []


def test_clean_drops_what_an_abandoned_run_has_staged_late(desk, database):
    desk.type("run", "orders")
    (run,) = desk.runs()
    table = Staging("ingest", TableName("public", "orders")).table(run["run_id"])
    other = Staging("ingest", TableName("public", "orders")).table("20200101t000000-abcdef")
    database.execute(f"CREATE TABLE {table.sql} (n int)", f"CREATE TABLE {other.sql} (n int)")
    text = desk.type("clean", "--dry-run")
    assert f"would remove unpublished files of run {run['run_id']}" in text
    desk.type("clean")
    assert database.staging() == [other.table], "what no state of ours knows stays"


def test_a_connection_tells_what_works(desk, database):
    found = json.loads(desk.type("connections", "test", "warehouse", "--json"))
    assert [page["name"] for page in found] == [
        "connect",
        "encrypt",
        "read",
        "create table",
        "copy",
    ]
    assert all(page["works"] for page in found)
    connect(desk, database, "clerk", user="clerk2")
    database.execute("CREATE ROLE clerk2 LOGIN")
    text = desk.type("connections", "test", "clerk", code=1)
    assert "create table failed" in " ".join(text.split())
    assert "permission denied" in text
    connect(desk, database, "far", port=1, max_tries=1)
    assert "Connection refused" in desk.type("connections", "test", "far", code=1)
    assert f"127.0.0.1:{database.server.port}/{database.name}" in desk.type("connections")


def test_tls_is_asked_for_and_trusted_by_the_connection(desk, database):
    connect(desk, database, "open", sslmode="require")
    desk.type("connections", "test", "open")
    connect(desk, database, "strict", sslmode="verify-full")
    text = desk.type("connections", "test", "strict", code=1)
    assert "certificate" in text
    assert "ca_file" in text
    connect(desk, database, "known", sslmode="verify-full", ca_file=database.server.ca_file)
    assert "encrypt      ok" in desk.type("connections", "test", "known")


def test_wrong_and_missing_credentials_are_one_line_without_the_secret(desk, database, monkeypatch):
    database.execute(
        "DO $$ BEGIN CREATE ROLE locked LOGIN PASSWORD 'right'; "
        "EXCEPTION WHEN duplicate_object THEN NULL; END $$"
    )
    connect(desk, database, "locked", user="locked", sslmode="require")
    monkeypatch.setenv("WAREHOUSE_PASSWORD", "wrong-secret")
    text = desk.type("run", "orders", "sink.connection=locked", code=2)
    assert 'password authentication failed for user "locked"' in text
    assert "environment variable WAREHOUSE_PASSWORD" in text
    assert "wrong-secret" not in text
    monkeypatch.delenv("WAREHOUSE_PASSWORD")
    text = desk.type("run", "orders", code=2)
    assert 'connection "warehouse": password: environment variable WAREHOUSE_PASSWORD' in text


def test_a_run_whose_connection_leads_elsewhere_is_not_resumed_there(desk, database):
    store = open_store(".ingest")
    with pytest.raises(Crash):
        drive(request(CrashingStore(store, 11)))
    (run,) = desk.runs()
    place = desk.place / f".ingest/runs/{run['run_id']}/job.yaml"
    place.write_text(place.read_text().replace(database.name, "elsewhere"))
    text = desk.type("resume", run["run_id"], code=1)
    assert "the run was recorded for" in text
    with pytest.raises(FatalError):
        drive(request(store))


def test_a_run_is_reproduced_in_a_table_of_its_own(desk, database):
    desk.type("run", "orders")
    desk.type("run", "orders")  # a later run of the same rows, which are not those of the first
    first = desk.runs()[0]["run_id"]
    text = desk.type("rerun", first)
    assert f"run {first}: came out with the same rows" in text
    assert "output: 191 of 191 rows the same" in text
    assert "quarantine: 9 of 9 rows the same" in text
    assert len(numbers(database)) == 2 * 191
    assert numbers(database, f'ingest."rerun_{first}"') == GOOD
    database.execute(f'UPDATE ingest."rerun_{first}" SET n = 0 WHERE n = 7')
    assert "output: 190 of 191 rows the same" in desk.type("rerun", first, code=1)
    database.execute("DELETE FROM public.orders WHERE n > 300")
    text = desk.type("rerun", first, code=1)
    assert "output: 150 of 151 rows the same; 40 were changed or removed since" in text
    assert "has the rows of an earlier rerun" in desk.type("rerun", first, "--to", "b", code=2)


def test_a_merge_is_reproduced(desk, database):
    merge = ("sink.write_disposition=merge", "sink.primary_key=[n]")
    desk.type("run", "orders", *merge)
    (run,) = desk.runs()
    assert "output: 191 of 191 rows the same" in desk.type("rerun", run["run_id"])
