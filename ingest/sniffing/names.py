"""Column names that can be worked with, made from what a header says."""

from collections.abc import Sequence

from ingest.core.rows import HIDDEN_PREFIX
from ingest.sources.csv_header import column_names


def clean_names(fields: Sequence[str]) -> list[str]:
    """Return a name for each field of a header; a sound header comes back as it is.

    Spaces at the ends go and others become one space each; a field without a name is called for
    its place, `column_3`, as the source does; of equal names the later ones are numbered,
    `price_2`.
    """
    names: list[str] = []
    for place, field in enumerate(fields, 1):
        name = " ".join("".join(c if c.isprintable() else " " for c in field).split())
        name = name.removeprefix(HIDDEN_PREFIX) or f"column_{place}"
        number, plain = 2, name
        while name in names or (number > 2 and name in fields):
            name, number = f"{plain}_{number}", number + 1
        names.append(name)
    return names


def is_sound(fields: Sequence[str], names: Sequence[str]) -> bool:
    """Say whether the source gives a header's fields these names by itself."""
    return column_names(fields) == list(names)
