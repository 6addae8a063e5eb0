"""Other names of types: those of SQL and Spark that differ from the names that `core.types` lists.

They are understood wherever a type is named: in `columns`, in steps and in CAST. `int8` has 8 bits,
as everywhere in a job file; PostgreSQL's, of 8 bytes, is `bigint`.
"""

import re
from typing import Final

ALIASES: Final = {
    "bigint": "int64",
    "bool": "boolean",
    "bytea": "binary",
    "blob": "binary",
    "byte": "int8",
    "datetime": "timestamp",
    "double": "float64",
    "double precision": "float64",
    "float": "float64",
    "int": "int32",
    "integer": "int32",
    "long": "int64",
    "real": "float32",
    "short": "int16",
    "smallint": "int16",
    "text": "string",
    "timestamp with time zone": "timestamp(us, UTC)",
    "timestamp without time zone": "timestamp",
    "timestamptz": "timestamp(us, UTC)",
    "tinyint": "int8",
    "varchar": "string",
}


def standard(text: str) -> str:
    """Return a type's name as `core.types` lists it; unchanged if it is no other name of one.

    Raises:
        ValueError: it promises what a cast does not keep.
    """
    name = text.strip()
    if "<" in name:  # what is nested is named one by one
        return name
    name = re.sub(r"\s*([(,)])\s*", r"\1", " ".join(name.split()))
    lowered = name.lower()
    if lowered.startswith(("varchar(", "char(", "character")):
        raise ValueError(f'"{text}" would cut the text. Write string; to cut text, use left(s, n)')
    if lowered in {"decimal", "numeric"}:
        raise ValueError(f'"{text}" needs its precision and scale: decimal(18, 2)')
    if lowered.startswith("numeric("):
        return lowered.replace("numeric", "decimal", 1)
    head, bracket, rest = name.partition("(")
    return ALIASES.get(lowered, f"{head.lower()}{bracket}{rest}")
