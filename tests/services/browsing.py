"""Reading the live page in a real Chromium."""

import re

import pytest

from tests.services import chromium


@pytest.fixture(scope="module")
def browser():
    from playwright.sync_api import sync_playwright

    from tests.services.conftest import missing

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
