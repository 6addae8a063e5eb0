"""Copying rows into the staging table of a run, and what is said of values that do not go in."""

import polars as pl

from ingest.sinks.sql.staging import marked
from ingest.sinks.sql.values import Nul, fitted, with_nul
from ingest.storage.postgres.errors import ValuesError
from ingest.storage.postgres.names import TableName
from ingest.storage.postgres.session import Session


def copy(
    session: Session, rows: pl.DataFrame, stem: str, staging: TableName, *, nul: Nul, where: str
) -> None:
    """Copy the rows of a try; `where` begins errors.

    Raises:
        JobError: a date or a timestamp is outside the years that PostgreSQL knows.
        ValuesError: the server refuses a value; of a NUL, with its column.
    """
    staged = marked(fitted(rows, nul, where), stem)
    try:
        session.copy(staged.to_arrow(), staging)
    except ValuesError as error:
        if names := with_nul(rows):
            raise ValuesError(
                f"{where}: column {', '.join(names)}: a text contains a NUL character, "
                "which PostgreSQL cannot store. Remove it in a step, or write sink.nul: escape"
            ) from error
        raise
