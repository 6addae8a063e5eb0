"""The page about errors, from their classes and from what is done about them."""

import ast
import importlib
from pathlib import Path
from typing import get_args

import ingest
from ingest.core import errors as tree
from ingest.core.errors import Interrupted
from ingest.core.outcome import ErrorKind
from ingest.driver.retry import DEATHS, HOPELESS
from ingest.execution import Retries
from ingest.storage.causes import LONGEST_RETRY_AFTER_S
from tests.docs.options import doc, flat
from tests.docs.type_pages import body, page

KINDS = {
    "throttled": "`ThrottledError`, or what libraries raise for 429, 503 and SlowDown.",
    "connection": "`RetryableError`, or what libraries raise when a server fails or disconnects.",
    "lost_worker": "No answer: the worker's process died.",
    "timeout": "No answer: the worker was killed after `execution.partition_timeout_s`.",
    "out_of_memory": "`MemoryError`, or a worker that was killed because it ran out of memory.",
    "bug": "Any other exception. Its traceback is shown.",
    "bad_row": "`BadRowError`.",
    "contract": "`ContractError`.",
    "stale_plan": "`StalePlanError`: an input is not as it was planned.",
    "job": "`JobError`: the job's settings, a step or a value cannot work.",
    "fatal": "Every other error of the tree.",
    "config": "`ConfigError` in a worker: for example, a secret that is missing there.",
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
        f"| class | exit code | meaning |\n|---|---|---|\n{rows}",
        "## What is tried again",
        (
            "A worker reports which kind of failure ended its try, and the driver decides by the "
            "kind. [`execution.retry`](job.md#retry) sets how often and how soon a partition is "
            "tried again: the limit of the waits doubles with each try, each wait is drawn at "
            "random below the limit, and none is shorter than `Retry-After`, up to "
            f"{LONGEST_RETRY_AFTER_S:g} s. Each failure is an event in the ledger: `retry`, "
            "`search` or `split`."
        ),
        f"| kind | failure | tried again |\n|---|---|---|\n{kinds}",
    ]
    return page(parts)


def tries(kind: ErrorKind) -> str:
    """Say how often a partition is tried after failures of a kind, and what is done then."""
    if kind in HOPELESS:
        return "never: it would fail in the same way"
    most = f"{getattr(Retries(), kind).max_tries} tries in all"
    if kind in DEATHS:
        return f"{most}; if all steps work row by row: searched after the second try, then split"
    return f"{most}; if all steps work row by row: then searched" if kind == "bug" else most


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
