"""The page about events, from their classes."""

from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from types import UnionType
from typing import Annotated, Any, get_args, get_origin, get_type_hints

from ingest.core.outcome import Book, Failure, Outcome, Staged
from ingest.core.partition import Partition, Slice
from ingest.records.events import Event, IntentFacts
from tests.docs.options import doc, flat
from tests.docs.type_pages import page

NESTED = (Outcome, Book, Staged, Failure, Partition, Slice, IntentFacts)
"""What fields of events hold, in the order of the page."""
WORDS = {str: "text", int: "integer", float: "number", bool: "true or false"}


def events() -> str:
    """Return the page."""
    parts = [
        "# Events",
        (
            "What a run's [ledger](files.md#the-ledger) records, a JSON object each. Its keys are "
            "`event` (the name), `at` (when it was recorded, UTC) and those below. `ingest run "
            "--progress json` prints them, and a function that is given to "
            "[`ingest.run`](python.md#run) as `progress` gets them as objects: `event.name`, "
            "`event.at`, and an attribute for each key."
        ),
        (
            "A key `version` is there if it is above 1: the form of an event can change with a "
            "version of ingest. Later versions read earlier forms. A version that does not know "
            "an event, or its form, refuses the ledger, because the event may matter: update "
            "ingest then."
        ),
        *(part for kind in Event.classes.values() for part in described(kind)),
        *(part for kind in NESTED for part in (f"## `{kind.__name__}`", doc(kind), nested(kind))),
    ]
    return page(parts)


def described(kind: type[Event]) -> Iterator[str]:
    """Yield the name of an event, what it means, and its keys.

    Raises:
        AssertionError: a key or the event is not described.
    """
    yield f"## `{kind.name}`"
    yield doc(kind) + ("" if kind.version == 1 else f" Its version is {kind.version}.")
    hints = get_type_hints(kind, include_extras=True)
    keys = [field.name for field in fields(kind) if field.name != "at"]
    for key in keys:
        assert get_origin(hints[key]) is Annotated, f"{kind.__name__}.{key}: write what it is"
    rows = [
        f"| `{key}` | {words(hints[key].__origin__)} | {flat(hints[key].__metadata__[0])} |\n"
        for key in keys
    ]
    yield "| key | type | meaning |\n|---|---|---|\n" + "".join(rows) if rows else "No keys."


def nested(kind: type[Any]) -> str:
    """Return the keys of what is in an event."""
    hints = get_type_hints(kind)
    rows = [f"| `{field.name}` | {words(hints[field.name])} |\n" for field in fields(kind)]
    return "| key | type |\n|---|---|\n" + "".join(rows)


def words(kind: Any) -> str:
    """Return a type as JSON has it."""
    arguments = get_args(kind)
    match get_origin(kind):
        case origin if origin is tuple:
            return f"list of {words(arguments[0])}"
        case origin if origin is dict:
            return f"mapping of names to {words(arguments[1])}"
        case origin if origin is UnionType:
            return " or ".join(map(words, arguments))
    if is_dataclass(kind):
        return f"`{kind.__name__}`"
    if kind in {Any, type(None)}:
        return "null" if kind is type(None) else "anything"
    return WORDS.get(kind, "text")
