"""Which SQL type a column of rows becomes, so that every value comes back as it was; or none."""

import re
from collections.abc import Iterator, Mapping

import polars as pl

from ingest.core.types import instance, type_name

_SIMPLE: dict[type[pl.DataType], str] = {
    pl.Int8: "smallint",
    pl.Int16: "smallint",
    pl.Int32: "integer",
    pl.Int64: "bigint",
    pl.UInt8: "smallint",
    pl.UInt16: "integer",
    pl.UInt32: "bigint",
    pl.UInt64: "numeric(20,0)",
    pl.Float32: "real",
    pl.Float64: "double precision",
    pl.Boolean: "boolean",
    pl.String: "text",
    pl.Binary: "bytea",
    pl.Date: "date",
}
_IN_LISTS = (
    pl.Int16, pl.Int32, pl.Int64, pl.Float32, pl.Float64, pl.Boolean, pl.String, pl.Date,
    pl.Datetime, pl.Decimal,
)  # fmt: skip
_LEAVE_OUT = "Cast it to string, or leave it out with a select step"
_INTEGERS = {"smallint": 5, "integer": 10, "bigint": 19}
"""The digits of their greatest value, in the order in which one holds the others."""
_NUMERIC = re.compile(r"numeric\((\d+),(\d+)\)")


def sql_type(kind: pl.DataType) -> str:
    """Return the SQL type that holds all values of a type exactly; empty if there is none."""
    if isinstance(kind, pl.Decimal):
        return f"numeric({kind.precision},{kind.scale})"
    if isinstance(kind, pl.Datetime):
        zones = {None: "timestamp without time zone", "UTC": "timestamp with time zone"}
        return zones.get(kind.time_zone, "") if kind.time_unit == "us" else ""
    if isinstance(kind, pl.List):
        inner = instance(kind.inner)
        return f"{sql_type(inner)}[]" if isinstance(inner, _IN_LISTS) and sql_type(inner) else ""
    return _SIMPLE.get(type(kind), "")


def unfit(schema: Mapping[str, pl.DataType]) -> Iterator[str]:
    """Say which columns have no SQL type, and what to do about each."""
    for name, kind in schema.items():
        if not sql_type(kind):
            yield (
                f'column "{name}" is {type_name(kind)}, which PostgreSQL tables cannot store '
                f"exactly. {_instead(kind)}"
            )


def holds(there: str, here: str) -> bool:
    """Say whether a column of a table holds all values of the SQL type that rows have."""
    if there == here:
        return True
    if here in _INTEGERS:
        if there in _INTEGERS:
            return _INTEGERS[there] >= _INTEGERS[here]
        return there == "numeric" or _digits(there)[0] >= _INTEGERS[here]
    if here.startswith("numeric") and not here.endswith("[]"):
        wide, fraction = _digits(there)
        whole, part = _digits(here)
        return there == "numeric" or (wide >= whole and fraction >= part)
    return (here, there) in {("real", "double precision"), ("text", "character varying")}


def _digits(kind: str) -> tuple[int, int]:
    """Return how many digits a numeric has before and after the point; -1 if it is none."""
    match = _NUMERIC.fullmatch(kind)
    return (int(match[1]) - int(match[2]), int(match[2])) if match else (-1, -1)


def _instead(kind: pl.DataType) -> str:
    if isinstance(kind, pl.Datetime):
        return f"Cast it to timestamp(us{', UTC' if kind.time_zone else ''})"
    if isinstance(kind, pl.Struct):
        return "Take it apart with a flatten step"
    if isinstance(kind, pl.Array) and sql_type(pl.List(kind.inner)):
        return f"Cast it to list<{type_name(instance(kind.inner))}>"
    return _LEAVE_OUT
