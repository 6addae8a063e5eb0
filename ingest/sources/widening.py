"""Types that differ from file to file: what may be widened without losing anything."""

from collections.abc import Mapping, Sequence

import polars as pl

from ingest.core.errors import BadRowError, ConfigError
from ingest.core.types import Schema, type_name

_INTEGERS = (
    (pl.Int8(), pl.Int16(), pl.Int32(), pl.Int64()),
    (pl.UInt8(), pl.UInt16(), pl.UInt32(), pl.UInt64()),
    (pl.UInt8(), pl.Int16(), pl.Int32(), pl.Int64()),
    (pl.UInt16(), pl.Int32(), pl.Int64()),
    (pl.UInt32(), pl.Int64()),
    (pl.Int8(), pl.Int16(), pl.Float32(), pl.Float64()),
    (pl.UInt8(), pl.UInt16(), pl.Float32(), pl.Float64()),
    (pl.Int32(), pl.Float64()),
    (pl.UInt32(), pl.Float64()),
)


def widens(narrow: pl.DataType, wide: pl.DataType) -> bool:
    """Say whether every value of one type is a value of the other, and means the same."""
    if narrow == wide or isinstance(narrow, pl.Null):
        return True
    if isinstance(narrow, pl.Decimal) and isinstance(wide, pl.Decimal):
        whole = wide.precision - wide.scale >= narrow.precision - narrow.scale
        return whole and wide.scale >= narrow.scale
    return any(
        narrow in row and wide in row and row.index(narrow) < row.index(wide) for row in _INTEGERS
    )


def widest(schemas: Mapping[str, Schema], names: Sequence[str] | None) -> Schema:
    """Return the columns of the first file, each as wide as any of these files has it.

    Raises:
        ConfigError: two files have a column of types that do not go together.
    """
    planned: Schema = {}
    for uri, schema in schemas.items():
        if not planned:
            planned = dict(schema)
            continue
        for name, dtype in schema.items():
            if name not in planned or (names is not None and name not in names):
                continue
            if widens(planned[name], dtype):
                planned[name] = dtype
            elif not widens(dtype, planned[name]):
                raise ConfigError(
                    f'path: "{uri}": column "{name}" is {type_name(dtype)}, and '
                    f"{type_name(planned[name])} in other files. Read them by two jobs"
                )
    return planned


def check_columns(uri: str, found: Schema, planned: Schema, *, exact: bool) -> None:
    """Check a file's columns against the plan's; `exact` allows no others.

    Raises:
        BadRowError: columns are missing, are not planned, or have a type that cannot be widened.
    """
    faults = [f'column "{name}" is missing' for name in planned if name not in found]
    if exact:
        faults += [f'column "{name}" is not planned' for name in found if name not in planned]
    faults += [
        f'column "{name}" is {type_name(found[name])}, planned as {type_name(dtype)}'
        for name, dtype in planned.items()
        if name in found and not widens(found[name], dtype)
    ]
    if faults:
        raise BadRowError(
            f"{uri}: other columns than in the plan: {'; '.join(faults)}. Mend the file, or read "
            "it by a source of its own"
        )


def aligned(frame: pl.LazyFrame, planned: Schema) -> pl.LazyFrame:
    """Return the planned columns in their types, and the hidden ones."""
    found = frame.collect_schema()
    return frame.select(
        *(
            pl.col(name) if found[name] == dtype else pl.col(name).cast(dtype)
            for name, dtype in planned.items()
        ),
        pl.col("^__ingest_.*$"),
    )
