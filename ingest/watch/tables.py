"""A few rows as text: as a table, or a line for each column where a table would be too wide."""

from typing import Any

import polars as pl

from ingest.core.showing import showable
from ingest.core.types import type_name

MOST_COLUMNS = 8
WIDTH = 160
LONGEST_VALUE = 40


def table(rows: pl.DataFrame) -> str:
    """Return rows as text that shows all columns; of long values the beginning."""
    rows = showable(rows)
    if rows.width > MOST_COLUMNS:
        return "\n".join(_columns(rows))
    rows = rows.rename({name: f"{name}\n{type_name(kind)}" for name, kind in rows.schema.items()})
    with pl.Config(
        tbl_hide_dataframe_shape=True,
        tbl_hide_column_data_types=True,  # Polars calls them otherwise than a job does
        tbl_rows=-1,
        tbl_cols=-1,
        fmt_str_lengths=LONGEST_VALUE,
        tbl_width_chars=WIDTH,
    ):
        return str(rows)


def ends(names: pl.Series) -> pl.Series:
    """Return names of files that fit into a table: of long ones the end, which tells them apart."""
    return names.map_elements(
        lambda name: name if len(name) <= LONGEST_VALUE else f"…{name[1 - LONGEST_VALUE :]}",
        return_dtype=pl.String,
    )


def _columns(rows: pl.DataFrame) -> list[str]:
    names = max(map(len, rows.columns))
    kinds = [type_name(kind) for kind in rows.dtypes]
    width = max(map(len, kinds))
    return [
        f"  {name:<{names}}  {kind:<{width}}  {' | '.join(map(_short, rows[name]))}"[
            :WIDTH
        ].rstrip()
        for name, kind in zip(rows.columns, kinds, strict=True)
    ]


def _short(value: Any) -> str:
    text = "null" if value is None else str(value)
    return text if len(text) <= LONGEST_VALUE else f"{text[:LONGEST_VALUE]}…"
