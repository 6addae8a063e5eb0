"""The generated pages of the docs. To write them again: pytest tests/docs --update-golden."""

import re
from collections.abc import Callable
from pathlib import Path

from tests.docs import type_pages
from tests.docs.command_page import commands
from tests.docs.error_page import errors
from tests.docs.event_page import events
from tests.docs.expression_page import expressions
from tests.docs.file_page import files
from tests.docs.kubernetes_page import kubernetes
from tests.docs.python_page import python

DOCS = Path(__file__).parents[2] / "docs"
KINDS = {
    "guides": "How to do one task, step by step.",
    "concepts": "How ingest works, and why.",
    "reference": "Every option, command, error and file. Generated from the code.",
    "decisions": "What we chose, what we rejected, and what would change our minds.",
}


def contents() -> str:
    """Return the table of contents: every page below `docs/` by its title."""
    parts = ["# Documentation\n<!-- generated: pytest tests/docs --update-golden -->"]
    for kind, text in KINDS.items():
        pages = sorted((DOCS / kind).glob("*.md"))
        links = "".join(f"- [{title(page)}]({kind}/{page.name})\n" for page in pages)
        parts.append(f"## {kind.capitalize()}\n{text}\n\n{links}".rstrip("\n"))
    parts.append("## Contributors\n- [Architecture](architecture.md)")
    return "\n\n".join(parts) + "\n"


def title(page: Path) -> str:
    """Return a page's title, without what Markdown would take for a link."""
    return re.sub(r"^# ", "", page.read_text(encoding="utf-8").partition("\n")[0])


PAGES: dict[str, Callable[[], str]] = {
    "reference/job.md": type_pages.job,
    "reference/sources.md": type_pages.sources,
    "reference/transforms.md": type_pages.transforms,
    "reference/checks.md": type_pages.checks,
    "reference/sinks.md": type_pages.sinks,
    "reference/connections.md": type_pages.connections,
    "reference/commands.md": commands,
    "reference/errors.md": errors,
    "reference/events.md": events,
    "reference/expressions.md": expressions,
    "reference/files.md": files,
    "reference/kubernetes.md": kubernetes,
    "reference/python.md": python,
    "README.md": contents,
}
