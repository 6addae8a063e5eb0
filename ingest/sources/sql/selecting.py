"""Selecting the rows of a piece: in the types of the plan, each with its fault if it has one."""

from collections.abc import Mapping, Sequence

import polars as pl

from ingest.core.rows import POSITION, record_of
from ingest.sources.sql.columns import ReadColumn, columns_of
from ingest.storage.postgres.names import quoted
from ingest.storage.postgres.session import Session

FAULT = "__ingest_fault"
"""The column with the name of the column whose value the plan's type cannot hold, or null."""
ORIGINAL = "__ingest_original"
"""The column with the row as JSON."""
_REASON = "__ingest_reason"


def select(
    session: Session,
    rows: str,
    condition: str,
    kinds: Mapping[str, str],
    order: str,
    *,
    originals: bool,
) -> pl.DataFrame:
    """Return rows in order, with `FAULT` and, of those at fault or all, their `ORIGINAL`.

    `rows` is what to select from, as `q`; `kinds` are its columns and their SQL types.
    """
    columns = list(columns_of(kinds))
    faults = [column for column in columns if column.fault]
    whens = [f"WHEN {column.fault} THEN {n}" for n, column in enumerate(faults)]
    fault = f"CASE {' '.join(whens)} END" if whens else "NULL::int"
    original = "to_json(q)::text"
    if not originals:
        original = f"CASE WHEN {fault} IS NOT NULL THEN {original} END"
    chosen = [f"{column.expression} AS {quoted(column.name)}" for column in columns]
    chosen += [f"{fault} AS {quoted(FAULT)}", f"{original} AS {quoted(ORIGINAL)}"]
    statement = f"SELECT {', '.join(chosen)} FROM {rows} WHERE {condition}{order}"
    with session.batches(statement) as reader:
        frame = pl.DataFrame(reader.read_all())
    return _typed(frame, columns, faults)


def rejects_of(bad: pl.DataFrame) -> pl.DataFrame:
    """Return rows at fault, with their positions, as rejects; see `Rejects`."""
    return bad.select(
        pl.col(POSITION).alias("position"),
        (record_of(pl.col(POSITION)) + 1).cast(pl.Int64).alias("line"),
        pl.col(FAULT).alias("column"),
        pl.col(_REASON).alias("reason"),
        pl.col(ORIGINAL).alias("original"),
    )


def _typed(
    frame: pl.DataFrame, columns: Sequence[ReadColumn], faults: Sequence[ReadColumn]
) -> pl.DataFrame:
    """Return rows in the types of the plan, with the column that is at fault and its reason."""
    sound = pl.col(FAULT).is_null()
    names = [column.name for column in faults] or [""]
    reasons = [column.reason for column in faults] or [""]
    return frame.with_columns(
        *(
            pl.when(sound).then(pl.col(column.name)).cast(column.type).alias(column.name)
            if column.text
            else pl.col(column.name).cast(column.type)
            for column in columns
        ),
        pl.col(FAULT).replace_strict(dict(enumerate(names)), return_dtype=pl.String),
        pl.col(FAULT)
        .replace_strict(dict(enumerate(reasons)), return_dtype=pl.String)
        .alias(_REASON),
    )
