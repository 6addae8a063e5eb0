"""Bringing the rows of a run into a table in one transaction, which is tried before the commit."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import polars as pl

from ingest.core.dataclass import dataclass
from ingest.core.errors import FatalError
from ingest.core.types import Schema, schema_from_json
from ingest.sinks.base import Delivery, Published
from ingest.sinks.sql import table
from ingest.sinks.sql.ledger import RunLedger
from ingest.sinks.sql.plan import SqlPlan
from ingest.sinks.sql.staging import Staging, exists
from ingest.sinks.sql.table import Table
from ingest.sinks.sql.transfer import Transfer
from ingest.storage.postgres.names import TableName
from ingest.storage.postgres.session import Session


@dataclass(frozen=True, slots=True)
class Commit:
    """How runs come into a table: merged if there is a key, else added.

    `uri` begins errors; `may_add` says that columns are added which the table does not have.
    """

    uri: str
    target: TableName
    staging: Staging
    ledger: RunLedger
    primary_key: Sequence[str]
    may_add: bool

    def disagreements(self, session: Session, schema: Mapping[str, pl.DataType]) -> Iterator[str]:
        """Say why rows with these columns cannot be published to the table as it is."""
        there = Table.look(session, self.target)
        if there is None:
            return
        yield from there.differences(schema, may_add=self.may_add)
        if self.primary_key:
            yield from there.merge_problems(self.primary_key)

    def rehearse(
        self, session: Session, kept: pl.DataFrame, total: int, delivery: Delivery
    ) -> bool:
        """Check what is staged, and have a strict table take it; the caller undoes all of it.

        `kept` are the tries that count, as `transfer.kept_of` has them, and `total` their rows.
        Returns whether rows are staged that do not count.

        Raises:
            FatalError: staged rows are gone, keys are missing or occur twice, or the table does not
                take the rows.
        """
        schema = schema_from_json(delivery.schema)
        transfer = self._transfer(delivery.run_id, schema, delivery.private)
        for problem in self.disagreements(session, schema):
            raise FatalError(f"sink.{problem}. Nothing was published")
        if not total:
            return False
        if not exists(session, transfer.staging):
            raise FatalError(
                f"{transfer.staging}: the staging table is gone. Nothing was published. Add "
                "--fresh to discard the run and start over"
            )
        transfer.keep(session, kept["try"])
        others = transfer.check(session, total)
        there = Table.look(session, self.target)
        if there is not None and there.may_refuse(schema, self.primary_key):
            self._move(session, transfer, total, others=others)
        return others

    def publish(self, session: Session, plan: SqlPlan) -> Published:
        """Do it and commit, unless it is done; others that try the same wait for it.

        Raises:
            FatalError: the table has changed so that it does not take the rows, or staged rows are
                gone.
        """
        facts = {"table": str(self.target)}
        self.ledger.make(session)
        self.ledger.wait(session, plan.run_id)
        if done := self.ledger.entry(session, plan.run_id):
            return Published(done.rows, done.inserted, done.updated, done.ignored, facts)
        for problem in self.disagreements(session, plan.schema):
            raise FatalError(f"{self.uri}: {problem}. Nothing was published")
        transfer = self._transfer(plan.run_id, plan.schema)
        if plan.rows:
            transfer.keep(session, plan.tries())
        published = self._move(session, transfer, plan.rows, others=plan.others)
        self.ledger.add(session, plan, published)
        session.commit()
        return replace(published, facts=facts)

    def _transfer(
        self, run_id: str, schema: Schema, private: frozenset[str] = frozenset()
    ) -> Transfer:
        staging = self.staging.table(run_id)
        return Transfer(staging, self.target, schema, self.primary_key, private)

    def _move(self, session: Session, transfer: Transfer, rows: int, *, others: bool) -> Published:
        """Bring the table into shape and the rows into it, in the transaction that is open."""
        there = Table.look(session, self.target)
        if there is None:
            table.create(session, self.target, transfer.columns, self.primary_key)
        else:
            table.add_columns(session, there, transfer.columns)
        if not rows:
            return Published(0, 0)
        # with those of a late try, a strict table would refuse all of them
        strict = there is not None and there.may_refuse(transfer.columns, self.primary_key)
        return transfer.carry_out(session, rows, others=others or strict)
