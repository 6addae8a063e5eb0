"""The static site: a page with the map of all flows, one for each job, and a full-text search.

Works from `file://`: nothing is fetched, the search has its texts in a script of its own.
"""

import json
import shutil
from collections.abc import Iterable, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

from ingest.core.errors import ConfigError
from ingest.core.templates import environment
from ingest.documenting.collecting import JobDocs, shown
from ingest.documenting.flows import drawing, flow_map
from ingest.documenting.job_page import values_of
from ingest.documenting.readme import facts_of

TEMPLATES = environment(Path(__file__).parent / "templates")
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
    flows = drawing(flow_map(pages, "jobs/"), "All data flows: data sets and jobs")
    values = {"title": "Data flows", "up": "", "pages": pages, "drawing": flows}
    _render("overview.html", values, folder / "index.html")
    for each in pages:  # `up` leads from a page to the folder of the site
        values = {"title": each.file, "up": "../", **values_of(each)}
        _render("job.html", values, folder / "jobs" / each.page)
    return len(pages) + 1


def _render(template: str, values: dict[str, Any], to: Path) -> None:
    to.write_text(TEMPLATES.get_template(template).render(values), encoding="utf-8")


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
