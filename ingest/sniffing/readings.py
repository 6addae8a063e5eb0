"""What numbers are in each of several notations, told once for all that are alike.

Whether a notation fits a number depends on its signs, on how many digits stand between them, and on
whether the first is a zero; never on the other digits. A wide table has many columns, but few such
shapes, so that each is read once for all columns and not once more for each of them.
"""

import re
from collections.abc import Collection, Sequence

import polars as pl

from ingest.core.values.numerals import Numerals

Reading = tuple[str | None, ...]
"""A number made plain in each notation; None where that does not fit."""

_DIGITS = str.maketrans("012345678", "999999999")
_FIRST_IS_ZERO = re.compile("[^0-9]*0")


class Readings:
    """The numbers of all columns with the same signs around them, in the same notations."""

    def __init__(self, notations: Sequence[Numerals]) -> None:
        self._notations = tuple(notations)
        self._known: dict[str | int, Reading] = {}

    def of(self, texts: Collection[str]) -> list[Reading]:
        """Return how an example of each shape among texts reads in each notation."""
        examples = {_shape(text): text for text in texts}
        new = {shape: text for shape, text in examples.items() if shape not in self._known}
        if new:
            column = pl.Series(list(new.values()), dtype=pl.String)
            plain = (notation.plain(column).to_list() for notation in self._notations)
            self._known.update(zip(new, zip(*plain, strict=True), strict=True))
        return [self._known[shape] for shape in examples]


def _shape(text: str) -> str | int:
    """Return what texts have in common that differ only in digits, and begin with zero or not.

    Of digits alone, which are most, their number tells.
    """
    if text.isdecimal():
        return -len(text) if text[0] == "0" else len(text)
    nines = text.translate(_DIGITS)
    return f"0{nines}" if _FIRST_IS_ZERO.match(text) else nines
