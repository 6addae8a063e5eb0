"""Six runs at once, three of them on one Ray, seen live in a real browser, and when all has ended.

Each run waits at its last file for a gate: so all six are seen at work at once, and what the page
shows meanwhile is compared with `ingest status`, and in the end with the receipts. A worker on Ray
has two packs of four files at a time and begins with either, so there are four packs.
"""

import json
import subprocess
import time

import pytest

from ingest.__main__ import main
from tests.ray.lean import lean_cluster
from tests.services import chromium
from tests.services.browsing import lines, number, steps, until

FILES, ROWS, LAST = 15, 40, 34  # all files are as long, so that the last one comes last
JOB = """# @package _global_
# For a test.
name: {name}
owner: me@example.org
description: For a test.
source: {{type: csv, path: in/{name}, columns: {{n: int64}}}}
transforms:
  - {{type: python, function: "functions:waiting", row_wise: true}}
  - {{type: filter, where: n <> 7}}
contract: {{checks: [{{type: range, column: n, min: 2}}], on_error: quarantine}}
sink: {{type: parquet, path: out/{name}, write_disposition: overwrite}}
execution: {{partition_bytes: 110, workers: 1}}
"""
WAITING = """import time
from pathlib import Path


def waiting(rows):
    while 99 in rows["n"] and not Path({gate!r}).exists():
        time.sleep(0.05)
    return rows
"""
ON_RAY = ("ada", "bert", "cleo")
ELSEWHERE = {"north": "inline", "south": "inline", "east": "processes"}
EVERY = {*ON_RAY, *ELSEWHERE}

pytestmark = [pytest.mark.ray, pytest.mark.timeout(400)]


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A folder with six jobs, in which the last file of each waits for the gate."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "conf/job").mkdir(parents=True)
    for name in EVERY:
        (tmp_path / f"conf/job/{name}.yaml").write_text(JOB.format(name=name))
        for part in ("jobs", "in"):
            (tmp_path / part / name).mkdir(parents=True)
        code = WAITING.format(gate=str(tmp_path / "gate"))
        (tmp_path / "jobs" / name / "functions.py").write_text(code)
        for file in range(FILES):
            rows = "\n".join(str(1 + (row + file) % 20) for row in range(ROWS))
            (tmp_path / "in" / name / f"{file}.csv").write_text(f"n\n{rows}\n")
        (tmp_path / "in" / name / "last.csv").write_text("n\n" + LAST * "99\n")
    return tmp_path


@pytest.fixture
def start(place):
    """Start runs in processes of their own, which end with the test."""
    processes = []

    def start(name, *cluster):
        words = [chromium.INGEST, "run", name, *cluster]
        processes.append(subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE))
        return processes[-1]

    yield start
    (place / "gate").touch()
    for process in processes:
        process.terminate()
        process.communicate()


def seen(page, wanted):
    """Return the list of the page as soon as it is as wanted."""
    deadline = time.monotonic() + 200
    while not wanted(now := lines(page)):
        assert time.monotonic() < deadline, now
        page.wait_for_timeout(100)
    return now


def at_work(line):
    """Whether a line of the list is of a run that is seen live: some of its rows were read."""
    return line[0] == "processing" and 0 < line[1] <= FILES * ROWS


def told(capsys):
    """Return the same lines as `ingest status` tells them."""
    capsys.readouterr()
    main(["status", "--json"])
    pages = json.loads(capsys.readouterr().out)
    assert {page["state"] for page in pages} == {"running"}
    return {
        page["job"]: ("processing", page["rows"]["read"], 0, page["rows"]["rejected"])
        for page in pages
    }


def test_six_runs_are_seen_live_and_their_numbers_are_those_of_the_receipts(
    page, place, start, capsys
):
    with lean_cluster(3) as ray, chromium.served(place / ".ingest") as address:
        there = ["cluster=address", f"cluster.address={ray.address}"]
        runs = {name: start(name, *there) for name in ON_RAY}
        runs |= {name: start(name, f"cluster={one}") for name, one in ELSEWHERE.items()}
        page.goto(address)
        read = FILES * ROWS
        seen(page, lambda now: now.keys() == EVERY and all(map(at_work, now.values())))
        live = seen(page, lambda now: now == told(capsys))
        assert all(map(at_work, live.values()))
        (place / "gate").touch()
        for name, run in runs.items():
            assert run.wait(60) == 0, (name, run.stderr.read().decode())
        ended = seen(page, lambda now: {one[0] for one in now.values()} == {"done"})
        receipts = {
            receipt["job"]["name"]: receipt
            for file in place.glob(".ingest/runs/*/receipt.json")
            for receipt in [json.loads(file.read_text())]
        }
        assert receipts.keys() == EVERY
        for name, receipt in receipts.items():
            source, *_, last = receipt["books"]
            rejected = sum(book["dropped"].get("quarantined", 0) for book in receipt["books"])
            written = receipt["outputs"]["main"]["rows"]
            assert ended[name] == ("done", source["rows"], written, rejected)
            assert (source["rows"], rejected, last["out"]) == (read + LAST, 2 * FILES, written)
        after = looked_at(page, address, receipts)
        page.goto("about:blank")
    with chromium.served(
        place / ".ingest"
    ) as address:  # a minute, or years, later: another process
        page.goto(address)
        until(page, "document.querySelectorAll('.s-done.state').length === 6")
        assert lines(page) == ended
        assert looked_at(page, address, receipts) == after
        page.goto("about:blank")


def looked_at(page, address, receipts):
    """Return what the pages of these runs say, once it agrees with their receipts."""
    said = {}
    for name, receipt in receipts.items():
        page.goto(f"{address}/runs/{receipt['run_id']}")
        page.wait_for_selector("#receipt")
        books = {book["step"]: (book["rows"], book["out"]) for book in receipt["books"]}
        assert steps(page) == books
        assert number(page.inner_text("#figure-written")) == receipt["outputs"]["main"]["rows"]
        assert page.locator(".strip i.c4").count() == receipt["partitions"]["number"]
        parts = ("#live_figures", "#live_flow", "#live_strip", "#live_checks", "#live_outputs")
        said[name] = [page.inner_text(part) for part in parts]
    return said
