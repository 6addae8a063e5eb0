"""Read the small tables that `lookup` joins, once in each process."""

import hashlib
from collections.abc import Mapping
from functools import lru_cache
from pathlib import PurePosixPath
from typing import Any, Final, Literal

import fsspec
import polars as pl

from ingest.core.casting import converted, lost, not_a
from ingest.core.errors import BadRowError, ConfigError
from ingest.core.showing import showable
from ingest.core.types import Schema
from ingest.formats.parquet.table import read_table
from ingest.transforms.columns import need

Kind = Literal["csv", "parquet", "jsonl"]

_ENDINGS: Final[dict[str, Kind]] = {
    ".csv": "csv",
    ".parquet": "parquet",
    ".pq": "parquet",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
}


def kind_of(path: str) -> Kind:
    """Return the format that a file's name ends in.

    Raises:
        ConfigError: the ending is none that is known.
    """
    ending = PurePosixPath(path).suffix.lower()
    if ending not in _ENDINGS:
        raise ConfigError(
            f'reference: "{path}" ends in "{ending}". Known endings: {", ".join(_ENDINGS)}. '
            "Write reference.type to say what it is."
        )
    return _ENDINGS[ending]


def read(path: str, kind: Kind, types: Schema, keys: tuple[str, ...]) -> pl.DataFrame:
    """Return the table, with its types, after checking that the key columns are unique.

    A table stays in memory until its file changes.

    Raises:
        ConfigError: it cannot be read, a value does not fit its type, a key comes twice.
    """
    files, place = fsspec.core.url_to_fs(path)
    try:
        info = files.info(place)
    except FileNotFoundError:
        raise ConfigError(f'reference: there is no file "{path}".') from None
    except OSError as error:
        raise ConfigError(
            f'reference: "{path}" cannot be read: {error.strerror or error}.'
        ) from None
    version = str(info.get("ETag") or info.get("mtime")), int(info.get("size") or 0)
    return _read(path, kind, tuple(types.items()), keys, version)


def digest(path: str) -> str:
    """Return the SHA-256, in hex, of a reference file."""
    with fsspec.open(path, "rb") as file:
        data: bytes = file.read()
    return hashlib.sha256(data).hexdigest()


@lru_cache(maxsize=16)
def _read(
    path: str,
    kind: Kind,
    types: tuple[tuple[str, pl.DataType], ...],
    keys: tuple[str, ...],
    _version: tuple[str, int],
) -> pl.DataFrame:
    with fsspec.open(path, "rb") as file:
        data: Any = file.read()
    try:
        table = _parse(data, kind, path)
    except BadRowError as error:
        raise ConfigError(f"reference: {error}") from None
    except pl.exceptions.PolarsError as error:
        reason = str(error).strip().partition("\n")[0]
        raise ConfigError(f'reference: "{path}" cannot be read as {kind}: {reason}.') from None
    table = _typed(table, path, dict(types))
    need(table.schema, keys, "key")
    present = table.select(keys).drop_nulls()
    if twice := showable(present.filter(present.is_duplicated())).rows():
        value = ", ".join(str(part) for part in twice[0])
        raise ConfigError(
            f'reference: "{path}": the key {", ".join(keys)} must be unique, and "{value}" comes '
            f"{twice.count(twice[0])} times. Take more columns into `key`, or mend the table."
        )
    return table


def _parse(data: bytes, kind: Kind, path: str) -> pl.DataFrame:
    if kind == "csv":
        return pl.read_csv(data, infer_schema=False)
    return read_table(data, path) if kind == "parquet" else pl.read_ndjson(data)


def _typed(table: pl.DataFrame, path: str, types: Mapping[str, pl.DataType]) -> pl.DataFrame:
    """Return the table with the types that were asked for."""
    need(table.schema, types, "reference.columns")
    for name, dtype in types.items():
        column = table[name]
        cast = table.select(converted(pl.col(name), column.dtype, dtype)).to_series()
        wrong = table.filter(lost(pl.lit(column), pl.lit(cast)))[name]
        if len(wrong):
            raise ConfigError(
                f'reference: "{path}": column {name}: "{wrong[0]}" is {not_a(dtype)}. '
                "Mend the table, or reference.columns."
            )
        table = table.with_columns(cast.alias(name))
    return table
