"""PostgreSQL tables."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, suppress
from typing import Annotated, Any, Literal, Self, TypeVar
from urllib.parse import quote

import polars as pl
from pydantic import Field, field_validator, model_validator

from ingest.core.errors import ConfigError, FatalError, RetryableError
from ingest.core.marks import OUTSIDE
from ingest.core.names import no_such_column
from ingest.core.outcome import Staged
from ingest.core.rows import filled
from ingest.core.types import schema_from_json
from ingest.sinks.base import Again, Delivery, Disposition, Line, Published, Sink, Verified
from ingest.sinks.sql import comparing, preflight, verifying
from ingest.sinks.sql.columns import unfit_columns
from ingest.sinks.sql.committing import Commit
from ingest.sinks.sql.copying import copy
from ingest.sinks.sql.ledger import RunLedger
from ingest.sinks.sql.plan import SqlPlan
from ingest.sinks.sql.staging import Staging
from ingest.sinks.sql.transfer import kept_of
from ingest.sinks.sql.values import Nul
from ingest.storage.connections import PostgresConnection
from ingest.storage.postgres.names import TableName, fault_of_name
from ingest.storage.postgres.session import Session, repeated, session

T = TypeVar("T")


class Postgres(Sink):
    """A PostgreSQL table, to which each run is added by one transaction.

    Workers copy rows into a staging table in the schema `ingest`, which belongs to ingest. One
    transaction then inserts or merges them and records the run in the table `ingest.runs`, so that
    a run is added once, however often it is published. The quarantine is a table beside it, whose
    name ends in `_quarantine`.

    Needs `pip install 'ingest[postgres]'` and a server of version 13 or later.
    """

    type: Literal["postgres"]
    connection: Annotated[PostgresConnection, OUTSIDE]
    """The connection to the database, by its name: `conf/connection/NAME.yaml`."""
    table: str = Field(min_length=1)
    """The table: `schema.name`, or a name in the schema `public`. It is created if missing. Names
    with dots or capitals are written as they are; those with dots in double quotes."""
    write_disposition: Literal["append", "merge"]
    """What happens to the rows of earlier runs: `append` keeps them, `merge` replaces those that
    have the `primary_key` of a new row. There is no default."""
    primary_key: tuple[str, ...] = ()
    """The columns that tell a row from all others, for `merge`. A table that is there must have a
    unique index over just these; a new one gets it as its primary key."""
    schema_evolution: Literal["fail", "add_columns"] = "fail"
    """What happens if the rows have columns that the table does not have. `add_columns` adds them,
    null in earlier rows, in the transaction of the run. Other differences are always refused."""
    nul: Nul = "fail"
    """What happens to a NUL character in a text, which PostgreSQL cannot store. `escape` writes
    `\\x00` instead; quarantine tables do so."""
    staging_schema: str = Field(default="ingest", min_length=1)
    """The schema for staging tables and for the table `runs`. It is created if missing."""
    replaces_jobs: tuple[str, ...] | Literal["any"] = ()
    """Not for this sink: `append` and `merge` replace no rows of other jobs as such."""

    @field_validator("table")
    @classmethod
    def _named(cls, text: str) -> str:
        TableName.parse(text)
        return text

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.write_disposition == "merge" and not self.primary_key:
            raise ValueError("primary_key: merge needs one. Write primary_key: [COLUMN]")
        if self.write_disposition == "append" and self.primary_key:
            raise ValueError("primary_key: append has none. Write write_disposition: merge")
        if len(set(self.primary_key)) < len(self.primary_key):
            raise ValueError("primary_key: a column is listed twice. Remove one")
        if self.replaces_jobs:
            raise ValueError(f"replaces_jobs: has no effect with {self.write_disposition}")
        if fault := fault_of_name(self.staging_schema):
            raise ValueError(f"staging_schema: the name {fault}. Use another name")
        return self

    @property
    def target(self) -> TableName:
        """The table."""
        return TableName.parse(self.table)

    @property
    def uri(self) -> str:
        """Where the table is, without who logs in: `postgresql://host:5432/database/schema.name`."""
        return f"{self.connection.uri}/{quote(str(self.target), safe='.')}"

    @property
    def reached_by(self) -> dict[str, Any]:
        """All that is needed to look for what runs have left; see `Sink.reached_by`."""
        return self.model_dump(
            mode="json", include={"type", "connection", "table", "staging_schema"}
        )

    @classmethod
    def reached(cls, reached_by: Mapping[str, Any]) -> "Postgres":
        """Return a sink of the place that `reached_by` has told."""
        return cls.model_validate({**reached_by, "write_disposition": "append"})

    def at(self, uri: str) -> Self:
        """Return this sink: a table is where its connection leads, and nowhere else."""
        if uri != self.uri:
            raise FatalError(
                f"sink.table: the run was recorded for {uri}, but its connection leads to "
                f"{self.uri}. Restore the recorded connection"
            )
        return self

    def beside(self, name: str, write_disposition: Disposition) -> "Postgres | None":
        """Return the sink of a table beside it; None if its name would be too long."""
        beside = TableName(self.target.schema, f"{self.target.table}_{name}")
        if fault_of_name(beside.table):
            return None
        return Postgres(
            type="postgres",
            connection=self.connection,
            table=str(beside),
            write_disposition="append",
            nul="escape",
            staging_schema=self.staging_schema,
        )

    def check(self, inputs: Sequence[str]) -> None:
        """Refuse what cannot work; see `Sink.check`."""

        def problems(here: Session) -> list[str]:
            return [*preflight.problems(here, self.target, self.staging_schema, merges=self.merges)]

        if wrong := self._repeated(problems):
            raise ConfigError(*wrong)

    def check_published(self, job: str, schema: Mapping[str, str]) -> None:
        """Refuse what does not go with the table; see `Sink.check_published`."""
        columns = schema_from_json(schema)
        if wrong := self._repeated(lambda here: [*self._commit.disagreements(here, columns)]):
            raise ConfigError(*wrong)

    def check_schema(self, schema: Mapping[str, pl.DataType]) -> None:
        """Refuse columns that a table cannot hold; see `Sink.check_schema`."""
        wrong = [*unfit_columns(schema)]
        wrong += [
            f"primary_key: {no_such_column(name, schema)}"
            for name in self.primary_key
            if name not in schema
        ]
        if wrong:
            raise ConfigError(*wrong)

    def stage_portions(
        self, portions: Iterable[pl.DataFrame], run_id: str, stem: str
    ) -> list[Staged]:
        """Copy rows into the run's staging table, in one transaction; see `Sink.stage_portions`."""
        rows = size = 0
        staging = self._staging.table(run_id)
        each = filled(portions)
        if (first := next(each, None)) is None:
            return []
        with self._session() as here:
            self._staging.make(here, run_id, first.schema)
            portion: pl.DataFrame | None = first
            del first
            while portion is not None:
                copy(here, portion, stem, staging, nul=self.nul, where=self.uri)
                rows, size = rows + portion.height, size + int(portion.estimated_size())
                portion = None  # before the next is made
                portion = next(each, None)
            if self._ledger.entry(here, run_id) is not None:
                raise FatalError(
                    f"{self.uri}: run {run_id} is already published; this try is too late"
                )
            here.commit()
        return [Staged(output="", rows=rows, bytes=max(1, int(size)), keep={"try": stem})]

    def prepare(self, staged: Iterable[tuple[int, Staged]], delivery: Delivery) -> Iterator[Line]:
        """Say which tries count; see `Sink.prepare`.

        A table that may refuse rows, by a constraint or a trigger, is given them in a transaction
        that is undone: what is committed can be published.

        Raises:
            FatalError: staged rows are gone, keys are missing or occur twice, or the table does not
                take the rows.
        """
        kept = kept_of((str(each.keep["try"]), each.rows) for _, each in staged)
        total = int(kept["rows"].sum())
        others = self._repeated(lambda here: self._commit.rehearse(here, kept, total, delivery))
        staging = self._staging.table(delivery.run_id).table
        yield SqlPlan.begin(delivery, self.write_disposition, staging)
        for stem, rows in kept.iter_rows():
            yield {"try": stem, "rows": rows}
        yield SqlPlan.end(kept.height, total, others=others)

    def publish(self, lines: Iterable[Line]) -> Published:
        """Insert or merge the run's rows, unless the table has them; see `Sink.publish`.

        Raises:
            FatalError: the table has changed so that it does not take the rows, staged rows are
                gone, or the server does not answer.
        """
        plan = SqlPlan(lines)
        published = self._repeated(lambda here: self._commit.publish(here, plan))
        with suppress(FatalError, RetryableError):  # else `ingest clean` does
            self.discard(plan.run_id)
        return published

    def published_runs(self) -> set[str]:
        """Return the runs that the table's ledger has."""
        with self._session() as here:
            return self._ledger.runs(here)

    def staged_runs(self) -> list[tuple[str, int]]:
        """Return the runs, of any state, that have a staging table, with its bytes."""
        with self._session() as here:
            return list(self._staging.runs(here))

    def discard(self, run_id: str) -> None:
        """Drop the staging table of a run; see `Sink.discard`."""
        with self._session() as here:
            self._staging.remove(here, run_id)

    def verify(self, lines: Iterable[Line]) -> Verified:
        """Count the rows of a run that nobody has changed; see `Sink.verify`."""
        with self._session() as here:
            return verifying.verified(here, self._ledger, SqlPlan(lines))

    def apart(self, place: str, run_id: str) -> dict[str, Any]:
        """Publish to a table in the staging schema instead; see `Sink.apart`."""
        return {"table": str(TableName(self.staging_schema, f"rerun_{run_id}"))}

    def again(self, lines: Iterable[Line], other: Sink) -> Again | None:
        """Compare rows in the database; see `Sink.again`."""
        assert isinstance(other, Postgres), "a sink of this type"
        with self._session() as here:
            return comparing.compared(here, self._ledger, SqlPlan(lines), other.target)

    @property
    def merges(self) -> bool:
        """Whether rows replace those of the same key."""
        return self.write_disposition == "merge"

    @property
    def _staging(self) -> Staging:
        return Staging(self.staging_schema, self.target)

    @property
    def _ledger(self) -> RunLedger:
        return RunLedger(self.staging_schema, self.target)

    def _session(self) -> AbstractContextManager[Session]:
        return session(self.connection, self.uri)

    @property
    def _commit(self) -> Commit:
        return Commit(
            self.uri,
            self.target,
            self._staging,
            self._ledger,
            self.primary_key,
            may_add=self.schema_evolution == "add_columns",
        )

    def _repeated(self, transaction: Callable[[Session], T]) -> T:
        """Return what a transaction returns, which is tried again if the connection is lost."""

        def once() -> T:
            with self._session() as here:
                return transaction(here)

        return repeated(self.connection, once)
