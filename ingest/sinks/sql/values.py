"""Values that a database cannot hold although it has their type: refused, or written otherwise."""

from typing import Literal

import polars as pl

from ingest.core.errors import JobError

Nul = Literal["fail", "escape"]
_FIRST_DAY, _DAYS_AFTER = -2_440_588, 2_145_042_906
"""4713 BC and 5874898, in days since 1970: the first date, and the first that is none any more."""
_FIRST_US, _US_AFTER = -210_866_803_200_000_000, 9_224_318_016_000_000_000
"""4713 BC and 294277, in microseconds since 1970."""
_ESCAPED = "\\x00"


def fitted(frame: pl.DataFrame, nul: Nul, where: str) -> pl.DataFrame:
    """Return rows with the same values, in types that COPY writes; see `types.sql_type`.

    Raises:
        JobError: a date or a timestamp is outside the years that PostgreSQL knows.
    """
    changed = []
    for column in frame.get_columns():
        kind = column.dtype
        if isinstance(kind, pl.UInt64):
            changed.append(column.cast(pl.Decimal(20, 0)))
        elif isinstance(kind, pl.Date):
            _refuse_outside(column, _FIRST_DAY, _DAYS_AFTER, where)
        elif isinstance(kind, pl.Datetime):
            _refuse_outside(column, _FIRST_US, min(_US_AFTER, 2**63 - 1), where)
        elif nul == "escape" and isinstance(kind, pl.String):
            changed.append(column.str.replace_all("\0", _ESCAPED, literal=True))
        elif nul == "escape" and kind == pl.List(pl.String):
            inner = pl.element().str.replace_all("\0", _ESCAPED, literal=True)
            changed.append(column.list.eval(inner))
    return frame.with_columns(changed)


def with_nul(frame: pl.DataFrame) -> list[str]:
    """Return the columns that contain a NUL in a text."""
    names = []
    for column in frame.get_columns():
        texts = column.explode() if column.dtype == pl.List(pl.String) else column
        if texts.dtype == pl.String and texts.str.contains("\0", literal=True).any():
            names.append(column.name)
    return names


def _refuse_outside(column: pl.Series, first: int, after: int, where: str) -> None:
    physical = column.to_physical()
    least, greatest = physical.min(), physical.max()
    if least is not None and (int(least) < first or int(greatest) >= after):  # type: ignore[arg-type]
        raise JobError(
            f'{where}: column "{column.name}" contains dates outside the years that PostgreSQL '
            "knows (4713 BC to 294276). Remove or correct them in a step"
        )
