"""The static site: a page with the map of all flows, one for each job, and a full-text search.

Works from `file://`: nothing is fetched, the search has its texts in a script of its own.
"""

import json
import shutil
from collections.abc import Iterable, Sequence
from importlib.resources import files
from pathlib import Path

from ingest.core.errors import ConfigError
from ingest.documenting.collecting import JobDocs, shown
from ingest.documenting.flows import flow_map, svg
from ingest.documenting.job_page import body
from ingest.documenting.markup import Markup, element, joined
from ingest.documenting.readme import facts_of

ASSETS = ("style.css", "site.js")
MARK = ".ingest-docs"
"""A file that says: what lies in this folder was written by `ingest docs build`."""


def write(pages: Sequence[JobDocs], folder: Path) -> int:
    """Write the site into a folder; return how many pages it has.

    Raises:
        ConfigError: the folder holds other files.
    """
    if folder.exists() and any(folder.iterdir()) and not (folder / MARK).exists():
        raise ConfigError(
            f"--output {folder}: contains files that are not of a site. Use another folder"
        )
    if folder.exists():
        shutil.rmtree(folder)
    (folder / "jobs").mkdir(parents=True)
    (folder / MARK).write_text("written by ingest docs build\n", encoding="utf-8")
    for name in ASSETS:
        text = files("ingest.documenting").joinpath("assets", name).read_text(encoding="utf-8")
        (folder / name).write_text(text, encoding="utf-8")
    (folder / "search.js").write_text(index(pages), encoding="utf-8")
    (folder / "index.html").write_text(page("Data flows", overview(pages), ""), encoding="utf-8")
    for each in pages:
        text = page(each.file, body(each), "../")
        (folder / "jobs" / each.page).write_text(text, encoding="utf-8")
    return len(pages) + 1


def page(title: str, main: Markup, up: str) -> str:
    """Return a whole page; `up` leads from it to the folder of the site."""
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("title", f"{title} – ingest docs"),
        element("link", rel="stylesheet", href=f"{up}style.css"),
        element("script", src=f"{up}search.js", defer="defer"),
        element("script", src=f"{up}site.js", defer="defer"),
    )
    search = element(
        "input", id="search", type="search", placeholder="Search jobs, columns, data sets",
        aria_label="Search", data_up=up,
    )  # fmt: skip
    bar = element(
        "header", element("a", "Data flows", href=f"{up}index.html", class_="home"), search
    )
    results = element("ol", id="results", hidden="hidden", aria_live="polite")
    content = element("main", element("h1", title), main)
    whole = element("html", head, element("body", bar, results, content), lang="en")
    return f"<!doctype html>\n{whole}\n"


def overview(pages: Sequence[JobDocs]) -> Markup:
    """Return the map of all flows, and a table of the jobs."""
    rows = [
        element(
            "tr",
            element("td", element("a", each.file, href=f"jobs/{each.page}")),
            element("td", each.job.owner),
            element("td", each.job.description),
            element("td", each.job.schedule.cron if each.job.schedule else ""),
            element("td", each.history.runs[-1].state if each.history.runs else "no runs"),
        )
        for each in pages
    ]
    head = [element("th", name) for name in ("job", "owner", "purpose", "schedule", "last run")]
    drawing = svg(flow_map(pages, "jobs/"), "All data flows: data sets and jobs")
    return joined(
        element("div", drawing, class_="scroll"),
        element("table", element("thead", element("tr", head)), element("tbody", rows)),
    )


def index(pages: Iterable[JobDocs]) -> str:
    """Return the script with the texts to search: as data that cannot end a script."""
    entries = [entry for each in pages for entry in _entries(each)]
    text = json.dumps(entries, ensure_ascii=True, separators=(",", ":"))
    return f"window.INGEST_SEARCH={text.replace('<', chr(92) + 'u003c')};\n"


def _entries(docs: JobDocs) -> Iterable[dict[str, str]]:
    link = f"jobs/{docs.page}"
    places = [shown(uri) for uri in (*docs.inputs.values(), *docs.outputs.values())]
    steps = [f"{kind} {text}" for kind, text in docs.steps]
    tags = [f"{name} {value}" for name, value in docs.job.tags.items()]
    texts = [docs.job.owner, docs.job.description, *tags, *places, *steps, *docs.checks]
    yield {"title": docs.file, "link": link, "text": " ".join(texts)}
    for number, column in enumerate(docs.columns):
        yield {
            "title": f"{docs.file}: {column.name}",
            "link": f"{link}#c{number}",
            "text": f"{column.type} {facts_of(column)} {column.told}",
        }
