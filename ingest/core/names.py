"""Names of columns: which was probably meant, and which cannot be used."""

import difflib
import json
from collections.abc import Iterable

from ingest.core.errors import ConfigError

_SHOWN = 40
_LONGEST = 120


def hint(name: str, known: Iterable[str]) -> str:
    """Return `Did you mean "..."? ` for the nearest known name, or nothing if none is near."""
    names = {other.lower(): other for other in known}
    near = difflib.get_close_matches(name.lower(), names, n=1, cutoff=0.6)
    return f'Did you mean "{names[near[0]]}"? ' if near else ""


def plain(name: str) -> str:
    """Return a name as it is compared across tools: its last part, without capitals and `_`."""
    return name.rpartition(".")[2].replace("_", "").lower()


def is_pattern(name: str) -> bool:
    """Whether Polars would take the name for a pattern, and so for other columns."""
    return name == "*" or (name.startswith("^") and name.endswith("$"))


def is_unicode(text: str) -> bool:
    r"""Whether a text can be written anywhere: half a pair of surrogates (`\ud800`) cannot."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def shown(name: str) -> str:
    """Return a name in quotes, with what cannot be printed as in JSON, and not without end."""
    text = f'"{name}"' if name.isprintable() else json.dumps(name)
    return text if len(text) <= _LONGEST else f'{text[:_LONGEST]}…"'


def fault_of(name: str) -> str:
    """Say why nothing could use a column of that name; empty if it can be used."""
    if not name:
        return "is empty, so nothing can refer to it"
    if "\0" in name or not is_unicode(name):
        return "is not valid text: it contains a NUL character or half a surrogate pair"
    return "is a pattern, which would also match other columns" if is_pattern(name) else ""


def no_such_column(name: str, columns: Iterable[str], where: str = "here") -> ConfigError:
    """Make the error for a column that is not there: the nearest name, and all that there are."""
    names = [column for column in columns if not column.startswith("__ingest_")]
    more = f", and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ConfigError(
        f'no such column "{name}". {hint(name, names)}'
        f"Columns {where}: {', '.join(names[:_SHOWN]) or 'none'}{more}."
    )
