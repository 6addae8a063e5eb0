"""Check the columns that the options of a step name."""

import re
from collections.abc import Callable, Iterable, Mapping
from fnmatch import translate

import polars as pl

from ingest.core.errors import ConfigError
from ingest.core.names import no_such_column
from ingest.core.rows import HIDDEN_PREFIX, visible
from ingest.core.types import type_name


def need(
    schema: Mapping[str, pl.DataType], names: Iterable[str], option: str, where: str = "here"
) -> None:
    """Refuse columns that are not there; `where` says whose columns the schema has.

    Raises:
        ConfigError: one line for each of them.
    """
    known = visible(schema)
    lines = [
        f"{option}: {no_such_column(name, known, where)}" for name in names if name not in known
    ]
    if lines:
        raise ConfigError(*lines)


def need_kind(
    schema: Mapping[str, pl.DataType],
    names: Iterable[str],
    option: str,
    wanted: str,
    fits: Callable[[pl.DataType], bool],
) -> None:
    """Refuse columns that are not there, and those of a type that the step cannot use.

    Raises:
        ConfigError: one line for each of them.
    """
    names = list(names)
    need(schema, names, option)
    lines = [
        (
            f'{option}: the column "{name}" is {type_name(schema[name])}, but must be {wanted}. '
            "Cast it in an earlier step."
        )
        for name in names
        if not fits(schema[name])
    ]
    if lines:
        raise ConfigError(*lines)


def is_text(dtype: pl.DataType) -> bool:
    """Whether values of this type are text."""
    return isinstance(dtype, pl.String | pl.Categorical | pl.Enum)


def need_text(schema: Mapping[str, pl.DataType], names: Iterable[str], option: str) -> None:
    """Refuse columns that are not there or hold no text.

    Raises:
        ConfigError: one line for each of them.
    """
    need_kind(schema, names, option, "string", is_text)


def need_free(taken: Iterable[str], names: Iterable[str], option: str) -> None:
    """Refuse new columns whose names are taken, come twice or are kept for the framework.

    Raises:
        ConfigError: one line for each of them.
    """
    seen, lines = set(taken), []
    for name in names:
        if name in seen:
            lines.append(f'{option}: there is already a column "{name}". Choose another name.')
        if name.startswith(HIDDEN_PREFIX):
            lines.append(
                f'{option}: "{name}": names that begin with {HIDDEN_PREFIX} are reserved. Choose '
                "another name."
            )
        seen.add(name)
    if lines:
        raise ConfigError(*lines)


def matching(names: Iterable[str], pattern: str) -> list[str]:
    """Return the names that a pattern with `*`, `?` and `[abc]` means; capitals count."""
    compiled = re.compile(translate(pattern))
    return [name for name in names if name == pattern or compiled.match(name)]
