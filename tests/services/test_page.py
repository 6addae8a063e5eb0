"""The live page in a real Chromium: its numbers beside the receipts, keyboard, contrast."""

import json
import re
import subprocess
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import sync_playwright

from benchmarks.scripts.recorded import Recorded
from tests.services import chromium
from tests.services.conftest import missing

FILES, ROWS = 10, 40
JOB = """# @package _global_
# For a test.
name: {name}
owner: me@example.org
description: For a test.
source: {{type: csv, path: in/{name}, columns: {{n: int64}}}}
transforms:
  - {{type: python, function: "functions:slowly", row_wise: true}}
  - {{type: filter, where: n <> 7}}
contract: {{checks: [{{type: range, column: n, min: 2}}], on_error: quarantine}}
sink: {{type: parquet, path: out/{name}, write_disposition: overwrite}}
execution: {{partition_bytes: 80}}
"""
SLOWLY = """import time


def slowly(rows):
    time.sleep(0.15)
    return rows
"""
RUNS = {"north": "inline", "south": "inline", "east": "processes"}
WIDTHS = {"wide": (1400, 900), "phone": (390, 844)}


@pytest.fixture(scope="module")
def browser():
    path = chromium.program()
    if path is None:
        missing("Chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def page(browser):
    """A page in a window of its own; what goes wrong in it fails the test."""
    context = browser.new_context(viewport={"width": 1400, "height": 900})
    page, wrong = context.new_page(), []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda said: wrong.append(said.text) if said.type == "error" else None)
    page.on("request", lambda request: request.url.startswith(("http://127.", "data:"))
            or wrong.append(request.url))  # fmt: skip
    yield page
    context.close()
    assert not wrong


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    """The address of the page of a state with runs of every kind."""
    state = tmp_path_factory.mktemp("state")
    began = datetime.now(UTC).replace(microsecond=0) - timedelta(days=2)
    for number in range(12):
        ending = {4: "failed", 11: ""}.get(number, "done")
        Recorded("orders", began + timedelta(hours=number), number, partitions=30, ending=ending,
                 completed=12 if ending != "done" else None, pace_s=3 if number == 8 else 0.5,
                 rejecting=5, retrying=7).write(state)  # fmt: skip
    Recorded("<script>alert(1)", began, 99, ending="failed", error="<b>bold</b>").write(state)
    with chromium.served(state) as address:
        yield address


def started(folder, name, cluster):
    (folder / "conf/job").mkdir(parents=True, exist_ok=True)
    (folder / f"conf/job/{name}.yaml").write_text(JOB.format(name=name))
    for part in ("jobs", "in"):
        (folder / part / name).mkdir(parents=True)
    (folder / "jobs" / name / "functions.py").write_text(SLOWLY)
    for file in range(FILES):
        rows = "\n".join(str(1 + (row + file) % 20) for row in range(ROWS))
        (folder / "in" / name / f"{file}.csv").write_text(f"n\n{rows}\n")
    command = [chromium.INGEST, "run", name, f"cluster={cluster}"]
    return subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def until(page, condition):
    """Wait until a condition holds; the page's policy does not let Playwright do that itself."""
    for _ in range(300):
        if page.evaluate(condition):
            return
        page.wait_for_timeout(20)
    raise AssertionError(f"never: {condition}")


def number(text):
    return int(re.sub(r"\D", "", text) or 0)


def lines(page):
    """Return by job: state, rows read, rows written, rows rejected, as the list has them."""
    rows = page.eval_on_selector_all(
        "tr[data-href]", "rows => rows.map(row => [...row.cells].map(cell => cell.innerText))"
    )
    return {
        cells[1].split()[0]: (re.sub(r"\W", "", cells[0]), *map(number, cells[3:6]))
        for cells in rows
    }


def steps(page):
    """Return by step how many rows went in and came out, as the flow has them."""
    nodes = page.eval_on_selector_all(
        ".node[data-step]",
        "nodes => nodes.map(node => [node.dataset.step, ...['.in', '.out'].map("
        "name => node.querySelector(name)?.innerText || '')])",
    )
    return {step: (number(rows), number(out)) for step, rows, out in nodes if out}


@pytest.mark.timeout(180)
def test_runs_are_seen_live_and_their_last_numbers_are_those_of_the_receipts(page, tmp_path):
    runs = {name: started(tmp_path, name, cluster) for name, cluster in RUNS.items()}
    seen = {name: [] for name in RUNS}
    state = tmp_path / ".ingest"
    with chromium.served(state) as address:
        page.goto(address)
        deadline = time.monotonic() + 90
        while time.monotonic() < deadline:
            now = lines(page)
            for name, line in now.items():
                seen[name].append(line)
            if len(now) == len(RUNS) and all(line[0] == "done" for line in now.values()):
                break
            page.wait_for_timeout(100)
        for name, run in runs.items():
            assert run.wait(30) == 0, run.stderr.read().decode()
            run.stderr.close()
            read = [line[1] for line in seen[name]]
            assert read == sorted(read), "rows that were read become unread"
            assert any(0 < rows < FILES * ROWS for rows in read), f"{name} was not seen live"
        live, receipts = lines(page), {}
        for file in state.glob("runs/*/receipt.json"):
            receipt = json.loads(file.read_text())
            receipts[receipt["job"]["name"]] = receipt
        for name, receipt in receipts.items():
            books = {book["step"]: book for book in receipt["books"]}
            rejected = sum(book["dropped"].get("quarantined", 0) for book in books.values())
            written = receipt["outputs"]["main"]["rows"]
            assert live[name] == ("done", books["source"]["rows"], written, rejected)
            assert (books["source"]["rows"], rejected) == (FILES * ROWS, FILES * 2)
        after = looked_at(page, address, receipts)
        page.goto("about:blank")
    with chromium.served(state) as address:  # a minute, or years, later: another process
        page.goto(address)
        until(page, "document.querySelectorAll('.s-done.state').length === 3")
        assert lines(page) == live
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


def test_everything_is_reached_by_keyboard(page, recorded):
    page.goto(recorded)
    page.wait_for_selector("#link[data-state=live]")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("/")
    page.keyboard.type("not in range")
    until(page, "document.querySelectorAll('tr[data-href]').length === 1")
    assert page.url.endswith("/?q=not+in+range")
    page.keyboard.press("Escape")
    page.keyboard.press("j")
    outline = "getComputedStyle(document.activeElement).outlineStyle"
    assert page.evaluate(outline) == "solid"
    page.keyboard.press("Enter")
    page.wait_for_selector("text=What ended it")
    page.keyboard.press("g")
    page.keyboard.press("j")
    page.wait_for_url("**/jobs")


def test_names_from_data_do_nothing(page, recorded):
    page.add_init_script("window.alert = text => { throw new Error(text) }")
    page.goto(f"{recorded}/?q=script")
    page.wait_for_selector("#link[data-state=live]")
    assert page.inner_text("tr[data-href] .name") == "<script>alert(1)"
    page.click("tr[data-href] .name")
    page.wait_for_selector("text=<b>bold</b>")


@pytest.mark.parametrize(("scheme", "width"), [("light", "wide"), ("dark", "phone")])
def test_pages_are_accessible(browser, recorded, scheme, width):
    size = dict(zip(("width", "height"), WIDTHS[width], strict=True))
    context = browser.new_context(viewport=size, color_scheme=scheme, reduced_motion="reduce")
    page = context.new_page()
    page.goto(f"{recorded}/?q=failed")
    failed = page.get_attribute("tr[data-href] .name", "href")
    page.goto(f"{recorded}/?q=000008")
    done = page.get_attribute("tr[data-href] .name", "href")
    broken = {}
    for path in ("/", "/jobs", "/jobs/orders", failed, done, "/nowhere"):
        page.goto(recorded + path)
        page.wait_for_selector("#link[data-state=live]")
        found = Axe().run(page).response["violations"]
        broken |= {(path, one["id"]): [node["html"] for node in one["nodes"]] for one in found}
        wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        if wide > 0:
            broken[path, "is wider than the window"] = wide
    context.close()
    assert not broken


def test_the_first_page_is_there_at_once(page, recorded):
    page.goto(recorded)
    page.goto(recorded)
    until(page, "performance.getEntriesByName('first-contentful-paint').length === 1")
    paint = page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime")
    idle = float(Path("/proc/loadavg").read_text().split()[0]) < 1.5
    assert paint < (200 if idle else 2000)
