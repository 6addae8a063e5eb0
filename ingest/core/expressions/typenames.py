"""The names of types in CAST: those of `core.types`, and those of SQL that differ.

`int8` has 8 bits, as everywhere in a job file; PostgreSQL's, of 8 bytes, is `bigint`.
"""

import re
from typing import Final

import polars as pl

from ingest.core.types import parse_type

_SQL: Final = {
    "bigint": "int64",
    "bool": "boolean",
    "bytea": "binary",
    "blob": "binary",
    "datetime": "timestamp",
    "double": "float64",
    "double precision": "float64",
    "float": "float64",
    "int": "int32",
    "integer": "int32",
    "real": "float32",
    "smallint": "int16",
    "text": "string",
    "timestamp with time zone": "timestamp(us, UTC)",
    "timestamp without time zone": "timestamp",
    "timestamptz": "timestamp(us, UTC)",
    "tinyint": "int8",
    "varchar": "string",
}
_LONGER: Final = ("double precision", "timestamp with time zone", "timestamp without time zone")


def continues(parts: list[str], word: str) -> bool:
    """Whether a type name that begins with these words goes on with this one."""
    begun = " ".join([*parts, word]).lower()
    return any(name.startswith(begun) for name in _LONGER)


def sql_type(text: str) -> pl.DataType:
    """Return the type of that name.

    Raises:
        ValueError: there is no such type, or it promises what a cast does not keep.
    """
    name = re.sub(r"\s*([(,)])\s*", r"\1", text.strip())
    lowered = name.lower()
    if lowered.startswith(("varchar(", "char(", "character")):
        raise ValueError(f'"{text}" would cut the text. Write string, and left(s, n) to cut')
    if lowered in {"decimal", "numeric"}:
        raise ValueError(f'"{text}" needs its digits: decimal(18, 2)')
    if lowered.startswith("numeric("):
        lowered = lowered.replace("numeric", "decimal")
    if lowered in _SQL:
        return parse_type(_SQL[lowered])
    head, bracket, rest = name.partition("(")
    return parse_type(lowered if lowered.startswith("decimal") else head.lower() + bracket + rest)
