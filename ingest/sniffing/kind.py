"""What a column of texts is: its type, and how that is written."""

from collections.abc import Collection
from typing import Any

import polars as pl

from ingest.core.dataclass import dataclass
from ingest.core.types import parse_type
from ingest.core.values.texts import Form, failed, parse_texts
from ingest.sniffing.notation import NO_SIGNS, PLAIN, Notation, Signs

ALWAYS_NULL = ("NULL", "null", "\\N", "#N/A", "<null>", "(null)")
"""Tokens that are read as null wherever they stand."""
NULL_WORDS = ("NULL", "null")
"""Those of them that could be a name."""
NULL_BESIDE_VALUES = (
    "NA", "N/A", "n/a", "na", "None", "none", "nil", "NaN", "nan", "-", "--", "---", ".", "?",
    "missing", "Null",
)  # fmt: skip
"""Tokens that are read as null only because the rest of a column is no text: NA is a country."""
NULLS = frozenset({"", *ALWAYS_NULL, *NULL_BESIDE_VALUES})


@dataclass(frozen=True, slots=True)
class Kind:
    """A type by its name, and how its texts are written if that is not the source's default.

    `format` is that of dates and times; `notation` and `signs` are those of numbers. `note` says to
    a person why a better guess was not dared.
    """

    type: str
    format: str | None = None
    notation: Notation = PLAIN
    signs: Signs = NO_SIGNS
    note: str = ""

    @property
    def form(self) -> Form | None:
        """How to read its texts."""
        if self.format is not None:
            return self.format
        numerals = self.notation.numerals(self.signs)
        return None if numerals.is_plain else numerals

    def options(self, usual: Notation = PLAIN) -> dict[str, Any]:
        """Return what a source or a cast has to be told to read its texts; nothing if nothing.

        `usual` is the notation that the source is told for all its columns.
        """
        told: dict[str, Any] = {} if self.format is None else {"format": self.format}
        if parse_type(self.type).is_numeric():
            told = self.signs.options
            if self.notation != usual:
                told |= self.notation.options
        return {"type": self.type, **told} if told else {}

    def holds(self, texts: Collection[str]) -> bool:
        """Try it on the very rules of the sources."""
        return not failed(pl.Series(list(texts), dtype=pl.String), self.values(texts)).any()

    def values(self, texts: Collection[str]) -> pl.Series:
        """Return what texts stand for; null where one is not of this kind."""
        return parse_texts(
            pl.Series(list(texts), dtype=pl.String), parse_type(self.type), self.form
        )


TEXT = Kind("string")
CODE = Kind("string", note="digits with leading zeros, so probably not a number: kept as text")
