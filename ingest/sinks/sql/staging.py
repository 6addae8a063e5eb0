"""Staging: the rows of a run in one table that no reader looks at, each marked with its try.

One table for each run and target, not one for each try: a statement that reads a table holds a lock
on it, and a server has room for some thousands. It is an ordinary table and not an UNLOGGED one,
which a crash of the server would empty: see decision 0019.
"""

import hashlib
import re
from collections.abc import Iterator, Mapping

import polars as pl

from ingest.core.dataclass import dataclass
from ingest.storage.postgres.errors import MISSING_TABLE, StatementError
from ingest.storage.postgres.names import TableName, quoted
from ingest.storage.postgres.session import Session
from ingest.storage.postgres.types import sql_type

TRY = "ingest_try"
"""The column that says which try a row is of."""
_NAME = re.compile(r"(?P<run>.+)-(?P<target>[0-9a-f]{8})")
_REMOVAL_WAIT = "5s"
"""How long removing waits for a try that died but whose connection lives; the next one comes."""


@dataclass(frozen=True, slots=True)
class Staging:
    """The staging tables of one target: in a schema of ours, named for run and target."""

    schema: str
    target: TableName

    @property
    def mark(self) -> str:
        """What tells the tables of this target from those of others."""
        return hashlib.sha256(self.target.sql.encode()).hexdigest()[:8]

    def table(self, run_id: str) -> TableName:
        """Return the table of a run."""
        return TableName(self.schema, f"{run_id}-{self.mark}")

    def make(self, session: Session, run_id: str, columns: Mapping[str, pl.DataType]) -> None:
        """Create the table of a run if it is not there; commits."""
        table = self.table(run_id)
        if exists(session, table):
            return
        make_schema(session, self.schema)
        kinds = [f"{quoted(name)} {sql_type(kind)}" for name, kind in columns.items()]
        kinds.append(f"{quoted(TRY)} text NOT NULL")
        session.execute(
            f"CREATE TABLE IF NOT EXISTS {table.sql} ({', '.join(kinds)}) "
            "WITH (autovacuum_enabled = false)"
        )
        session.commit()

    def runs(self, session: Session) -> Iterator[tuple[str, int]]:
        """Yield the runs that have a table, and its bytes."""
        names = session.rows(
            "SELECT c.relname::text, pg_total_relation_size(c.oid) FROM pg_class c "
            "JOIN pg_namespace n ON n.oid = c.relnamespace "
            "WHERE n.nspname = $1 AND c.relkind = 'r' ORDER BY 1",
            self.schema,
        )
        for name, size in names:
            match = _NAME.fullmatch(name)
            if match and match["target"] == self.mark:
                yield match["run"], int(size)

    def remove(self, session: Session, run_id: str) -> None:
        """Drop the table of a run if it is there; commits.

        Raises:
            RetryableError: somebody still writes into it.
        """
        session.execute(f"SET LOCAL lock_timeout = '{_REMOVAL_WAIT}'")
        try:
            session.execute(f"DROP TABLE IF EXISTS {self.table(run_id).sql}")
        except StatementError as error:
            if error.sqlstate not in {MISSING_TABLE, "3F000"}:
                raise
            session.rollback()  # there is no schema: nothing was ever staged
            return
        session.commit()


def exists(session: Session, table: TableName) -> bool:
    """Say whether a table is there."""
    return bool(session.value("SELECT to_regclass($1::text) IS NOT NULL", table.sql))


def make_schema(session: Session, schema: str) -> None:
    """Create our schema if it is not there; nobody else does until the transaction ends."""
    session.rows("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))::text", f"ingest/{schema}")
    known = session.value("SELECT count(*) FROM pg_namespace WHERE nspname = $1", schema)
    if not known:  # IF NOT EXISTS alone asks for the right to create it, also where it is there
        session.execute(f"CREATE SCHEMA IF NOT EXISTS {quoted(schema)}")


def marked(rows: pl.DataFrame, stem: str) -> pl.DataFrame:
    """Return rows with the try that they are of."""
    return rows.with_columns(pl.lit(stem, dtype=pl.String).alias(TRY))
