"""Counting again what a run has put into a table: its rows that nobody has changed since.

A row carries the number of the transaction that wrote it, and the ledger the number of the run's.
"""

from ingest.sinks.base import Verified
from ingest.sinks.sql.ledger import Entry, RunLedger
from ingest.sinks.sql.plan import SqlPlan
from ingest.sinks.sql.staging import exists
from ingest.storage.postgres.names import TableName
from ingest.storage.postgres.session import Session

_NUMBERS = 2**32
"""How many transactions have numbers of their own; then they begin again."""


def as_written(target: TableName, entry: Entry) -> tuple[str, int]:
    """Return what to select from to get the rows of a run that nobody has changed; `$1` is next."""
    return f"{target.sql} WHERE xmin::text::bigint = $1::bigint", entry.transaction % _NUMBERS


def verified(session: Session, ledger: RunLedger, plan: SqlPlan) -> Verified:
    """Compare what the ledger of the target says of a run, and its rows, with what it published."""
    target, rows = ledger.target, plan.rows
    entry = ledger.entry(session, plan.run_id)
    if entry is None:
        problem = (
            f"{ledger.table} does not contain run {plan.run_id} for {target}: the database was "
            "restored to an earlier state, or somebody has removed the entry. Restore it from a "
            "backup"
        )
        return Verified(1, rows, (problem,), table=True)
    if entry.rows != rows:
        problem = f"{ledger.table}: {entry.rows:,} rows, but the run has published {rows:,}"
        return Verified(1, rows, (problem,), table=True)
    if not exists(session, target):
        problem = f"{target}: there is no such table any more. Restore it from a backup"
        return Verified(1, rows, (problem,), table=True)
    wrote = entry.inserted + entry.updated
    rows_of, number = as_written(target, entry)
    there = session.value(f"SELECT count(*) FROM {rows_of}", number)
    if there == wrote:
        return Verified(1, rows, table=True)
    note = (
        f"{target}: {there:,} of {wrote:,} rows are as this run wrote them. Later runs or other "
        "programs have changed or removed the others, or the table was restored from a dump"
    )
    return Verified(1, rows, notes=(note,), table=True)
