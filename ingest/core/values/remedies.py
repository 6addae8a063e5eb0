"""What to write where values of one type never mean anything in another by themselves."""

import re
from typing import Final

import polars as pl

from ingest.core.types import type_name

_PLAIN: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def remedy(name: str, source: pl.DataType, target: pl.DataType) -> str:
    """Return the step that makes such values of a column (`x` where it has no plain name)."""
    if source.is_nested() and target.is_nested():
        return "Unpack it first (type: explode, type: flatten), then cast the parts"
    column = name if _PLAIN.fullmatch(name) else "x"
    if source.is_integer() and isinstance(target, pl.Datetime):
        to = f'{{type: "{type_name(target)}", format: epoch_s}}'
        return (
            "Set what the number counts (epoch_s, epoch_ms, epoch_us) in a step: {type: cast, "
            f"columns: {{{column}: {to}}}}}"
        )
    written = expression(column, source, target)
    if written is None:
        return "No value of one type is a value of the other. Keep the column's own type"
    return f'Convert it in a step: {{type: derive, columns: {{{column}: "{written}"}}}}'


def expression(column: str, source: pl.DataType, target: pl.DataType) -> str | None:  # noqa: PLR0911 - one return for each kind
    """Return a SQL expression that gives values of the target; None if there is none.

    Seconds since 1970 where a number meets a date or timestamp, UTC where a zone is missing.
    """
    if source.is_numeric() and not target.is_nested():
        moment = f"to_timestamp({column})"
        if isinstance(target, pl.Datetime):
            return _cast(moment if target.time_zone else f"{moment} AT TIME ZONE 'UTC'", target)
        return _cast(f"{moment} AT TIME ZONE 'UTC'", target) if target == pl.Date() else None
    if isinstance(source, pl.Date | pl.Datetime):
        if target.is_numeric():
            return _cast(f"epoch({column})", target)
        if isinstance(target, pl.Datetime):
            plain = f"CAST({column} AS timestamp)" if source == pl.Date() else column
            return _cast(f"{plain} AT TIME ZONE 'UTC'", target)
        return f"CAST({column} AS time)" if target == pl.Time() and source != pl.Date() else None
    if isinstance(source, pl.List) and not source.inner.is_nested() and target == pl.String():
        return f"list_join({column}, ',')"
    if isinstance(source, pl.Struct) and target == pl.String():
        return f"to_json({column})"
    if isinstance(source, pl.String) and target == pl.List(pl.String()):
        return f"string_split({column}, ',')"
    if isinstance(source, pl.Binary) and not target.is_nested():
        return f"CAST(CAST({column} AS string) AS {type_name(target)})"
    return None


def _cast(written: str, target: pl.DataType) -> str:
    return f"CAST({written} AS {type_name(target)})"
