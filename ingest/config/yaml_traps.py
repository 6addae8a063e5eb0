"""What YAML 1.1 reads differently from how it looks, found before anything is composed.

Two kinds of traps: those that are never meant, wherever they stand (`check`), and texts that
become a number, a truth value or nothing where a string is expected (`reading`).
"""

import re
from collections.abc import Iterator
from typing import Any

import yaml

from ingest.config.files import ConfFile, Entry
from ingest.config.places import KeyPath, Problem, dotted

_SEXAGESIMAL = re.compile(r"[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?")
_OCTAL = re.compile(r"[-+]?0[0-7_]+")
_EXPONENT = re.compile(r"[-+]?[0-9]+(?:_[0-9]+)*[eE][-+]?[0-9]+")
_WHOLE = re.compile(r"-?(0|[1-9][0-9]*)")
_STANDARD = "tag:yaml.org,2002:"
_DATA = {"null", "bool", "int", "float", "str", "timestamp", "seq", "map"}
_KINDS = {
    "bool": "true or false",
    "null": "no value",
    "int": "a number",
    "float": "a number",
}


def check(file: ConfFile, package: KeyPath) -> Iterator[Problem]:
    """Find the traps in a file whose keys go below `package`."""
    for entry in file.entries:
        for text in (*_key(entry), *_value(entry)):
            path = (*package, *entry.path)
            yield Problem(file.place(entry.line), f"{dotted(path)}: {text}", path)


def unloadable(entry: Entry) -> Iterator[str]:
    """Find what YAML can parse but not turn into plain data."""
    node = entry.node
    kind = node.tag.removeprefix(_STANDARD)
    if kind in ("value", "merge"):
        yield f'YAML treats {node.value} as special syntax. Write it in quotes: "{node.value}".'
    elif kind not in _DATA:
        yield (
            f"{node.tag} is a YAML tag, and tags are not allowed in a job. If it is text, write "
            "the value in quotes."
        )
    if entry.key and not isinstance(entry.key, yaml.ScalarNode):
        yield "a key must be a string, not a list or a mapping. Write it in quotes."
    elif entry.key and entry.key.tag == f"{_STANDARD}null":
        yield from _key(entry)
    if isinstance(node, yaml.MappingNode):
        yield from _duplicates(node)


def reading(text: str, value: Any) -> str:
    """Say what YAML made of a text that stood without quotes."""
    if value is None:
        return f"YAML reads {text} as no value" if text else "there is no value after the colon"
    if isinstance(value, bool):
        return f"YAML reads {text} as {str(value).lower()}"
    return f"YAML reads {text} as {'a number' if text == str(value) else f'the number {value}'}"


def _key(entry: Entry) -> Iterator[str]:
    key = entry.key
    if not isinstance(key, yaml.ScalarNode):
        return
    kind = key.tag.removeprefix(_STANDARD)
    if kind == "str" and not key.style and _EXPONENT.fullmatch(key.value):
        kind = "float"
    # a whole number is the same text again, unless it is written in one of YAML's odd ways
    if kind in _KINDS and not (kind == "int" and _WHOLE.fullmatch(key.value)):
        yield (
            f'YAML reads the key "{key.value}" as {_KINDS[kind]}. '
            f'Write it in quotes: "{key.value}".'
        )


def _value(entry: Entry) -> Iterator[str]:
    node = entry.node
    if not isinstance(node, yaml.ScalarNode) or node.style:
        return
    if _SEXAGESIMAL.fullmatch(node.value):
        what = "a number in base 60"
    elif _OCTAL.fullmatch(node.value):
        what = "a number in base 8"
    else:
        return
    value = yaml.safe_load(node.value)
    yield (
        f'YAML reads {node.value} as {what}: {value}. Write "{node.value}" in quotes for the text, '
        f"or {value} for the number."
    )


def _duplicates(node: yaml.MappingNode) -> Iterator[str]:
    lines: dict[str, list[int]] = {}
    for key, _ in node.value:
        lines.setdefault(str(key.value), []).append(key.start_mark.line + 1)
    for name, found in lines.items():
        if len(found) > 1:
            places = list(dict.fromkeys(found))
            where = f"{'line' if len(places) == 1 else 'lines'} {' and '.join(map(str, places))}"
            yield f'the key "{name}" is set more than once ({where}). Keep one.'
