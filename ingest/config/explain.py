"""What pydantic found, as sentences of this house: all mistakes at once, each with its place."""

import json
import re
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ValidationError

from ingest.config.fields import TAG, hint, instead, keys, literals, locate, tags
from ingest.config.overrides import quoted
from ingest.config.places import KeyPath, Problem, choices, closest, dotted, listed
from ingest.config.provenance import Provenance
from ingest.config.yaml_traps import reading

LONGEST_VALUE = 60  # characters of a wrong value that are shown

_CHOICE = re.compile(r"'((?:[^'\\]|\\.)*)'|([^\s,]+)")  # pydantic writes: 1, 2 or 'high'
_KIND_ONLY = {"dict_type", "model_type", "model_attributes_type"}
_WORDS = (
    ("a valid array", "a list"),
    ("a valid list", "a list"),
    ("an object", "a mapping"),
    ("a valid dictionary", "a mapping"),
    ("a valid boolean", "true or false"),
    ("a valid integer", "a whole number"),
    ("a valid ", "a "),
    ("'", '"'),
)


@dataclass(frozen=True, slots=True)
class _Refused:
    """A key that pydantic refused: all that it says about it, and what the key belongs to."""

    path: KeyPath
    details: list[Any]
    holder: Any

    @property
    def kind(self) -> str:
        """What pydantic calls the first of the mistakes."""
        return str(self.details[0]["type"])

    @property
    def verdict(self) -> str | None:
        """What our own check says of it, whichever of several kinds of value it was tried as."""
        errors = (one["ctx"]["error"] for one in self.details if one["type"] == "value_error")
        return next((str(error) for error in errors), None)

    @property
    def value(self) -> Any:
        """What stands there."""
        return self.details[0]["input"]


def explain(
    model: type[BaseModel],
    data: Any,
    error: ValidationError,
    origin: Provenance,
    unknown: AbstractSet[KeyPath] = frozenset(),
) -> list[Problem]:
    """Return a sentence for each key that pydantic refused.

    `unknown` are keys about which something has been said already: they and what lies below them
    are left out, as is a required key that is there under a misspelt name.
    """
    refused: dict[KeyPath, _Refused] = {}
    for detail in error.errors(include_url=False):
        path, holder = locate(model, data, detail["loc"])
        if detail["type"].startswith("union_tag"):
            holder, path = tags(model, data, path), (*path, TAG)
        refused.setdefault(path, _Refused(path, [], holder)).details.append(detail)
    meant = {_meant(one) for one in refused.values() if one.kind == "extra_forbidden"}
    return [
        origin.problem(path, _sentence(one, origin, model, data))
        for path, one in refused.items()
        if not (one.kind == "missing" and path in meant)
        and not any(path[:end] in unknown for end in range(1, len(path) + 1))
    ]


def _meant(one: _Refused) -> KeyPath:
    """Return the key that a misspelt one probably stands for."""
    return (*one.path[:-1], *closest(str(one.path[-1]), keys(one.holder)))


def _sentence(one: _Refused, origin: Provenance, model: type[BaseModel], data: Any) -> str:
    context = one.details[0].get("ctx", {})
    name = str(one.path[-1]) if one.path else ""
    told = hint(one.holder, name)
    match one.kind:
        case "missing":
            choices_here = literals(one.holder, name)
            way_out = f"Write one of: {', '.join(choices_here)}" if choices_here else "Add it"
            text = f"required, but not set. {told or way_out}"
        case "union_tag_not_found":
            text = f"required, but not set. Known types: {', '.join(one.holder)}"
        case "union_tag_invalid":
            tag = str(context["tag"])
            told = instead(model, data, one.path[:-1], tag)
            text = f'no such type "{tag}".{_way_out(told, tag, one.holder, "Known types")}'
        case "extra_forbidden":
            text = f"unknown key.{_way_out(told, name, keys(one.holder), 'Known keys here')}"
        case "string_pattern_mismatch" if told:
            text = f"{told}; got {_got(one)}"
        case _ if one.verdict is not None:
            text = one.verdict
        case "string_type" | "literal_error" if not isinstance(one.value, str | list | dict):
            text = f"expected a string, but {_misread(one, origin)}"
        case "literal_error" if len(one.details) == 1:
            known = [a or b for a, b in _CHOICE.findall(context["expected"]) if b != "or"]
            text = f"no such choice {_shown(one.value)}."
            text += choices(str(one.value), known, "Known choices")
        case _:
            text = f"{_expected(one.details)}; got {_got(one)}"
    return f"{text[:1].lower()}{text[1:].removesuffix('.')}."


def _way_out(told: str, name: str, known: Sequence[str], what: str) -> str:
    """Return what to write instead of a wrong name, if that is known, else the nearest; and all."""
    return f" {told}. {what}: {listed(known)}." if told else choices(name, known, what)


def _misread(one: _Refused, origin: Provenance) -> str:
    """Say what a text became on its way to a field for strings, and how to write it."""
    found = origin.origin(one.path)
    if found.override:
        text = found.override.partition("=")[2]
        return f"got {text or 'nothing'}. Write: {quoted(dotted(one.path), text)}"
    if not found.plain:
        return f"got {_shown(one.value)}"
    return f'{reading(found.text, one.value)}. Write it in quotes: "{found.text}"'


def _expected(details: list[Any]) -> str:
    texts = [_reworded(detail["msg"]) for detail in details]
    head = "Input should be "
    if all(text.startswith(head) for text in texts):
        wanted = dict.fromkeys(text.removeprefix(head) for text in texts)
        return f"must be {' or '.join(wanted)}"
    return " or ".join(dict.fromkeys(text[:1].lower() + text[1:] for text in texts))


def _reworded(text: str) -> str:
    for theirs, ours in _WORDS:
        text = text.replace(theirs, ours)
    return text


def _got(one: _Refused) -> str:
    """Show a wrong value; not where a mapping belongs, because it may be a secret typed in."""
    hidden = isinstance(one.value, str) and one.kind in _KIND_ONLY
    return "a string" if hidden else _shown(one.value)


def _shown(value: Any) -> str:
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    if value is None:
        return "nothing"
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= LONGEST_VALUE else f"{text[:LONGEST_VALUE]}…"
