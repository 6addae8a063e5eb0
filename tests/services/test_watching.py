"""A state in a bucket, seen by everybody who only looks: the page, and the commands."""

import json
import re
import subprocess
import time
import urllib.request
from argparse import Namespace
from collections import Counter
from pathlib import Path

import pytest

from ingest.commands.status import Pages
from ingest.storage.glance import Glance
from ingest.storage.objects import open_store
from ingest.watch.page.catalogue import Catalogue
from tests.services import chromium
from tests.services.desk import JOB, WANTED, Desk

STEP = 'transforms: [{type: python, function: "functions:slowly"}]\ncontract:'
SLOW = JOB.replace("contract:", STEP).replace("name: orders", "name: slow")
SLOW = SLOW.replace("path: out", "path: slow_out")
SLOWLY = "import time\n\n\ndef slowly(rows):\n    time.sleep(0.4)\n    return rows\n"


class Counting:
    """A store that counts what it is asked."""

    def __init__(self, store):
        self.store, self.asked = store, Counter()

    def __getattr__(self, name):
        self.asked[name] += 1
        return getattr(self.store, name)


@pytest.fixture
def desk(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    desk = Desk(tmp_path, capsys)
    desk.write("conf/job/slow.yaml", SLOW)
    desk.write("jobs/slow/functions.py", SLOWLY)
    return desk


def started(state):
    words = [chromium.INGEST, "run", "slow", f"state={state}", "execution.partition_bytes=50"]
    return subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def until(look, wanted):
    deadline = time.monotonic() + 60
    while not wanted(seen := look()):
        assert time.monotonic() < deadline, seen
        time.sleep(0.1)
    return seen


@pytest.mark.timeout(120)
def test_a_run_is_seen_live_and_afterwards(desk, bucket):
    seen = []
    with chromium.served(bucket.uri) as address:

        def look():
            html = urllib.request.urlopen(f"{address}/").read().decode()
            line = html[html.find("<tr ") :] if "data-href" in html else ""
            numbers = [int(text.replace(",", "")) for text in re.findall(r">([\d,]+)<", line)]
            seen.append(("running" in line, max(numbers[:3], default=0)))
            return html

        run = started(bucket.uri)
        until(look, lambda html: "s-done" in html)
        assert run.wait(30) == 0, run.stderr.read().decode()
        run.stderr.close()
        assert any(live and 0 < rows < len(WANTED) for live, rows in seen)
        (page,) = desk.runs("--state", bucket.uri)
        html = urllib.request.urlopen(f"{address}/runs/{page['run_id']}").read().decode()
        receipt = json.loads(bucket.get(f"runs/{page['run_id']}/receipt.json"))
        assert page["rows"]["written"] == receipt["outputs"]["main"]["rows"] == len(WANTED)
        assert f"{len(WANTED):,}" in html
    log = desk.type("logs", page["run_id"], "--state", bucket.uri, "--json")
    lines = [json.loads(line) for line in log.splitlines()]
    parts = {line.get("partition") for line in lines} - {None, ""}
    assert len(parts) == page["partitions"]["planned"]


def test_two_runs_are_compared_and_documented(desk, bucket):
    here = f"state={bucket.uri}"
    desk.type("run", "orders", here)
    desk.write("in/9.csv", "n\n900\n")
    desk.type("run", "orders", here)
    first, second = (page["run_id"] for page in desk.runs("--state", bucket.uri))
    page = json.loads(desk.type("diff", first, second, "--json", "--state", bucket.uri))
    assert page["rows"]["read"] == [200, 201]
    path = desk.place / "conf/job/orders.yaml"
    path.write_text(path.read_text() + f"state: {bucket.uri}\n")
    desk.type("docs", "build", "--no-readme", "--output", "site")
    assert second in Path("site/jobs/orders.html").read_text()


def test_an_update_takes_few_requests(desk, bucket):
    here = f"state={bucket.uri}"
    for _ in range(3):
        desk.type("run", "orders", here)
    store = Counting(open_store(bucket.uri))
    everything = Namespace(run=None, since=None, job=None, last=20, failed=False)
    pages = Pages(Glance(store), everything)
    run = started(bucket.uri)
    until(lambda: [page["state"] for page in pages.look()], lambda states: "running" in states)
    store.asked.clear()
    began = time.monotonic()
    pages.look()
    assert (store.asked.total(), time.monotonic() - began) < (20, 1.0)
    catalogue = Catalogue(store)
    while catalogue.round() or not catalogue.entries:
        pass
    until(lambda: catalogue.round() or catalogue.entries.values(),
          lambda entries: any(entry.state == "running" for entry in entries))  # fmt: skip
    store.asked.clear()
    catalogue.round()
    assert store.asked.total() <= 12, store.asked
    assert run.wait(60) == 0, run.stderr.read().decode()
    run.stderr.close()
