"""The columns of a table or query: what each is read as, and which of its values are none."""

import re
from collections.abc import Iterator, Mapping

import polars as pl

from ingest.core.dataclass import dataclass
from ingest.storage.postgres.names import quoted

_SIMPLE: dict[str, pl.DataType] = {
    "smallint": pl.Int16(),
    "integer": pl.Int32(),
    "bigint": pl.Int64(),
    "real": pl.Float32(),
    "double precision": pl.Float64(),
    "boolean": pl.Boolean(),
    "text": pl.String(),
    "character varying": pl.String(),
    "bytea": pl.Binary(),
    "date": pl.Date(),
    "time without time zone": pl.Time(),
    "timestamp without time zone": pl.Datetime("us"),
    "timestamp with time zone": pl.Datetime("us", "UTC"),
}
_ENDLESS = frozenset({"date", "timestamp without time zone", "timestamp with time zone"})
_IN_ARRAYS = frozenset(_SIMPLE) - {"bytea", "time without time zone", *_ENDLESS}
_NUMERIC = re.compile(r"numeric\((\d+),(\d+)\)")
_VARCHAR = re.compile(r"character varying\(\d+\)")


@dataclass(frozen=True, slots=True)
class ReadColumn:
    """A column and what it is read as.

    `expression` is SQL over `q`, `text` says that its values come as texts of their type, `fault`
    is SQL that is true for values that the type cannot hold, and `reason` what they are.
    """

    name: str
    kind: str
    type: pl.DataType
    expression: str
    text: bool = False
    fault: str = ""
    reason: str = ""
    note: str = ""


def columns_of(kinds: Mapping[str, str]) -> Iterator[ReadColumn]:
    """Return how columns of these SQL types are read."""
    for name, kind in kinds.items():
        yield _column(name, kind)


def _column(name: str, kind: str) -> ReadColumn:
    plain = "text" if _VARCHAR.fullmatch(kind) else kind
    value = f"q.{quoted(name)}"
    note = f"{kind} in the database"
    if plain in _SIMPLE:
        endless = plain in _ENDLESS
        fault = f"NOT isfinite({value})" if endless else ""
        reason = "infinite" if endless else ""
        return ReadColumn(name, kind, _SIMPLE[plain], value, fault=fault, reason=reason, note=note)
    match = _NUMERIC.fullmatch(kind)
    if match and int(match[1]) <= 38 and int(match[2]) <= int(match[1]):
        decimal = pl.Decimal(int(match[1]), int(match[2]))
        fault = f"{value} IN ('NaN', 'Infinity', '-Infinity')"
        return ReadColumn(name, kind, decimal, f"{value}::text", True, fault, "not a number", note)
    inner = kind.removesuffix("[]")
    if inner != kind and inner in _IN_ARRAYS:
        fault, reason = f"array_ndims({value}) > 1", "an array of arrays"
        kept = pl.List(_SIMPLE[inner])
        return ReadColumn(name, kind, kept, value, fault=fault, reason=reason, note=note)
    return ReadColumn(name, kind, pl.String(), f"{value}::text", note=f"{note}, read as its text")
