"""Columns of texts to columns of values; what is no value becomes a reject."""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import polars as pl

from ingest.core.rows import POSITION
from ingest.core.types import Schema
from ingest.core.values.casting import not_a
from ingest.core.values.texts import failed
from ingest.sources.text.bits import Bits, Places, flagged

Parse = Callable[[str, pl.Series], tuple[pl.Series, pl.Series]]
"""Takes a column's name and texts; returns the texts that must be values, and the values."""


_NO_FAULTS = pl.DataFrame(schema={"row": pl.UInt32, "reason": pl.String, "column": pl.String})


class Clean(NamedTuple):
    """Records that were read all at once: their fields, some of them still to be cast by `parse`.

    `doubts` are the numbers of those that are not among them. Each is a line, unless `ends` says
    where they end.
    """

    values: pl.DataFrame
    schema: Schema
    parse: Parse
    doubts: Sequence[int] | Places = ()
    ends: Bits | None = None


def cast_columns(
    records: pl.DataFrame, texts: pl.DataFrame, schema: Mapping[str, pl.DataType], parse: Parse
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the rows of a schema, with `POSITION`, and the records with a text that is no value.

    `texts` has one row per record. A record with several such texts is rejected once, for the
    first column in the schema's order.
    """
    columns: list[pl.Series] = []
    faults = [_NO_FAULTS]
    for name, dtype in schema.items():
        kept, values = parse(name, texts[name])
        columns.append(values.alias(name))
        if values.null_count() != kept.null_count():
            wrong = failed(kept, values).arg_true()
            fault = pl.DataFrame({"reason": [not_a(dtype)], "column": [name]})
            faults.append(wrong.alias("row").to_frame().join(fault, how="cross"))
    rows = pl.DataFrame([*columns, records["position"].alias(POSITION)])
    blamed = pl.concat(faults)
    if blamed.is_empty():
        return rows, records.clear().with_columns(blamed["reason"], blamed["column"])
    blamed = blamed.unique("row", keep="first").sort("row")
    places = blamed["row"].to_numpy()
    good = rows.filter(~flagged(places.astype(np.int64), rows.height))
    return good, records[places].with_columns(blamed["reason"], blamed["column"])


def with_column(records: pl.DataFrame, column: str | None = None) -> pl.DataFrame:
    """Return rejected records with the column to blame; null blames the whole record."""
    return records.with_columns(pl.lit(column, dtype=pl.String).alias("column"))


def filled(rows: pl.DataFrame, schema: Schema) -> pl.DataFrame:
    """Return rows, with `POSITION`, in a schema: null in columns that their file has not."""
    if rows.width == len(schema) + 1:
        return rows
    missing = [
        pl.lit(None, dtype).alias(name) for name, dtype in schema.items() if name not in rows
    ]
    return rows.with_columns(missing).select(*schema, POSITION)
