"""The live page in a real Chromium: keyboard, contrast, hostile names."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe

from benchmarks.scripts.recorded import Recorded
from tests.services import chromium
from tests.services.browsing import until

WIDTHS = {"wide": (1400, 900), "phone": (390, 844)}


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


def test_the_run_that_was_slow_and_the_partitions_that_were_retried_stand_out(page, recorded):
    page.goto(f"{recorded}/jobs/orders")
    page.wait_for_selector("#link[data-state=live]")
    (odd,) = page.eval_on_selector_all(".point.odd", "all => all.map(one => one.href.baseVal)")
    assert odd.endswith("-000008")
    assert page.locator(f"tr[data-href='{odd}'] .odd").inner_text() == "◎ unusual duration: high"
    page.goto(recorded + odd)
    page.wait_for_selector("#link[data-state=live]")
    cells = page.eval_on_selector_all(".strip i", "cells => cells.map(cell => cell.className)")
    assert [index for index, kinds in enumerate(cells) if "r" in kinds] == [0, 7, 14, 21, 28]
    assert [index for index, kinds in enumerate(cells) if "q" in kinds] == [0, 5, 10, 15, 20, 25]
    assert len(cells) == sum("c4" in kinds for kinds in cells) == 30
    failed = page.goto(f"{recorded}/?q=failed") and page.get_attribute(".name", "href")
    page.goto(recorded + failed)
    page.wait_for_selector("#link[data-state=live]")
    legend = page.inner_text(".strip-legend").split()
    assert legend[:6] == ["completed", "12", "working", "0", "waiting", "18"]


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
