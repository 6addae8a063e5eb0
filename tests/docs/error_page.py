"""The page about errors, from their classes and from what is done about them."""

import ast
import importlib
from pathlib import Path
from typing import get_args

import ingest
from ingest.core import errors as tree
from ingest.core.errors import Interrupted
from ingest.core.outcome import ErrorKind
from ingest.driver.retry import HOPELESS, LONGEST_WAIT_S, TRIES_OF_A_BUG
from tests.docs.options import doc, flat
from tests.docs.type_pages import body, page

KINDS = {
    "retryable": "`RetryableError`, or memory, a connection or a time limit that gave out.",
    "bad_row": "`BadRowError`.",
    "contract": "`ContractError`.",
    "fatal": "Every other error of the tree.",
    "config": "`ConfigError`, met by a worker: a secret that is missing there, say.",
    "bug": "Any other exception: shown with its traceback.",
    "lost": "No answer: the worker died, or was killed after `execution.partition_timeout_s`.",
}


def errors() -> str:
    """Return the page."""
    kinds = "".join(
        f"| `{kind}` | {KINDS[kind]} | {tries(kind)} |\n" for kind in get_args(ErrorKind)
    )
    rows = "".join(
        f"| `{cls.__name__}` | {cls.exit_code} | {flat(doc(cls))} |\n" for cls in classes()
    )
    parts = [
        "# Errors",
        body(tree),
        f"| class | exit code | what it says |\n|---|---|---|\n{rows}",
        "## What is tried again",
        (
            "A worker never raises: it reports what kind of failure ended its try, and the driver "
            f"decides by the kind. Waits double from `execution.retry_wait_s` up to "
            f"{LONGEST_WAIT_S:g} s, and each is drawn at random below that."
        ),
        f"| kind | what it was | tried again |\n|---|---|---|\n{kinds}",
    ]
    return page(parts)


def tries(kind: ErrorKind) -> str:
    """Say how often a partition is tried after failures of a kind."""
    if kind in HOPELESS:
        return "never: it would fail alike"
    most = "`execution.max_tries` tries in all"
    return f"{TRIES_OF_A_BUG} tries in all, or {most} if fewer" if kind == "bug" else most


def classes() -> list[type[BaseException]]:
    """Return every error class of the package, a base before what is derived from it."""
    found = {"IngestError": "ingest.core.errors"}
    modules = list(_classes())
    for _ in range(len(modules)):
        new = {name: place for place, name, bases in modules if bases & found.keys()}
        if new.keys() <= found.keys():
            break
        found |= new
    every = [getattr(importlib.import_module(place), name) for name, place in found.items()]
    return [*sorted(every, key=lambda cls: (len(cls.__mro__), cls.__name__)), Interrupted]


def _classes() -> list[tuple[str, str, set[str]]]:
    """Return module, name and bases of each class, read and not imported: Ray takes seconds."""
    root = Path(ingest.__file__).parent
    return [
        (".".join(("ingest", *file.relative_to(root).with_suffix("").parts)), node.name,
         {base.id for base in node.bases if isinstance(base, ast.Name)})
        for file in sorted(root.rglob("*.py"))
        for node in ast.parse(file.read_text(encoding="utf-8")).body
        if isinstance(node, ast.ClassDef)
    ]  # fmt: skip
