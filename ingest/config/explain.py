"""What pydantic found, as sentences of this house: all mistakes at once, each with its place."""

import json
import re
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any

from pydantic import BaseModel, ValidationError

from ingest.config.fields import TAG, hint, instead, keys, literals, locate, tags
from ingest.config.overrides import quoted
from ingest.config.places import KeyPath, Problem, choices, closest, dotted, listed
from ingest.config.provenance import Provenance
from ingest.config.yaml_traps import reading
from ingest.core.dataclass import dataclass

LONGEST_VALUE = 60  # characters of a wrong value that are shown

_CHOICE = re.compile(r"'((?:[^'\\]|\\.)*)'|([^\s,]+)")  # pydantic writes: 1, 2 or 'high'
_LENGTH = re.compile(r"[\w ]+ should have (at least \d+ \w+)(?: after validation, not \d+)?")
_TRUTH = {"yes": "true", "on": "true", "no": "false", "off": "false"}
_KIND_ONLY = {"dict_type", "model_type", "model_attributes_type"}
_WORDS = (
    ("a valid array", "a list"),
    ("a valid list", "a list"),
    ("an object", "a mapping"),
    ("a valid dictionary", "a mapping"),
    ("a valid boolean", "true or false"),
    ("a valid integer", "a whole number"),
    ("a valid ", "a "),
    ("String should match pattern", "must match the pattern"),
    ("could not parse value and unit from byte string", "must be a size such as 512MB or 4GiB"),
    ("could not interpret byte unit", "must be a size such as 512MB or 4GiB, with the unit"),
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
    meant = {_meant(one, refused) for one in refused.values() if one.kind == "extra_forbidden"}
    return [
        _problem(one, _sentence(one, origin, model, data, refused), origin)
        for path, one in refused.items()
        if not (one.kind == "missing" and path in meant)
        and not any(path[:end] in unknown for end in range(1, len(path) + 1))
    ]


def _problem(one: _Refused, text: str, origin: Provenance) -> Problem:
    """Return a mistake at its key: at the one that a check of the whole mapping names first."""
    key, _, rest = text.partition(": ")
    below = isinstance(one.value, dict) and one.verdict is not None and key in one.value
    return origin.problem((*one.path, key), rest) if below else origin.problem(one.path, text)


def _meant(one: _Refused, refused: Mapping[KeyPath, _Refused]) -> KeyPath:
    """Return the key that an unknown one probably stands for: the nearest, or the one missing."""
    if near := closest(str(one.path[-1]), keys(one.holder)):
        return (*one.path[:-1], *near)
    beside = [each for path, each in refused.items() if path[:-1] == one.path[:-1]]
    missing = [each.path for each in beside if each.kind == "missing"]
    alone = len(missing) == 1 and sum(each.kind == "extra_forbidden" for each in beside) == 1
    return missing[0] if alone else one.path[:-1]


def _sentence(
    one: _Refused,
    origin: Provenance,
    model: type[BaseModel],
    data: Any,
    refused: Mapping[KeyPath, _Refused],
) -> str:
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
            text = f"unknown key.{_known_keys(one, told, refused)}"
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
        case "int_type" | "float_type" | "bool_type" if isinstance(one.value, str):
            text = f"{_expected(one.details)}, but {_shown(one.value)} is text{_unquoted(one)}"
        case _:
            text = f"{_expected(one.details)}; got {_got(one)}"
            text += _as_mapping(one, told)
    return f"{text[:1].lower()}{text[1:].removesuffix('.')}."


def _way_out(told: str, name: str, known: Sequence[str], what: str) -> str:
    """Return what to write instead of a wrong name, if that is known, else the nearest; and all."""
    return f" {told}. {what}: {listed(known)}." if told else choices(name, known, what)


def _misread(one: _Refused, origin: Provenance) -> str:
    """Say what a text became on its way to a field for strings, and how to write it."""
    found = origin.origin(one.path)
    if one.kind == "literal_error" and (words := literals(one.holder, str(one.path[-1]))):
        got = found.override.partition("=")[2] if found.override else found.text
        return f"got {got or 'nothing'}. Write one of: {', '.join(words)}"
    if found.override:
        text = found.override.partition("=")[2]
        return f"got {text or 'nothing'}. Write: {quoted(dotted(one.path), text)}"
    if not found.plain:
        return f"got {_shown(one.value)}"
    how = f'it in quotes: "{found.text}"' if found.text else "one"
    return f"{reading(found.text, one.value)}. Write {how}"


def _known_keys(one: _Refused, told: str, refused: Mapping[KeyPath, _Refused]) -> str:
    """Return what to write instead of an unknown key, and all keys that may be written."""
    name, known = str(one.path[-1]), keys(one.holder)
    near = _meant(one, refused)[len(one.path) - 1 :]
    if near and not told and not closest(name, known):
        return f' Did you mean "{near[0]}"? Known keys here: {listed(known)}.'
    return _way_out(told, name, known, "Known keys here")


def _as_mapping(one: _Refused, told: str) -> str:
    """Return how a mapping is written where a text stands; items of lists have a type."""
    if one.kind not in _KIND_ONLY or not isinstance(one.value, str):
        return ""
    is_item = len(one.path) > 1 and isinstance(one.path[-1], int)
    told = told or ("Write {type: TYPE, ...}" if is_item else "")
    return f". {told}" if told else ""


def _unquoted(one: _Refused) -> str:
    """Return how a number or truth value is written that stands there as text; empty if none is."""
    word = one.value.lower()
    try:
        value = json.loads(
            {"yes": "true", "on": "true", "no": "false", "off": "false"}.get(word, word)
        )
    except ValueError:
        return ""
    fits = isinstance(value, bool) == (one.kind == "bool_type")
    scalar = isinstance(value, int | float) and fits
    return f". Write, without quotes: {json.dumps(value)}" if scalar else ""


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
    return _LENGTH.sub(r"must have \1", text)


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
