"""What a table's log says of a file: how many rows, how many nulls, and the least and the greatest.

Engines leave out files by these, so that only what is exact is said: of integers, dates that have a
text, and short texts. The rest is left out, which costs nothing but speed.
"""

import json
from typing import Any

import polars as pl

from ingest.formats.base import Encoder

_LONGEST_BYTES = 64
_FIRST_DAY, _LAST_DAY = -719_162, 2_932_896
"""The years 1 to 9999, in days since 1970."""


class CountedEncoder:
    """Passes rows on to an encoder and keeps the statistics of what it has written."""

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder
        self._rows = 0
        self._nulls: dict[str, int] = {}
        self._ends: dict[str, tuple[Any, Any] | None] = {}

    def write(self, rows: pl.DataFrame) -> None:
        """Add rows."""
        self._encoder.write(rows)
        self._rows += rows.height
        for column in rows.get_columns():
            if not column.dtype.is_nested():
                name = column.name
                self._nulls[name] = self._nulls.get(name, 0) + column.null_count()
                if column.null_count() < rows.height:
                    self._widen(name, _ends(column))

    def close(self) -> None:
        """End the file."""
        self._encoder.close()

    @property
    def text(self) -> str:
        """The statistics as the log has them: a text of JSON."""
        ends = {name: each for name, each in self._ends.items() if each is not None}
        return json.dumps(
            {
                "numRecords": self._rows,
                "minValues": {name: least for name, (least, _) in ends.items()},
                "maxValues": {name: greatest for name, (_, greatest) in ends.items()},
                "nullCount": self._nulls,
            }
        )

    def _widen(self, name: str, ends: tuple[Any, Any] | None) -> None:
        """Add the ends of a chunk; once they are unknown, they stay so."""
        if name in self._ends:
            before = self._ends[name]
            ends = before and ends and _both(before, ends)
        self._ends[name] = ends


def _both(one: tuple[Any, Any], other: tuple[Any, Any]) -> tuple[Any, Any]:
    def order(value: Any) -> Any:
        return value.encode() if isinstance(value, str) else value

    return min(one[0], other[0], key=order), max(one[1], other[1], key=order)


def _ends(column: pl.Series) -> tuple[Any, Any] | None:
    """Return the least and the greatest value; None if they cannot be said exactly."""
    if column.dtype.is_integer():
        return column.min(), column.max()
    if isinstance(column.dtype, pl.Date):
        days = column.to_physical().drop_nulls()
        if days.is_between(_FIRST_DAY, _LAST_DAY).all():
            return str(column.min()), str(column.max())
    if isinstance(column.dtype, pl.String):
        least, greatest = str(column.min()), str(column.max())
        if max(len(least.encode()), len(greatest.encode())) <= _LONGEST_BYTES:
            return least, greatest
    return None
