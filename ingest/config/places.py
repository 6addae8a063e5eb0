"""Where something was written, and a mistake with its place."""

import difflib
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from ingest.core.credentials import masked
from ingest.core.dataclass import dataclass
from ingest.core.errors import ConfigError

KeyPath = tuple[str | int, ...]
"""The way to a value: keys of mappings and positions in lists, from the top of the job."""

MOST_LISTED = 30  # a folder of jobs may hold hundreds

_PLAIN_KEY = re.compile(r"[\w-]+")


@dataclass(frozen=True, slots=True)
class Place:
    """A file and a line in it, from 1; line 0 stands for no line in particular."""

    file: str
    line: int = 0

    def __str__(self) -> str:
        return f"{self.file}:{self.line}" if self.line else self.file


COMMAND_LINE = Place("command line")


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake: where it is, and a sentence about it. `path` is what it is about, if known."""

    place: Place
    text: str
    path: KeyPath | None = None

    def __str__(self) -> str:
        return masked(f"{self.place}: {self.text}")


def refuse(problems: Iterable[Problem]) -> None:
    """Raise them all at once, sorted by place, if there are any.

    Raises:
        ConfigError: with one line per problem.
    """
    lines = list(dict.fromkeys(str(problem) for problem in sorted(problems, key=_order)))
    if lines:
        raise ConfigError(*lines)


def _order(problem: Problem) -> tuple[str, int]:
    return problem.place.file, problem.place.line


def dotted(path: KeyPath) -> str:
    """Return the path as people write it: `transforms[0].where`."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        elif _PLAIN_KEY.fullmatch(part):
            text += f".{part}"
        else:
            text += f'["{part}"]'
    return text.removeprefix(".")


def shown(path: Path) -> str:
    """Return the path relative to the working directory if it lies below it, else absolute."""
    absolute, here = path.absolute(), Path.cwd()
    return str(absolute.relative_to(here) if absolute.is_relative_to(here) else absolute)


def closest(name: str, known: Iterable[str]) -> list[str]:
    """Return the one known name that is most like this one, or none."""
    return difflib.get_close_matches(name, list(known), 1, 0.6)


def choices(name: str, known: Sequence[str], what: str) -> str:
    """Return what may stand in the place of a wrong name: the nearest, then the closed set."""
    near = "".join(f' Did you mean "{one}"?' for one in closest(name, known))
    return f"{near} {what}: {listed(known)}."


def listed(names: Sequence[str]) -> str:
    """Return the names, separated by commas; of very many the first."""
    more = f" and {len(names) - MOST_LISTED} more" if len(names) > MOST_LISTED else ""
    return (", ".join(names[:MOST_LISTED]) or "none") + more
