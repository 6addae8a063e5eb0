"""The pages as they are sent: what they say of runs, what they refuse, how they change."""

import json
import re
from datetime import UTC, datetime

import pytest

from benchmarks.scripts.recorded import Recorded
from ingest.__main__ import main
from ingest.watch.page import server
from tests.unit.watch.page.asking import Asked, leased, nothing

THEN = datetime(2026, 11, 1, tzinfo=UTC)
JOB = """# @package _global_
# For a test.
name: demo
owner: me@example.org
description: For a test.
source: {type: csv, path: "in/*.csv", columns: {n: int64}}
transforms: [{type: filter, where: n < 100}]
contract: {checks: [{type: range, column: n, min: 2}], on_error: quarantine}
sink: {type: parquet, path: out, write_disposition: overwrite}
cluster: {type: inline}
"""


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(server, "UPDATE_S", 0.02)
    monkeypatch.setattr(server, "_OF_A_LOCAL_DISK_S", 0.02)


def text_of(html):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))


def test_a_page_says_of_a_run_what_its_receipt_says(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    for name, content in (("conf/job/demo.yaml", JOB), ("in/1.csv", "n\n1\n2\n3\n200\n")):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(content)
    assert main(["run", "demo"]) == 0
    asked = Asked(tmp_path / ".ingest")
    (run_id,) = asked.settle().entries
    entry = asked.catalogue.entries[run_id]
    receipt = json.loads(asked.get(f"/runs/{run_id}/receipt.json").text)
    assert receipt["run_id"] == run_id
    assert (entry.read, entry.written, entry.rejected) == (4, 2, 1)
    assert receipt["outputs"]["main"]["rows"] == entry.written
    page = asked.get(f"/runs/{run_id}")
    assert page.status == 200
    text = text_of(page.text)
    for told in (
        "✓ done", "1 / 1 partitions completed", "4 rows read", "2 rows published",
        "! 1 rows rejected, 25.0 %", "step filter", "−1 filtered", "−1 rejected",
        "1 check", "✕ broken: range, min: 2 n 1", "n: not in range 2..", "in/1.csv:2: n",
        "Attempt 1", "ended: done", "✓ published", str(tmp_path / "out"),
        f"To check the published files: ingest verify {run_id}", "ingest run demo",
    ):  # fmt: skip
        assert told in text, told
    listed = text_of(asked.get("/").text)
    assert f"demo {run_id}" in listed
    assert "1/1 4 2 1" in listed


def test_a_run_that_ended_is_shown_as_it_was_shown_live(tmp_path):
    run = Recorded("demo", THEN, partitions=6, completed=4, ending="", rejecting=2, retrying=3)
    run.write(tmp_path)
    leased(tmp_path, "demo")
    ended = Recorded("demo", THEN, partitions=6, rejecting=2, retrying=3)

    def end():
        events = [event for event in ended.events() if event.at > list(run.events())[-1].at]
        run.append(tmp_path, iter(events))

    path = f"/runs/{run.run_id}"
    seen = [(nothing, 'figure-completed">4<'), (end, "✓</span>done")]
    first, then = Asked(tmp_path).stream(path, *seen)
    assert "processing" in first["live_head"]
    assert 'figure-completed">6<' in then["live_figures"]
    (later,) = Asked(tmp_path).stream(path, (nothing, 'figure-completed">6<'))
    live = first | then
    assert {name for name in later if live[name] != later[name]} <= {"live_figures"}
    assert text_of(live["live_figures"]) == text_of(later["live_figures"])


def test_only_lines_that_change_are_sent(tmp_path):
    live = Recorded("live", THEN, partitions=9, completed=3, ending="")
    live.write(tmp_path)
    Recorded("old", THEN, 1).write(tmp_path)
    leased(tmp_path, "live")
    grow = (lambda: live.append(tmp_path, live.settled(range(3, 5))), "5/9")
    first, then = Asked(tmp_path).stream("/", (nothing, "3/9"), grow)
    assert first["live_rows"].count("<tr") == 2
    assert f"row-{live.run_id}" in then
    assert "live_rows" not in then
    assert "5/9" in then[f"row-{live.run_id}"]


@pytest.mark.parametrize("evil", ["<script>alert(1)<", "\"'><img src=x onerror=alert(1)>"])
def test_nothing_from_data_is_markup(tmp_path, evil):
    run = Recorded(evil, THEN, ending="failed", rejecting=1, error=f"{evil}: broken")
    run.write(tmp_path)
    folder = tmp_path / "runs" / run.run_id
    facts = json.loads((folder / "run.json").read_text())
    places = {"source": [evil], "main": evil, "quarantine": evil}
    facts |= {"user": evil, "arguments": [evil], "places": places, "versions": {"ingest": evil}}
    (folder / "run.json").write_text(json.dumps(facts))
    job = {
        "owner": evil, "description": evil, "source": {"type": evil, "path": evil},
        "transforms": [{"type": evil, "where": evil}], "sink": {"type": evil, "path": evil},
        "contract": {"checks": [{"type": evil, "column": evil}], "on_error": evil},
    }  # fmt: skip
    (folder / "job.yaml").write_text(json.dumps(job))
    ledger = folder / "ledger" / "00000000.jsonl"
    escaped = json.dumps(evil)[1:-1]
    told = ledger.read_text().replace("amount: range 0..100000", escaped)
    ledger.write_text(told.replace("node-1", escaped).replace("lost_worker", escaped))
    asked = Asked(tmp_path)
    quoted = "".join(f"%{byte:02x}" for byte in evil.encode())
    paths = ["/", f"/?q={quoted}&job={quoted}&state={quoted}", "/jobs", f"/jobs/{quoted}",
             f"/runs/{run.run_id}", f"/runs/{quoted}", f"/{quoted}"]  # fmt: skip
    pages = [asked.get(path).text for path in paths]
    (parts,) = asked.stream(f"/runs/{run.run_id}", (nothing, "4</span>"))
    pages += list(parts.values())
    for page in pages:
        assert "<script>alert" not in page
        assert "<img" not in page
    assert "alert(1)" in pages[4]


def test_only_names_of_this_host_are_answered(tmp_path):
    asked = Asked(tmp_path)
    refused = asked.get("/", Host="evil.example.org:8270")
    assert refused.status == 421
    assert "ingest ui --allow-host evil.example.org" in refused.text
    assert asked.get("/", Host="localhost:1").status == 200
    assert asked.get("/", Host="[::1]:1").status == 200
    assert asked.get("/live", Origin="http://evil.example.org").status == 403
    assert asked.get("/metrics", Sec_Fetch_Site="cross-site", Sec_Fetch_Mode="cors").status == 403
    assert asked.get("/", Sec_Fetch_Site="cross-site", Sec_Fetch_Mode="navigate").status == 200


def test_the_page_is_read_only_and_loads_nothing_from_elsewhere(tmp_path):
    asked = Asked(tmp_path)
    assert asked.get("/", method="POST").status == 405
    for path in ("/", "/nowhere", "/static/page.css", "/metrics"):
        policy = asked.get(path).headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
    pages = asked.get("/").text + asked.get("/static/page.css").text
    assert "http://" not in pages
    assert "https://" not in pages
    assert " style=" not in pages


def test_runs_are_filtered_and_searched(tmp_path):
    good, bad = Recorded("good", THEN, 1), Recorded("bad", THEN, 2, ending="failed")
    for run in (good, bad):
        run.write(tmp_path)
    asked = Asked(tmp_path)

    def shown(query):
        return re.findall(r'<tr id="row-([^"]+)"', asked.get(f"/?{query}").text)

    assert shown("") == [bad.run_id, good.run_id]
    assert shown("state=attention") == [bad.run_id]
    assert shown("job=good") == [good.run_id]
    assert shown("q=NOT+in+range") == [bad.run_id]
    assert shown("q=nowhere") == []
    assert "No run fits" in asked.get("/?q=nowhere").text
    assert shown("page=99999999999") == [bad.run_id, good.run_id]


def test_metrics_of_the_last_run_of_each_job(tmp_path):
    Recorded("demo", THEN, 1, ending="failed").write(tmp_path)
    Recorded("demo", THEN, 2, rows=500).write(tmp_path)
    Recorded("other", THEN, 3, ending="failed").write(tmp_path)
    text = Asked(tmp_path).get("/metrics").text
    assert 'ingest_read_rows_total{job="demo"} 2000.0' in text
    assert 'ingest_run_state{ingest_run_state="failed",job="other"} 1.0' in text
    assert 'ingest_run_state{ingest_run_state="failed",job="demo"} 0.0' in text


def test_what_is_not_there_is_said(tmp_path):
    Recorded("demo", THEN, ending="failed").write(tmp_path)
    asked = Asked(tmp_path)
    run_id = next(iter(asked.settle().entries))
    assert asked.get("/runs/20260101t000000-abcdef").status == 404
    assert "no runs of a job" in text_of(asked.get("/jobs/nothing").text)
    assert asked.get("/static/..%2fserver.py").status == 404
    receipt = asked.get(f"/runs/{run_id}/receipt.json")
    assert (receipt.status, receipt.text) == (
        404, "this run has no receipt: only a run that is done has one\n",
    )  # fmt: skip


def test_a_damaged_ledger_is_a_run_of_that_state(tmp_path):
    run = Recorded("demo", THEN, ending="")
    run.write(tmp_path)
    ledger = tmp_path / "runs" / run.run_id / "ledger" / "00000000.jsonl"
    ledger.write_text(ledger.read_text() + "{")
    asked = Asked(tmp_path)
    asked.settle()
    page = text_of(asked.get(f"/runs/{run.run_id}").text)
    assert "! damaged" in page
    assert "the ledger is damaged" in page
