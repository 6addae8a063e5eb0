"""`ingest docs`: what pages say, that nothing in the data breaks them, and what `check` refuses."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from ingest.documenting.collecting import collected
from ingest.documenting.flows import drawing, flow_map, mermaid, step_map
from tests.first_hour.orders import made, orders, typed
from tests.services import chromium

EVIL = '<script>alert("1")</script>|`x`'


@pytest.fixture
def desk(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    desk = orders(tmp_path)
    shutil.copytree(tmp_path / "in", tmp_path / "jobs/orders/sample")
    desk.page["contract"] = contract()
    desk.describe()
    return desk


def contract(**more):
    columns = {"id": "Number of the order.", "name": "Who.", "n": "How many."}
    types = {"id": "int64", "name": "string", "n": "int8"}
    described = {name: {"type": types[name], "description": text} for name, text in columns.items()}
    return {"columns": described, "on_error": "quarantine", **more}


def site(desk):
    return {
        str(path.relative_to(desk.place / "site")): path.read_text()
        for path in (desk.place / "site").rglob("*.*")
    }


def test_a_site_of_a_job_and_its_runs(desk, capsys):
    assert desk.run().code == 0
    desk.describe(contract=contract(max_errors=5))
    assert desk.run().code == 0
    result = typed(capsys, "docs", "build")
    assert result.code == 0, result.err
    pages = site(desk)
    page = pages["jobs/orders.html"]
    assert all(run in page for run in made(desk))
    assert "added max_errors: 5" in page
    assert "version 2, since run" in page
    assert 'data-from="s2"' in page  # n comes from the third column of the source
    assert "3 of 15" in page
    assert '<a href="jobs/orders.html">' in pages["index.html"]
    assert not any(re.search(r"(src|href)=.?https?:", text) for text in pages.values())
    entries = json.loads(pages["search.js"].partition("=")[2].removesuffix(";\n"))
    assert {"orders", "orders: n"} <= {entry["title"] for entry in entries}


def test_nothing_in_a_job_becomes_markup(desk, capsys):
    columns = contract()["columns"]
    columns["name"]["description"] = EVIL
    desk.describe(
        owner=EVIL, description=EVIL, tags={"a": EVIL}, contract={**contract(), "columns": columns}
    )
    assert typed(capsys, "docs", "build").code == 0
    for name, text in site(desk).items():
        assert "<script>alert" not in text, name
    assert EVIL.replace("<", "\\u003c").replace('"', '\\"') in site(desk)["search.js"]
    for name in ("jobs/README.md", "jobs/orders/README.md"):
        text = Path(name).read_text()
        assert "<script" not in text
        assert r"\|\`x\`" in text


def test_the_names_of_files_mean_nothing_to_mermaid(desk):
    desk.describe(sink={**desk.page["sink"], "path": 'x/<b>"]; click n0 "js"'})
    text = mermaid(flow_map(collected((), None)))
    assert "<b>" not in text
    assert text.count('"') % 2 == 0
    assert not re.search(r"^\s*click", text, re.MULTILINE)


def test_jobs_that_read_what_others_write_are_one_graph(desk):
    out = str(desk.place / "out")
    first = desk.file.read_text()
    desk.describe(
        name="report",
        source={"type": "parquet", "path": "out/*.parquet"},
        sink={**desk.page["sink"], "path": "report"},
    )
    desk.file.rename(desk.file.with_name("report.yaml"))
    desk.file.write_text(first)
    edges = {(one, to) for one, to, _ in flow_map(collected((), None)).edges}
    assert ("job:orders", out) in edges
    assert (out, "job:report") in edges


def test_a_lookup_table_is_drawn_beside_its_step(monkeypatch):
    monkeypatch.chdir(Path(__file__).parents[3])
    (page,) = collected(("flights",), None)
    across = {box.text: box.x for box in drawing(step_map(page), "").boxes}
    assert across["…lights/reference/airports.csv"] == across["2 lookup"] < across["3 lookup"]
    assert across["data/raw"] == min(across.values())


def test_runs_that_published_nothing_have_written_nothing(desk, capsys):
    desk.describe(contract=contract(max_errors=0))
    assert desk.run().code == 1
    assert desk.run("--fresh").code == 1
    assert typed(capsys, "docs", "build").code == 0
    page = re.sub(r"<[^>]+>", " ", site(desk)["jobs/orders.html"])
    for run, state in zip(made(desk), ("discarded", "failed"), strict=True):
        assert re.search(rf"{run}\s+{state}\s+\S+ \S+\s+[\d.]+\s+15\s+–\s+3\s", page), page


BROWSER = chromium.program()
LOOK = """<script>addEventListener("load", () => {
  const search = document.getElementById("search");
  search.value = "how many";
  search.dispatchEvent(new Event("input"));
  document.querySelector("#c2").dispatchEvent(new Event("mouseenter"));
});</script></body>"""


@pytest.mark.skipif(BROWSER is None, reason="needs Chromium")
def test_in_a_browser_without_a_server(desk, capsys):
    assert typed(capsys, "docs", "build", "--no-readme", "--no-history").code == 0
    page = desk.place / "site/jobs/orders.html"
    page.write_text(page.read_text().replace("</body>", LOOK))
    options = ["--no-sandbox", "--disable-gpu", "--dump-dom", f"file://{page}"]
    shown = subprocess.run([BROWSER, *options], capture_output=True, text=True, check=True).stdout
    assert '<a href="../jobs/orders.html#c2">orders: n</a>' in shown
    assert re.search(r'<li id="s2"[^>]* class="on">', shown)  # n comes from the third column
    assert not re.search(r'<li id="s1"[^>]* class="on">', shown)


def test_check_passes_and_says_what_is_missing(desk, capsys):
    assert typed(capsys, "docs", "check").code == 0
    desk.describe(contract={"columns": {"id": "int64"}}, owner="owner@example.org")
    result = typed(capsys, "docs", "check")
    assert result.code == 1
    assert 'orders: owner: "owner@example.org".' in result.err
    assert "orders: contract.columns.id: no description." in result.err
    assert "column n of the output is missing" in result.err
    problems = json.loads(typed(capsys, "docs", "check", "--json").out)["problems"]
    assert problems == result.err.splitlines()


def test_pages_become_stale_and_own_ones_stay(desk, capsys):
    typed(capsys, "docs", "build")
    assert typed(capsys, "docs", "check").code == 0
    desk.describe(description="Something else.")
    result = typed(capsys, "docs", "check")
    assert result.code == 1
    assert "jobs/orders/README.md: stale" in result.err
    mine = Path("jobs/orders/README.md")
    mine.write_text("mine")
    assert "kept: it was not generated" in typed(capsys, "docs", "build").out
    assert mine.read_text() == "mine"
    assert typed(capsys, "docs", "check").code == 0


def test_history_that_is_gone_is_no_error(desk, capsys):
    assert desk.run().code == 0
    for path in (desk.place / "state/runs").iterdir():
        shutil.rmtree(path)
    assert typed(capsys, "docs", "build").code == 0
    shutil.rmtree(desk.place / "state")
    assert typed(capsys, "docs", "build").code == 0


def test_a_folder_of_others_is_not_touched(desk, capsys):
    (desk.place / "mine").mkdir()
    (desk.place / "mine/file").write_text("x")
    result = typed(capsys, "docs", "build", "--output", "mine")
    assert result.code == 2
    assert (desk.place / "mine/file").exists()


def test_the_shipped_jobs_are_documented(capsys, monkeypatch):
    monkeypatch.chdir(Path(__file__).parents[3])
    result = typed(capsys, "docs", "check")
    assert result.code == 0, result.err


def test_a_readme_does_not_depend_on_the_runs_of_a_machine(desk, capsys):
    shutil.rmtree(desk.place / "jobs")
    assert desk.run().code == 0
    assert typed(capsys, "docs", "build").code == 0
    readme = (desk.place / "jobs/orders/README.md").read_text()
    assert "from id" not in readme
    assert "s2" in site(desk)["jobs/orders.html"]
    checked = typed(capsys, "docs", "check")
    assert checked.code == 0, checked.err


@pytest.mark.parametrize(
    "words", [("build", "--output", "file"), ("build", "--output", "file/x"),
              ("serve", "--port", "99999")],
)  # fmt: skip
def test_where_it_cannot_be_written_or_served(desk, capsys, words):
    (desk.place / "file").touch()
    result = typed(capsys, "docs", *words)
    assert result.code == 2
    assert "cannot be written" in result.err or "--port 99999: " in result.err
