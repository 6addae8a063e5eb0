"""Reading one file of configuration: its text as YAML nodes, which know their lines."""

import re
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import yaml

from ingest.config import parsing
from ingest.config.places import KeyPath, Place, Problem, shown
from ingest.core.dataclass import dataclass

HEADER = "# @package _global_"
GLOBAL_GROUPS = ("job/", "local/")  # their keys stand at the top, not below the group's name
MOST_ENTRIES = 100_000  # aliases of aliases unfold to any size; a job file has about 60 lines

_GLOBAL = re.compile(r"#\s*@package\s+_global_")
_MERGE = "tag:yaml.org,2002:merge"
_SYNTAX = {
    "mapping values are not allowed": 'a second ": " in this line. Put the value in quotes',
    "scanning an alias": "a value that begins with *. Put it in quotes",
    "scanning an anchor": "a value that begins with &. Put it in quotes",
    "cannot start any token": "a value that begins with {character}. Put it in quotes",
    "expected <block end>": (
        "text behind a closing quote or bracket, or indentation that fits no line above. Put the "
        "whole value in quotes, or fix the indentation"
    ),
    "unexpected end of stream": "a quote that is opened but not closed. Close it",
    "parsing a flow sequence": '"[" without its "]", or a missing comma. Close the list',
    "parsing a flow mapping": '"{{" without its "}}", or a missing comma. Close the mapping',
    "expected a single document": (
        'a second document, which "---" begins. A file holds one: remove the line'
    ),
    "could not find expected ':'": 'a line without a colon. Write "key: value"',
    "unknown escape character": (
        "a backslash in double quotes, which begins an escape such as \\n. Use single quotes"
    ),
    "found undefined alias": "a value that begins with *. Put it in quotes",
    "found duplicate anchor": "a name behind & that is used twice. Change one of them",
}
"""What the texts of PyYAML mean, by a part of each, and what to do about it."""
_CHARACTER = re.compile(r"found character (['\"].+['\"]) that")
_UNKNOWN = "this line cannot be read. Check its quotes, brackets and indentation"
_INDENTED = ("<block mapping start>", "<block sequence start>", "'-'")
"""What PyYAML finds at a line whose indentation fits neither the block it is in nor one above."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A value in a file: the way to it, the line where its key stands, and its node."""

    path: KeyPath
    line: int
    node: yaml.Node
    key: yaml.Node | None = None


@dataclass(frozen=True, slots=True)
class ConfFile:
    """A file of configuration. `name` is its place in the groups (`job/flights`).

    `where` is its path as it is shown. `entries` lists all its values in order, a mapping before
    what it holds, the whole file first. With `problems` of its own it cannot be composed at all.
    """

    name: str
    path: Path
    where: str
    entries: tuple[Entry, ...] = ()
    problems: tuple[Problem, ...] = ()

    def place(self, line: int) -> Place:
        """Return the place of a line, from 1."""
        return Place(self.where, line)


def read(name: str, path: Path) -> ConfFile:
    """Read a file. What is wrong with it as a whole is in `problems`; nothing is raised."""
    content = b""
    entries: tuple[Entry, ...] = ()
    try:
        content = path.read_bytes()
        entries = _parse(content.decode("utf-8"))
        wrong = _unfit(name, entries, content.decode("utf-8"))
    except OSError as error:
        wrong = 0, f"the file cannot be read: {error.strerror}. Fix its permissions"
    except UnicodeDecodeError as error:
        wrong = content.count(b"\n", 0, error.start) + 1, "not UTF-8. Save the file as UTF-8"
    except yaml.MarkedYAMLError as error:
        wrong = _syntax(error, content.decode("utf-8"))
    except yaml.reader.ReaderError as error:
        line = content.decode("utf-8").count("\n", 0, error.position) + 1
        wrong = line, f"a character that YAML does not allow: U+{error.character:04X}. Remove it"
    except (RecursionError, OverflowError):
        wrong = (
            1,
            (
                "values are nested too deeply, or aliases (*name) contain themselves or unfold to "
                "too many values. Write the values out, without aliases"
            ),
        )
    where = shown(path)
    if wrong is None:
        return ConfFile(name, path, where, entries)
    problem = Problem(Place(where, wrong[0]), f"{wrong[1]}.")
    return ConfFile(name, path, where, problems=(problem,))


def _unfit(name: str, entries: tuple[Entry, ...], text: str) -> tuple[int, str] | None:
    """Return line and reason if a file that can be parsed cannot be a part of a job."""
    if not entries:
        needs = "a job needs name, owner, description, source and sink"
        return 1, f"the file is empty. Write its keys: {needs}"
    if not isinstance(entries[0].node, yaml.MappingNode):
        return entries[0].line, 'the file has no keys. Write lines of "key: value"'
    return _header(text) if name.startswith(GLOBAL_GROUPS) else None


def _parse(text: str) -> tuple[Entry, ...]:
    root = parsing.nodes(text)
    if root is None:
        return ()
    entries = tuple(islice(walk(root), MOST_ENTRIES))
    if len(entries) == MOST_ENTRIES:
        raise OverflowError
    return entries


def walk(node: yaml.Node, path: KeyPath = (), key: yaml.Node | None = None) -> Iterator[Entry]:
    """List a node and all below it; what a merge key (`<<`) brings comes before a node's own."""
    yield Entry(path, (key or node).start_mark.line + 1, node, key)
    yield from _below(node, path)


def _below(node: yaml.Node, path: KeyPath) -> Iterator[Entry]:
    if isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            yield from walk(item, (*path, index))
    elif isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.tag == _MERGE:
                for source in value.value if isinstance(value, yaml.SequenceNode) else [value]:
                    yield from _below(source, path)
        for key, value in node.value:
            if key.tag != _MERGE:
                name = str(key.value) if isinstance(key, yaml.ScalarNode) else "?"
                yield from walk(value, (*path, name), key)


def _syntax(error: yaml.MarkedYAMLError, content: str) -> tuple[int, str]:
    mark = error.problem_mark
    line = mark.line + 1 if mark else 1
    text = f"{error.context or ''} {error.problem or ''}".strip()
    if "'\\t'" in text:
        return line, "a tab: YAML allows only spaces for indentation. Replace the tab with spaces"
    misplaced = "expected <block end>" in text and any(mark in text for mark in _INDENTED)
    if misplaced or ("mapping values are" in text and _is_too_deep(content, line)):
        return line, (
            "not YAML: this line is indented differently from the lines above it. Indent it as "
            "they are"
        )
    character = _CHARACTER.search(text)
    said = next((said for part, said in _SYNTAX.items() if part in text), _UNKNOWN)
    return line, f"not YAML: {said.format(character=character[1] if character else '')}"


def _is_too_deep(text: str, line: int) -> bool:
    """Whether a line is indented below one that has a value of its own, so that it has no parent.

    YAML takes it for the rest of that value, and stumbles over its colon.
    """
    above = [each for each in text.split("\n")[: line - 1] if each.strip()][-1:]
    here = text.split("\n")[line - 1]
    depths = [len(each) - len(each.lstrip(" -")) for each in (*above, here)]
    return len(depths) > 1 and depths[1] > depths[0] and not above[0].rstrip().endswith(":")


def _header(text: str) -> tuple[int, str] | None:
    """Say what is wrong with the package header; without it the keys would nest under `job`."""
    lines = [line.strip() for line in text.removeprefix("\ufeff").splitlines()]
    first = next(number for number, line in enumerate(lines, 1) if line)
    if not _GLOBAL.fullmatch(lines[first - 1]):
        for number, line in enumerate(lines, 1):
            if re.match(r"#\s*@package\b", line):
                what = (
                    "this line must be the first of the file. Move it up"
                    if number > first
                    else f'not what Hydra, which loads job files, needs. Write "{HEADER}" instead'
                )
                return number, f'"{line}": {what}'
        return 1, (
            f'the first line is not "{HEADER}". Hydra, which loads job files, needs it. Add it '
            "above this line"
        )
    if text.startswith("\ufeff"):
        return (
            1,
            "the file begins with a byte order mark (BOM). Save it as UTF-8 without BOM",
        )
    number, line = next((at, line) for at, line in enumerate(lines[first:], first + 1) if line)
    if re.match(r"#\s*@", line):  # Hydra reads on, and the last header wins
        return number, (
            f'"{line}": Hydra, which loads job files, takes a comment that begins with # @ for a '
            "header. Begin it with other text"
        )
    return None
