"""The rows of a run on their way from staging into the table: checked, then inserted or merged."""

import itertools
from collections.abc import Iterable, Iterator, Sequence

import polars as pl
import pyarrow as pa

from ingest.core.dataclass import dataclass
from ingest.core.errors import FatalError
from ingest.core.types import Schema
from ingest.sinks.base import Published
from ingest.sinks.sql.staging import TRY
from ingest.storage.postgres.names import TableName, listed, quoted
from ingest.storage.postgres.session import Session

_KEPT = "ingest_kept"
_UNDO = "ingest_all"
_TRIES_AT_ONCE = 10_000
_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Transfer:
    """What is moved: from a staging table into a target, merged if there is a key.

    `private` are columns whose values no text may contain.
    """

    staging: TableName
    target: TableName
    columns: Schema
    primary_key: Sequence[str]
    private: frozenset[str] = frozenset()

    def keep(self, session: Session, tries: Iterable[str]) -> None:
        """Say which tries count, for what follows in this transaction."""
        session.copy(_reader(tries), _KEPT)

    def check(self, session: Session, rows: int) -> bool:
        """Refuse what cannot be moved as it was staged: rows that are gone, keys that are not keys.

        Returns whether rows of other tries are staged, too.

        Raises:
            FatalError: with some keys.
        """
        # counted for each try first: by several processes, while a join with a temporary table is
        # the work of one (5 M rows: 0.4 of the time)
        counts = f"SELECT {quoted(TRY)}, count(*) AS rows FROM {self.staging.sql} GROUP BY 1"
        ((there, everything),) = session.rows(
            "SELECT coalesce(sum(c.rows) FILTER (WHERE k.kept), 0)::bigint, "
            f"coalesce(sum(c.rows), 0)::bigint FROM ({counts}) c LEFT JOIN "
            f"(SELECT {quoted(TRY)}, true AS kept FROM pg_temp.{quoted(_KEPT)}) k "
            f"USING ({quoted(TRY)})"
        )
        if there != rows:
            raise FatalError(
                f"{self.staging}: {there:,} of {rows:,} staged rows are left. Nothing was "
                "published. Add --fresh to discard the run and start over"
            )
        if self.primary_key:
            self._check_keys(session)
        return bool(everything > there)

    def carry_out(self, session: Session, rows: int, *, others: bool) -> Published:
        """Insert or merge the rows, and forget which tries count.

        `others` says that rows of other tries were staged when that was last looked at.

        Raises:
            FatalError: the table has taken other than these rows. ValuesError: it refuses some.
        """
        if self.primary_key:
            published = self._merge(session, rows)
        else:
            added = self._append(session, rows, others=others)
            published = Published(rows=added, inserted=added)
        if published.rows != rows:
            raise FatalError(
                f"{self.target}: the table has taken {published.rows:,} of {rows:,} rows. A rule "
                "or a trigger of it has left out others, or staged rows are gone. Nothing of this "
                "run is in the table. Look at its triggers, then run again"
            )
        session.execute(f"DROP TABLE pg_temp.{quoted(_KEPT)}")
        return published

    @property
    def _rows(self) -> str:
        """The staged rows that count."""
        return f"{self.staging.sql} s JOIN pg_temp.{quoted(_KEPT)} k USING ({quoted(TRY)})"

    @property
    def _insert(self) -> str:
        names = listed(self.columns)
        chosen = listed(self.columns, "s.")
        return f"INSERT INTO {self.target.sql} ({names}) SELECT {chosen} FROM {self._rows}"

    def _append(self, session: Session, rows: int, *, others: bool) -> int:
        """Insert the rows, and return how many there were.

        Rows are not asked for their try unless there are others: all of them are as many as count,
        or a late try has come in between, and they are undone.
        """
        if not others:
            session.execute(f"SAVEPOINT {_UNDO}")
            into = f"INSERT INTO {self.target.sql} ({listed(self.columns)})"
            chosen = listed(self.columns)
            if session.count(f"{into} SELECT {chosen} FROM {self.staging.sql}") == rows:
                return rows
            session.execute(f"ROLLBACK TO SAVEPOINT {_UNDO}")
        return session.count(self._insert)

    def _merge(self, session: Session, rows: int) -> Published:
        """Insert what is new and update what is not; a table of keys only has nothing to update."""
        values = [name for name in self.columns if name not in self.primary_key]
        what = f"ON CONFLICT ({listed(self.primary_key)}) DO "
        if not values:
            inserted = session.count(f"{self._insert} {what} NOTHING")
            return Published(rows=rows, inserted=inserted, ignored=rows - inserted)
        changes = ", ".join(f"{quoted(name)} = excluded.{quoted(name)}" for name in values)
        # of a row that was there, xmax is the transaction that has locked it to update it: ours
        merged = f"{self._insert} {what} UPDATE SET {changes} RETURNING (xmax = 0) AS fresh"
        ((inserted, updated),) = session.rows(
            f"WITH merged AS ({merged}) SELECT count(*) FILTER (WHERE fresh), "
            "count(*) FILTER (WHERE NOT fresh) FROM merged"
        )
        return Published(rows=inserted + updated, inserted=inserted, updated=updated)

    def _check_keys(self, session: Session) -> None:
        keys = listed(self.primary_key)
        missing = " OR ".join(f"{quoted(name)} IS NULL" for name in self.primary_key)
        nulls = int(session.value(f"SELECT count(*) FROM {self._rows} WHERE {missing}"))
        if nulls:
            raise FatalError(
                f"sink.primary_key: {nulls:,} rows have a null in [{', '.join(self.primary_key)}]. "
                "Nothing was published. Reject such rows with a not_null check, then start over "
                "with --fresh"
            )
        texts = ", ".join(f"{quoted(name)}::text" for name in self.primary_key)
        double = session.rows(
            f"SELECT {texts}, count(*) OVER () FROM {self._rows} GROUP BY {keys} "
            f"HAVING count(*) > 1 ORDER BY {keys} LIMIT {_SHOWN}"
        )
        if double:
            count = int(double[0][-1])
            shown = "; ".join(", ".join(map(str, row[:-1])) for row in double)
            shown += "; …" if count > _SHOWN else ""
            shown = "not shown, private" if self.private & {*self.primary_key} else shown
            raise FatalError(
                f"sink.primary_key: {count:,} keys occur in several rows of this run, so it is not "
                f"known which of them counts. [{', '.join(self.primary_key)}] = {shown}. Nothing "
                "was published. Keep one row of each key, then start over with --fresh"
            )


def _reader(tries: Iterable[str]) -> pa.RecordBatchReader:
    schema = pa.schema({TRY: pa.string()})

    def batches() -> Iterator[pa.RecordBatch]:
        each = iter(tries)
        while some := list(itertools.islice(each, _TRIES_AT_ONCE)):
            yield pa.record_batch({TRY: pa.array(some, pa.string())}, schema=schema)

    return pa.RecordBatchReader.from_batches(schema, batches())


def kept_of(staged: Iterable[tuple[str, int]]) -> pl.DataFrame:
    """Return tries and their rows, compact: a run may have a million of them."""
    each = iter(staged)
    parts = [pl.DataFrame(schema={"try": pl.String, "rows": pl.Int64})]
    while some := list(itertools.islice(each, _TRIES_AT_ONCE)):
        parts.append(pl.DataFrame(some, schema={"try": pl.String, "rows": pl.Int64}, orient="row"))
    return pl.concat(parts)
