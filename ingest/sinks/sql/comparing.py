"""Comparing the rows of a run in a table with those of the same run, made once more, in another."""

from ingest.sinks.base import Again
from ingest.sinks.sql.ledger import RunLedger
from ingest.sinks.sql.plan import SqlPlan
from ingest.sinks.sql.staging import exists
from ingest.sinks.sql.verifying import as_written
from ingest.storage.postgres.names import TableName, listed
from ingest.storage.postgres.session import Session


def compared(session: Session, ledger: RunLedger, plan: SqlPlan, other: TableName) -> Again:
    """Say how many rows are as a run wrote them, and how many of those the other table has.

    They are compared as text, in which PostgreSQL writes each value of each type differently.
    """
    entry = ledger.entry(session, plan.run_id)
    if entry is None or not exists(session, ledger.target) or not exists(session, other):
        return Again(0, 0)
    row = f"(ROW({listed(list(plan.schema))}))::text"
    mine, number = as_written(ledger.target, entry)
    there = session.value(f"SELECT count(*) FROM {mine}", number)
    missing = session.value(
        f"SELECT count(*) FROM (SELECT {row} FROM {mine} EXCEPT ALL "
        f"SELECT {row} FROM {other.sql}) AS missing",
        number,
    )
    return Again(int(there), int(there - missing))
