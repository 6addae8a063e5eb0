"""Columns that no table of ours can have: by their types, their names, or their number."""

from collections.abc import Iterator, Mapping

import polars as pl

from ingest.sinks.sql.staging import TRY
from ingest.storage.postgres.names import fault_of_name
from ingest.storage.postgres.types import unfit

_MOST = 1500
_SYSTEM = frozenset({"ctid", "xmin", "xmax", "cmin", "cmax", "tableoid"})


def unfit_columns(schema: Mapping[str, pl.DataType]) -> Iterator[str]:
    """Say what a table cannot hold of rows with these columns."""
    for problem in unfit(schema):
        yield f"type: {problem}"
    for name in schema:
        if fault := fault_of_name(name):
            yield f'type: column "{name}": the name {fault}. Use a rename step'
        if name in _SYSTEM or name == TRY:
            yield f'type: column "{name}": the name is taken. Use a rename step'
    if len(schema) > _MOST:
        yield (
            f"type: {len(schema):,} columns, and a table can have {_MOST:,}. Select those that "
            "you need"
        )
