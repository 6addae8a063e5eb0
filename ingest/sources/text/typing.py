"""Which type a column of texts gets when the plan is made, and who says so."""

from collections.abc import Mapping

import polars as pl

from ingest.core.errors import ConfigError
from ingest.core.types import type_name

NO_TYPE = "string: no type is set"
Guesses = Mapping[str, tuple[pl.DataType, int]]
"""Types by column, each with how many rows it was inferred from."""


def typed(
    name: str,
    declared: Mapping[str, pl.DataType],
    types: Mapping[str, pl.DataType],
    guessed: Guesses,
    *,
    field: str,
) -> tuple[pl.DataType, str]:
    """Return a column's type and where it comes from: the source, the contract, or a guess.

    `field` is what the format calls the place of a value.

    Raises:
        ConfigError: it is a type of several values, which a text cannot be.
    """
    dtype, known = _chosen(name, declared, types, guessed)
    if dtype.is_nested():
        raise ConfigError(
            f'columns: "{name}": {field} cannot be {type_name(dtype)}. Read it as a string and '
            "convert it in a step"
        )
    return dtype, known


def _chosen(
    name: str,
    declared: Mapping[str, pl.DataType],
    types: Mapping[str, pl.DataType],
    guessed: Guesses,
) -> tuple[pl.DataType, str]:
    if name in declared:
        return declared[name], "source.columns"
    if name in types:
        return types[name], "contract"
    if name in guessed:
        dtype, rows = guessed[name]
        return dtype, f"inferred from {rows} rows"
    return pl.String(), NO_TYPE
