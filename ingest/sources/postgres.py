"""Tables and queries of a PostgreSQL database."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Annotated, ClassVar, Literal, Self
from urllib.parse import quote

import polars as pl
from pydantic import Field, model_validator

from ingest.core.errors import ConfigError, RetryableError, StalePlanError
from ingest.core.marks import OUTSIDE
from ingest.core.names import no_such_column
from ingest.core.partition import WHOLE, Partition, Slice
from ingest.core.rows import POSITION, position, record_of, slice_of
from ingest.sources.base import Difference, Inputs, Layout, Planned, Read, Rejects, Source
from ingest.sources.columns.options import refuse_names
from ingest.sources.incremental import Earlier
from ingest.sources.sql.columns import columns_of
from ingest.sources.sql.ranges import KEYS, MOST_PIECES, Key, halves, version_of
from ingest.sources.sql.relation import Relation
from ingest.sources.sql.selecting import FAULT, ORIGINAL, rejects_of, select
from ingest.sources.sql.snapshot import Snapshot, dropped, gone, held, taken_part
from ingest.storage.connections import PostgresConnection
from ingest.storage.postgres.errors import StatementError
from ingest.storage.postgres.names import TableName
from ingest.storage.postgres.session import Session, repeated


class Postgres(Source):
    """A table or a query of a PostgreSQL database, as of one moment.

    All of a run reads one snapshot, taken when the plan is made, whatever others write meanwhile. A
    snapshot ends with the process that planned the run: a run that is interrupted before all of it
    is read cannot be resumed and must start over. Meanwhile, the server keeps old versions of rows.

    Needs `pip install 'ingest[postgres]'`.
    """

    type: Literal["postgres"]
    memory_per_byte: ClassVar[float] = 8.0
    connection: Annotated[PostgresConnection, OUTSIDE]
    """The connection to the database, by its name: `conf/connection/NAME.yaml`."""
    table: str | None = Field(default=None, min_length=1)
    """The table or view: `schema.name`, or a name in the schema `public`."""
    query: str | None = Field(default=None, min_length=1)
    """A SELECT statement, instead of a table. Names of tables need their schema."""
    partition_column: str | None = None
    """The column whose ranges are read in parallel: an integer, a date or a timestamp, best with an
    index. Rows in which it is null are read too. Without it, all is one partition."""

    @model_validator(mode="after")
    def _one_of(self) -> Self:
        if (self.table is None) == (self.query is None):
            raise ValueError("write one of table and query")
        if self.table is not None:
            TableName.parse(self.table)
        if self.query is not None and self.query.rstrip().endswith(";"):
            raise ValueError("query: remove the semicolon at its end")
        return self

    @property
    def uri(self) -> str:
        """Where the rows are, without who logs in."""
        if self.table is not None:
            return f"{self.connection.uri}/{quote(str(TableName.parse(self.table)), safe='.')}"
        digest = hashlib.sha256(str(self.query).encode()).hexdigest()[:8]
        return f"{self.connection.uri}?query={digest}"

    def inputs(self) -> Inputs:
        """Take the snapshot, and ask for the size; see `Source.inputs`."""

        def listed() -> Slice:
            try:
                snapshot = self._held()
                size = self._relation.size(snapshot.session)
            except (RetryableError, StatementError) as error:
                dropped(self)
                if isinstance(error, StatementError):
                    raise ConfigError(f"{self._relation.option}: {error}") from error
                raise
            return Slice(self.uri, size, snapshot.name, bytes=size)

        return Inputs([repeated(self.connection, listed)])

    def cut(self, piece: Slice, target_bytes: int) -> Iterable[Slice]:
        """Cut by ranges of the key with as many rows each."""
        count = min(MOST_PIECES, -(-piece.bytes // target_bytes))
        if self.partition_column is None or count <= 1:
            return [piece]
        here = self._held().session
        key = self._key(self._relation.kinds(here))
        return list(key.cut(here, self._relation.rows, piece, count))

    def layout(self, slices: Sequence[Slice], types: Mapping[str, pl.DataType]) -> Layout:  # noqa: ARG002
        """Freeze the types of the columns; those of the contract are cast to later."""
        here = self._held().session
        kinds = self._relation.kinds(here)
        refuse_names(self._relation.option, list(kinds), "Rename it in a query")
        order = ""
        if self.partition_column is not None:
            self._key(kinds)
            order = self._relation.order(here, self.partition_column)
        columns = list(columns_of(kinds))
        return Layout(
            {column.name: column.type for column in columns},
            facts={"kinds": kinds, "order": order},
            notes={column.name: column.note for column in columns},
        )

    def read(self, partition: Partition, layout: Layout) -> Read:
        """Read ranges of the snapshot; see `Source.read`."""
        frames = []
        with self._session(partition) as here:
            self._refuse_changed(here, layout)
            for place, piece in enumerate(partition.slices):
                frame = self._read(here, piece, layout, originals=False).with_row_index("record")
                record = pl.col("record").cast(pl.UInt64) + position(place)
                frames.append(frame.with_columns(record.alias(POSITION)))
        whole = pl.concat(frames)
        bad = whole.filter(pl.col(FAULT).is_not_null())
        good = whole.filter(pl.col(FAULT).is_null()) if bad.height else whole
        rejects = Rejects(rejects_of(bad)) if bad.height else None
        return Read(good.select(*layout.columns, POSITION).lazy(), whole.height, rejects)

    def locate(self, partition: Partition, layout: Layout, positions: pl.Series) -> pl.DataFrame:
        """Return the rows' numbers within their range, from 1, and the rows as JSON."""
        wanted = pl.DataFrame({"position": positions.cast(pl.UInt64)})
        schema = {name: Rejects.SCHEMA[name] for name in ("position", "line", "original")}
        parts = [pl.DataFrame(schema=schema)]
        places = wanted.select(slice_of(pl.col("position")).unique().sort()).to_series()
        with self._session(partition) as here:
            for place in places:
                rows = self._read(here, partition.slices[place], layout, originals=True)
                asked = wanted.filter(slice_of(pl.col("position")) == place)
                numbers = asked.select(record_of(pl.col("position"))).to_series()
                texts = rows[ORIGINAL].gather(numbers)
                parts.append(
                    asked.with_columns(
                        (numbers + 1).cast(pl.Int64).alias("line"), texts.alias("original")
                    )
                )
        return pl.concat(parts)

    def halve(self, piece: Slice) -> Sequence[Slice]:
        """Cut a range of keys in the middle."""
        return halves(piece)

    def compare(
        self,
        planned: Iterable[Planned],
        since: datetime,  # noqa: ARG002
        earlier: Earlier | None = None,  # noqa: ARG002
    ) -> Iterable[Difference]:
        """Refuse a run that has still something to read: its snapshot is gone, or ends here.

        Raises:
            StalePlanError: some of it is not read yet.
        """
        if any(each.open for each in planned):
            raise gone(f"source: {self.uri}")
        return ()

    @property
    def roots(self) -> tuple[str, ...]:
        """The table or the query."""
        return (self.uri,)

    @property
    def _relation(self) -> Relation:
        return Relation(self.connection.uri, self.table, self.query)

    def _held(self) -> Snapshot:
        return held(self, self.connection)

    def _session(self, partition: Partition) -> AbstractContextManager[Session]:
        name = version_of(partition.slices[0])[0]  # all of a run read the same snapshot
        return taken_part(self.connection, name, f"source: {self.uri}")

    def _refuse_changed(self, here: Session, layout: Layout) -> None:
        if self._relation.kinds(here) != layout.facts["kinds"]:
            raise StalePlanError(
                f"source: {self.uri}: its columns have changed since the run was planned. Run the "
                "job again with --fresh"
            )

    def _key(self, kinds: Mapping[str, str]) -> Key:
        name = str(self.partition_column)
        if name not in kinds:
            raise ConfigError(f"partition_column: {no_such_column(name, kinds)}")
        if kinds[name] not in KEYS:
            raise ConfigError(
                f'partition_column: "{name}" is {kinds[name]}. Ranges are cut of integers, dates '
                "and timestamps. Use such a column, or none"
            )
        return Key(name, kinds[name])

    def _read(
        self, here: Session, piece: Slice, layout: Layout, *, originals: bool
    ) -> pl.DataFrame:
        """Return the rows of a piece in order, each with its fault, and of those the original."""
        kinds = layout.facts["kinds"]
        condition = self._key(kinds).condition(piece) if piece.end != WHOLE else "true"
        return select(
            here,
            self._relation.rows,
            condition,
            kinds,
            layout.facts["order"],
            originals=originals,
        )
