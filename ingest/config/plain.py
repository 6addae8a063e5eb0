"""From OmegaConf's tree to plain data: references resolved, holes and forbidden keys found."""

import re
from collections.abc import Iterator
from typing import Any

from omegaconf import DictConfig, ListConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from ingest.config import references
from ingest.config.places import KeyPath, Problem, dotted
from ingest.config.provenance import REFERENCE, Provenance
from ingest.core.dataclass import dataclass

_MISSING = "???"
_TARGET = "_target_"


@dataclass(frozen=True, slots=True)
class Plain:
    """The data, what is wrong with it, and the ways to keys of which nothing more is to be said.

    Those are references that were not resolved, and what `_target_` stands in place of.
    """

    raw: dict[str, Any]
    problems: tuple[Problem, ...]
    unknown: frozenset[KeyPath]


def plain(tree: DictConfig, origin: Provenance) -> Plain:
    """Resolve a composed tree. If a reference is wrong, all of them are left as written."""
    written: Any = OmegaConf.to_container(tree, resolve=False)
    found = list(_walk(written, ()))
    wrong = {path: text for path, value in found if (text := _wrong(path, value))}
    references_to = {path: value for path, value in found if _refers(value)}
    if not wrong.keys() & references_to.keys():
        for path, text in references_to.items():
            if mistake := _unresolved(tree, path, text):
                wrong[path] = mistake
    problems = tuple(origin.problem(path, text) for path, text in wrong.items())
    # who writes `_target_` takes it for `type`: that this is missing needs no line of its own
    untyped = frozenset((*path[:-1], "type") for path in wrong if path[-1:] == (_TARGET,))
    if wrong.keys() & references_to.keys():
        return Plain(_as_json(written), problems, untyped | references_to.keys())
    return Plain(_as_json(OmegaConf.to_container(tree, resolve=True)), problems, untyped)


def _walk(value: Any, path: KeyPath) -> Iterator[tuple[KeyPath, Any]]:
    yield path, value
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _walk(inner, (*path, str(key)))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _walk(inner, (*path, index))


def _refers(value: Any) -> bool:
    return isinstance(value, str) and "${" in value


def _wrong(path: KeyPath, value: Any) -> str | None:
    if path[-1:] == (_TARGET,):
        return (
            "not allowed: Hydra, which loads job files, would run the function that it names. "
            "Remove the key. To call a "
            "function of your own, use a step: {type: python, function: MODULE:FUNCTION}."
        )
    if value == _MISSING:
        key = dotted(path)
        return (
            f"??? means a value that is not given yet. Set {key} in the job file, or add to "
            f"the command: {key}=VALUE"
        )
    return references.mistake(value) if isinstance(value, str) else None


def _unresolved(tree: DictConfig, path: KeyPath, text: str) -> str | None:
    """Resolve one reference and say what is wrong with it; OmegaConf would stop at the first."""
    try:
        node: Any = tree
        for part in path:
            node = node[part if isinstance(node, ListConfig) else _own_key(node, part)]
    except OmegaConfBaseException as error:
        reason = str(error.msg).splitlines()[0]
        if reason.startswith("Recursive"):
            return f'"{text}" leads back to itself. Refer to another key.'
        absent = re.match("Interpolation key '(.*)' not found", reason)
        what = f'there is no key "{absent[1]}" to refer to' if absent else reason
        fix = f"Correct the name. {references.ESCAPE}" if absent else references.ESCAPE
        return f"{what[:1].lower()}{what[1:]}. {fix}."
    for name in REFERENCE.findall(text):
        # OmegaConf would write the mapping into the text, in Python's notation
        if text != f"${{{name}}}" and OmegaConf.is_config(OmegaConf.select(tree, name)):
            return (
                f'"{text}" inserts "{name}" into text, but that is a mapping or a list. Refer to a '
                "single value."
            )
    return None


def _own_key(node: DictConfig, text: str | int) -> Any:
    """Return the key that is written so; OmegaConf tells 2013 from "2013"."""
    return next(key for key in node if str(key) == text)


def _as_json(value: Any) -> Any:
    """Give mappings keys as JSON has them. Keys that are no strings are reported elsewhere."""
    if isinstance(value, dict):
        keys = {key: str(key) for key in value if type(key) in (str, int)}
        return {text: _as_json(value[key]) for key, text in keys.items()}
    return [_as_json(inner) for inner in value] if isinstance(value, list) else value
