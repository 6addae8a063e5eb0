"""What is typed behind the command: `key=value`, in Hydra's grammar, made easier to get right.

Nobody needs to know whether a file sets a key already: a plain `a.b=1` becomes `++a.b=1`. Nor
whether a group has a default: `job=x`, `+job=x`, `cluster=y` and `+cluster=y` all work. A job may
be named by a bare word, see `job_word`.
"""

import json
import os
import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from hydra.errors import HydraException

from ingest.config import references
from ingest.config.folders import is_group, options
from ingest.config.job_word import FIRST, NO_SETTING, is_bare, job_word, no_such_job, second_word
from ingest.config.places import COMMAND_LINE, KeyPath, Problem, choices, closest, listed
from ingest.core.dataclass import dataclass

QUOTES = '""'
"""What an empty argument is shown as."""


@dataclass(frozen=True, slots=True)
class Given:
    """One override: as it was typed, and as Hydra's parser understands it."""

    typed: str
    parsed: Override
    group: bool

    @property
    def key(self) -> str:
        """The key without `+`, `++` or `~`, with the package of a group (`transform@lib.x`)."""
        return self.parsed.get_key_element().lstrip("+~")

    @property
    def path(self) -> KeyPath:
        """The way to the value that is set."""
        return tuple(self.parsed.key_or_group.split("."))

    @property
    def value(self) -> Any:
        """The value, as plain data."""
        return self.parsed.value()

    def rewritten(self, present: AbstractSet[str]) -> list[str]:
        """Return what Hydra is given; `present` are the groups in the defaults list without it.

        A group is chosen behind the job, whose own settings would go over it in its usual place: as
        a list of one file, because Hydra removes a single one together with the usual choice.
        """
        text = self.parsed.input_line or ""
        if text.startswith(("~", "++")) or (text.startswith("+") and not self.group):
            return [text]
        text = text.removeprefix("+")
        if not self.group:
            return [f"++{text}"]
        key, _, value = text.partition("=")
        if key == "job":
            return [text if key in present else f"+{text}"]
        one = value if isinstance(self.value, list) else f"[{value}]"
        return [*([f"~{key}"] if key in present else []), f"+{key}={one}"]


def parse(
    texts: Sequence[str], folders: Sequence[Path], command: str = "ingest run"
) -> tuple[list[Given], list[Problem]]:
    """Read the name and overrides of a job; those with a mistake are left out and described.

    `command` is what is told to be typed before the name of a job.
    """
    word = job_word(texts)
    given, problems = read_overrides(texts, folders, word)
    if not problems and not any(one.key == "job" for one in given):
        known = options(folders, "job")
        then = f"Name one: {command} {known[0]}" if known else FIRST
        text = f"no job is named. Known jobs: {listed(known)}. {then}"
        problems.append(Problem(COMMAND_LINE, text))
    return given, problems


def read_overrides(
    texts: Sequence[str], folders: Sequence[Path], word: str = ""
) -> tuple[list[Given], list[Problem]]:
    """Read overrides that need not name a job; those with a mistake are left out and described.

    `word` is the one among them that is the name of a job.
    """
    given: list[Given] = []
    problems: list[Problem] = []
    for text in texts:
        one = _named(text) if text and text == word else _given(text, folders)
        if one:
            wrong = list(_mistakes(one, folders))
        else:
            wrong = [
                second_word(text, texts, folders, word) if is_bare(text) else _unreadable(text)
            ]
        problems += [Problem(COMMAND_LINE, f"{text or QUOTES}: {what}") for what in wrong]
        given += [one] if one and not wrong else []
    groups = [one.key for one in given if one.group]
    problems += [
        Problem(COMMAND_LINE, f"{one.typed}: {one.key} is given twice. Keep one.")
        for one in given
        if groups.count(one.key) > 1
    ]
    return given, problems


def _named(word: str) -> Given:
    return Given(word, OverridesParser.create().parse_override(literal("+job", word)), group=True)


def _given(text: str, folders: Sequence[Path]) -> Given | None:
    try:
        parsed = OverridesParser.create().parse_override(indexes(text))
        name = parsed.key_or_group
        group = is_group(folders, name) and not isinstance(parsed.value(), dict)
        if group and not _names_files(parsed):
            # a file may be called nan, null, true or 1e5, which Hydra takes for values
            key, _, value = map(str.strip, text.partition("="))
            if name == "job" or value in options(folders, name):
                parsed = OverridesParser.create().parse_override(f'{key}="{value}"')
    except HydraException:
        return None
    return Given(text, parsed, group) if name else None


def _names_files(parsed: Override) -> bool:
    one_or_more = isinstance(parsed.value(), str | list)
    return one_or_more or parsed.is_delete() or parsed.is_sweep_override()


def indexes(text: str) -> str:
    """Turn `transforms[0].where=x`, as error texts have it, into Hydra's `transforms.0.where=x`."""
    key, equals, value = text.partition("=")
    return re.sub(r"\[(\d+)\]", r".\1", key) + equals + value


def written(settings: Mapping[str, object]) -> list[str]:
    """Return overrides that set keys to exactly these values: texts, numbers, truth values, lists.

    Raises:
        TypeError: a value is of another kind.
    """
    return [f"{key}={_written(value)}" for key, value in settings.items()]


def _written(value: object) -> str:
    match value:
        case None | bool():
            return json.dumps(value)
        case int() | float():
            return repr(value)
        case str() | os.PathLike():
            return literal("", os.fspath(value)).removeprefix("=")
        case list() | tuple():
            return f"[{','.join(map(_written, value))}]"
    raise TypeError(
        f"a setting must be text, a number, true or false, a path or a list of them, not {value!r}"
    )


def literal(key: str, value: str) -> str:
    """Return an override that sets a key to exactly this text."""
    # only backslashes before a quote, or at the end, are doubled in Hydra's grammar
    escaped = re.sub(r'(\\*)("|\Z)', lambda m: m[1] * 2 + ('\\"' if m[2] else ""), value)
    return f'{key}="{escaped}"'


def quoted(key: str, value: str) -> str:
    """Return an override that sets a key to exactly this text, ready to be typed into a shell."""
    return shlex.quote(literal(key, value))


def _unreadable(text: str) -> str:
    key, equals, value = text.partition("=")
    if not text.strip():
        return "an empty argument. Remove it"
    if not equals or not key:
        return NO_SETTING
    write = quoted(key, value)
    try:
        OverridesParser.create().parse_override(indexes(shlex.split(write)[0]))
    except HydraException:
        return f'"{key}" cannot be used as a key on the command line. Set it in the job\'s file'
    return f"this value needs quotes inside the shell's quotes. Write: {write}"


def _mistakes(given: Given, folders: Sequence[Path]) -> Iterator[str]:
    parsed, key = given.parsed, given.key
    root = re.split(r"[./@]", key)[0]
    if root == "hydra":
        yield (
            "this would set Hydra itself, which loads job files. Remove it. To take job files from "
            "another folder, write: --conf DIR"
        )
    elif parsed.is_sweep_override():
        value = given.typed.partition("=")[2]
        one = f"For a list, write {key}=[{value}]; for" if "(" not in value else "For"
        yield (
            "several values, separated by commas or made by a function such as range(), mean "
            f"several runs, and only `ingest run` takes them. {one} text: {quoted(key, value)}"
        )
    elif key == "job" and not parsed.is_delete() and not isinstance(given.value, str):
        yield "this command takes one job. Write: +job=NAME"
    elif given.group and not parsed.is_delete():
        yield from _no_such_option(given, folders)
    else:
        values = list(_within(given.value))
        keys = [key for value in values if isinstance(value, dict) for key in value]
        if any(type(name) not in (str, int) for name in keys):
            yield "a key must be a string. Write it in quotes."
        wrong = (references.mistake(value) for value in values if isinstance(value, str))
        yield from (text for text in wrong if text)


def _no_such_option(given: Given, folders: Sequence[Path]) -> Iterator[str]:
    group, value = given.parsed.key_or_group, given.value
    if value is None:
        yield f"null names no file in {group}/. To use none, write: ~{group}"
        return
    known = options(folders, group)
    for name in map(str, value if isinstance(value, list) else [value]):
        if name in known:
            continue
        if group == "job":
            yield no_such_job(name, known)
            continue
        found = choices(name, known, f"Known names in {group}/")
        then = f"Create conf/{group}/{name}.yaml, or remove this setting"
        if known:
            then = f"Write: {group}={(*closest(name, known), 'NAME')[0]}"
        yield f'there is no {group} "{name}".{found} {then}'


def _within(value: Any) -> Iterator[Any]:
    """List a value and all that it holds, however deep."""
    yield value
    if isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _within(inner)
