"""Steps and rejected rows of a run in a real Chromium: counters live, and values nowhere."""

import json
import subprocess
import time

import pytest

from ingest.__main__ import main
from tests.services import chromium
from tests.services.browsing import number, steps

CANARY = "kanarienvogel"
FILES, ROWS = 4, 30
JOB = """# @package _global_
# For a test.
name: demo
owner: me@example.org
description: For a test.
source: {type: csv, path: in}
transforms:
  - {type: cast, columns: {n: int64}}
  - {type: python, function: "functions:waiting", row_wise: true}
  - {type: filter, where: n <> 7}
contract:
  columns: {n: int64, mail: {type: string, pii: true}}
  checks: [{type: range, column: n, min: 2}, {type: matches, column: mail, pattern: "[^ ]*"}]
  on_error: quarantine
sink: {type: parquet, path: out, write_disposition: overwrite}
execution: {partition_bytes: 1500, workers: 1}  # a file each
cluster: {type: processes}
"""
WAITING = """import time
from pathlib import Path


def waiting(rows):
    time.sleep(0.5)
    while 99 in rows["n"] and not Path({gate!r}).exists():
        time.sleep(0.05)
    return rows
"""
EVERYWHERE = ("/", "/jobs", "/jobs/demo", "/metrics")


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A folder with a job that waits at its last file for a gate; each file has bad rows."""
    monkeypatch.chdir(tmp_path)
    for name in ("conf/job", "jobs/demo", "in"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "conf/job/demo.yaml").write_text(JOB)
    (tmp_path / "jobs/demo/functions.py").write_text(WAITING.format(gate=str(tmp_path / "gate")))
    bad = f"5,{CANARY} is private\n{CANARY},a\n5,a,{CANARY}\n"  # contract, cast, too many fields
    for file in range(FILES):
        rows = "".join(f"{1 + row % 10},{CANARY}{row:02}@example.org\n" for row in range(ROWS))
        (tmp_path / f"in/{file}.csv").write_text(f"n,mail\n{rows}{bad if file == 1 else ''}")
    (tmp_path / "in/last.csv").write_text(f"n,mail\n99,{900 * 'a'}\n")
    return tmp_path


@pytest.fixture
def run(place):
    """The run of the job, in a process of its own, which ends with the test."""
    words = [chromium.INGEST, "run", "demo"]
    run = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    yield run
    run.terminate()
    run.communicate()


def parts(page):
    """Return by step: its share of the time in percent, rows/s, and what it removed."""
    nodes = page.eval_on_selector_all(
        ".node[data-step]",
        "nodes => nodes.map(node => [node.dataset.step, ...['.share', '.rate', '.moved'].map("
        "name => [...node.querySelectorAll(name)].map(each => each.innerText).join())])",
    )
    return {
        step: (float(share.partition(" %")[0] or 0), number(rate), moved)
        for step, share, rate, moved in nodes
    }


def recorded(run_id, capsys):
    """Return the row counts of each step, and the rows rejected, as `ingest status` tells them."""
    capsys.readouterr()
    main(["status", run_id, "--json"])
    (told,) = json.loads(capsys.readouterr().out)
    return {book["step"]: (book["rows"], book["out"]) for book in told["books"]}, told["rows"]


@pytest.mark.timeout(180)
def test_counters_of_steps_are_live_and_true_and_values_are_nowhere(page, place, run, capsys):
    with chromium.served(place / ".ingest") as address:
        page.goto(address)
        page.click("tr[data-href] .name", timeout=60_000)
        page.wait_for_selector("#link[data-state=live]")
        run_id = page.url.rpartition("/")[2]
        seen, deadline = [], time.monotonic() + 60
        while page.inner_text("#figure-completed") != str(FILES):  # the last one waits
            seen.append((steps(page), parts(page)))
            assert time.monotonic() < deadline, seen[-1]
            page.wait_for_timeout(100)
        books, rows = recorded(run_id, capsys)
        assert steps(page) == books
        assert books["source"][0] == FILES * ROWS + 3
        live = parts(page)
        assert live["1.python"][0] > 50, "it sleeps most of the time"
        assert sum(share for share, _, _ in live.values()) == pytest.approx(100, abs=0.5)
        assert any(0 < each["source"][0] < books["source"][0] for each, _ in seen), "not live"
        assert all(rate > 0 for step, (_, rate, _) in live.items() if step in books), live
        moved = {step: each[2] for step, each in live.items() if each[2]}
        assert moved == {
            "source": "−1 rejected", "0.cast": "−1 rejected", "2.filter": "−12 filtered",
            "contract": "−13 rejected",
        }  # fmt: skip
        assert number(page.inner_text("[data-step=quarantine] .in")) == rows["rejected"] == 15
        assert CANARY not in page.content()
        (place / "gate").touch()
        assert run.wait(60) == 0, run.stderr.read().decode()
        page.wait_for_selector("#receipt")
        receipt = json.loads(next(place.glob(".ingest/runs/*/receipt.json")).read_text())
        assert steps(page) == {b["step"]: (b["rows"], b["out"]) for b in receipt["books"]}
        examples = page.locator(".examples li").all_inner_texts()
        file = place / "in/1.csv"
        assert f"{file}:{ROWS + 2}: mail: does not match [^ ]*" in examples
        assert any(text.startswith(f"{file}:{ROWS + 3}: n: ") for text in examples)
        assert any(text.startswith(f"{file}:{ROWS + 4}: ") for text in examples)
        for path in (f"/runs/{run_id}", f"/runs/{run_id}/receipt.json", *EVERYWHERE):
            assert CANARY not in page.request.get(address + path).text(), path
        page.goto("about:blank")
    assert CANARY in str(min((place / "out").glob("*.parquet")).read_bytes())


@pytest.mark.parametrize("private", [True, False])
def test_what_ended_a_run_has_the_value_to_blame_unless_it_is_private(page, place, private):
    (place / "gate").touch()
    mail = f"columns: {{n: int64, mail: {{type: string, pii: {str(private).lower()}}}}}"
    job = (place / "conf/job/demo.yaml").read_text()
    job = job.replace("columns: {n: int64, mail: {type: string, pii: true}}", mail)
    job = job.replace("min: 2}, ", "min: 0}, ").replace("on_error: quarantine", "on_error: fail")
    (place / "conf/job/demo.yaml").write_text(job)
    (place / "in/1.csv").write_text(f"n,mail\n5,{CANARY} is private\n")
    assert main(["run", "demo"]) == 1
    with chromium.served(place / ".ingest") as address:
        page.goto(address)
        page.click("tr[data-href] .name")
        page.wait_for_selector("text=What ended it")
        said = page.inner_text(".notice .error")
        assert f"{place}/in/1.csv:2: mail: does not match [^ ]*" in said
        assert (CANARY in said) is not private
        assert (CANARY in page.content()) is not private
        checks = page.inner_text("#live_checks")
        assert "not broken by the rows that were processed so far" in checks
        assert "✓" not in checks
        assert "see what ended it" in page.inner_text("#live_errors")
        page.goto("about:blank")
