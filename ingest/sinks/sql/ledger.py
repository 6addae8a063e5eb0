"""The ledger in the target: which runs it has, written in the transaction that brings their rows.

Asking it first makes publishing harmless when late or repeated; that only one row of it can be
there for a run makes one of two drivers fail.
"""

from ingest.core.dataclass import dataclass
from ingest.sinks.base import Published
from ingest.sinks.sql.plan import SqlPlan
from ingest.sinks.sql.staging import exists, make_schema
from ingest.storage.postgres.names import TableName
from ingest.storage.postgres.session import Session

TABLE = "runs"
_COLUMNS = """
    run_id text NOT NULL, target text NOT NULL, job text NOT NULL, owner text NOT NULL,
    output text NOT NULL, write_disposition text NOT NULL, rows bigint NOT NULL,
    inserted bigint NOT NULL, updated bigint NOT NULL, ignored bigint NOT NULL,
    transaction text NOT NULL, published_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (run_id, target)
"""


@dataclass(frozen=True, slots=True)
class Entry:
    """What the ledger says of a run; `transaction` is the number that its rows carry."""

    rows: int
    inserted: int
    updated: int
    ignored: int
    transaction: int


@dataclass(frozen=True, slots=True)
class RunLedger:
    """The ledger of a schema of ours, and one target in it."""

    schema: str
    target: TableName

    @property
    def table(self) -> TableName:
        """The table that it is."""
        return TableName(self.schema, TABLE)

    def make(self, session: Session) -> None:
        """Create the ledger if it is not there; commits."""
        if not exists(session, self.table):
            make_schema(session, self.schema)
            session.execute(f"CREATE TABLE IF NOT EXISTS {self.table.sql} ({_COLUMNS})")
            session.commit()

    def entry(self, session: Session, run_id: str) -> Entry | None:
        """Return what it says of a run; None if the target does not have it."""
        if not exists(session, self.table):
            return None
        rows = session.rows(
            "SELECT rows, inserted, updated, ignored, transaction::bigint "
            f"FROM {self.table.sql} WHERE run_id = $1 AND target = $2",
            run_id,
            str(self.target),
        )
        return Entry(*map(int, rows[0])) if rows else None

    def wait(self, session: Session, run_id: str) -> None:
        """Keep other drivers from publishing this run until the transaction ends."""
        key = f"ingest/{run_id}/{self.target}"
        session.rows("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))::text", key)

    def add(self, session: Session, plan: SqlPlan, published: Published) -> None:
        """Say, in the transaction that brings its rows, that a run is there."""
        head = plan.head
        session.execute(
            f"INSERT INTO {self.table.sql} (run_id, target, job, owner, output, "
            "write_disposition, rows, inserted, updated, ignored, transaction) VALUES ($1, $2, $3, "
            "$4, $5, $6, $7, $8, $9, $10, '0')",
            plan.run_id, str(self.target), head["job"], head["owner"], head["output"],
            head["disposition"], published.rows, published.inserted, published.updated,
            published.ignored,
        )  # fmt: skip
        # not pg_current_xact_id: behind a savepoint, rows carry the number of a subtransaction
        session.execute(
            f"UPDATE {self.table.sql} SET transaction = xmin::text WHERE run_id = $1 AND "
            "target = $2",
            plan.run_id,
            str(self.target),
        )

    def runs(self, session: Session) -> set[str]:
        """Return the runs that the target has."""
        if not exists(session, self.table):
            return set()
        names = session.rows(
            f"SELECT run_id FROM {self.table.sql} WHERE target = $1",
            str(self.target),
        )
        return {str(name) for (name,) in names}
