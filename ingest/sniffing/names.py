"""Column names that can be worked with, made from what a header says."""

from collections.abc import Iterable, Sequence

from ingest.core.names import is_pattern
from ingest.core.rows import HIDDEN_PREFIX
from ingest.sources.delimited.header import column_names

LONGEST_NAME = 200
"""What is cut off behind this many characters is no name but a text in the wrong place."""


def clean_names(fields: Sequence[str]) -> list[str]:
    """Return a name for each field of a header; a sound header comes back as it is.

    Spaces at the ends go and others become one space each; a field without a name is called for
    its place, `column_3`, as the source does; of equal names the later ones are numbered,
    `price_2`. What Polars would take for a pattern loses its first sign.
    """
    names: dict[str, None] = {}
    given = set(fields)
    for place, field in enumerate(fields, 1):
        name = " ".join("".join(c if c.isprintable() else " " for c in field).split())
        name = name.removeprefix(HIDDEN_PREFIX)[:LONGEST_NAME].strip()
        name = (name[1:] if is_pattern(name) else name) or f"column_{place}"
        number, plain = 2, name
        while name in names or (number > 2 and name in given):
            name, number = f"{plain}_{number}", number + 1
        names[name] = None
    return list(names)


def is_sound(fields: Sequence[str], names: Sequence[str]) -> bool:
    """Say whether the source gives a header's fields these names by itself."""
    return column_names(fields) == list(names)


def listed(names: Iterable[str], most: int = 8) -> str:
    """Return names as a list for people, with how many more there are."""
    names = list(names)
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(f'"{name}"' for name in names[:most]) + more
