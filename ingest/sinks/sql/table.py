"""The target: what a table has of columns, keys and constraints, and whether rows go with it."""

from collections.abc import Collection, Iterator, Mapping, Sequence

import polars as pl

from ingest.core.dataclass import dataclass
from ingest.core.errors import RetryableError
from ingest.storage.postgres.errors import DUPLICATE_TABLE, UNIQUE, StatementError, ValuesError
from ingest.storage.postgres.names import TableName, listed, quoted
from ingest.storage.postgres.session import Session
from ingest.storage.postgres.types import holds, sql_type

_SHOWN = 5


@dataclass(frozen=True, slots=True)
class TableColumn:
    """A column of a table; `filled` says that the server gives it a value if a row has none."""

    kind: str
    filled: bool
    computed: bool
    not_null: bool


@dataclass(frozen=True, slots=True)
class Table:
    """A table as it is.

    `keys` are the columns of its unique indexes that rows can be merged by, `indexes` counts all
    unique ones. `reacts` says that it has triggers, rules, policies or constraints besides keys.
    """

    name: TableName
    kind: str
    columns: Mapping[str, TableColumn]
    keys: Sequence[frozenset[str]]
    indexes: int
    reacts: bool

    @classmethod
    def look(cls, session: Session, name: TableName) -> "Table | None":
        """Return the table of that name; None if there is none."""
        seen = session.rows(
            "SELECT c.oid::bigint, c.relkind::text, c.relhastriggers OR c.relhasrules "
            "OR c.relrowsecurity FROM pg_class c WHERE c.oid = to_regclass($1::text)",
            name.sql,
        )
        if not seen:
            return None
        oid, kind, reacts = seen[0]
        keys = [frozenset(names) for (names,) in session.rows(_KEYS, oid)]
        indexes, checks = session.rows(_REFUSING, oid)[0]
        return cls(
            name, str(kind), dict(_columns(session, oid)), keys, indexes, bool(reacts or checks)
        )

    def may_refuse(self, columns: Collection[str], primary_key: Sequence[str]) -> bool:
        """Say whether the table may refuse rows with these columns whose keys are unique."""
        own = frozenset(primary_key) in self.keys
        strict = {
            name
            for name, column in self.columns.items()
            if column.not_null and (name in columns or not column.filled)
        }
        return self.reacts or self.indexes > own or bool(strict - set(primary_key))

    def differences(self, schema: Mapping[str, pl.DataType], *, may_add: bool) -> Iterator[str]:
        """Say how the columns of rows do not go with those of the table."""
        lines = [*self._of_rows(schema, may_add=may_add), *self._of_table(schema)]
        yield from lines[:_SHOWN]
        if len(lines) > _SHOWN:
            yield f"columns: {len(lines) - _SHOWN} more differences"

    def merge_problems(self, primary_key: Sequence[str]) -> Iterator[str]:
        """Say why rows cannot be merged into the table by this key."""
        if self.kind == "p":
            yield (
                f"write_disposition: {self.name} is a partitioned table, of which PostgreSQL does "
                "not say which rows a merge updates. Use append, or a table that is not partitioned"
            )
        elif frozenset(primary_key) not in self.keys:
            there = "; ".join(sorted(", ".join(sorted(key)) for key in self.keys)) or "none"
            yield (
                f"primary_key: {self.name} has no unique index over [{', '.join(primary_key)}]. "
                f"Its unique indexes: {there}. Create one: CREATE UNIQUE INDEX ON {self.name.sql} "
                f"({listed(primary_key)})"
            )

    def _of_rows(self, schema: Mapping[str, pl.DataType], *, may_add: bool) -> Iterator[str]:
        for name, kind in schema.items():
            here = sql_type(kind)
            if name not in self.columns:
                if not may_add:
                    yield (
                        f'columns: "{name}" ({here}) is not in the table. Remove it with a select '
                        "step, or write schema_evolution: add_columns"
                    )
                continue
            there = self.columns[name]
            if there.computed:
                yield f'columns: "{name}" is computed by the table. Remove it with a select step'
            elif not holds(there.kind, here):
                yield (
                    f'columns: "{name}" is {here} here, {there.kind} in the table. Change it with '
                    "a cast step"
                )

    def _of_table(self, schema: Mapping[str, pl.DataType]) -> Iterator[str]:
        for name, column in self.columns.items():
            if name not in schema and not column.filled:
                yield (
                    f'columns: "{name}" ({column.kind}) of the table is missing here and has no '
                    "default. Add it with a derive step, as null if necessary: CAST(NULL AS …)"
                )


def create(
    session: Session,
    name: TableName,
    schema: Mapping[str, pl.DataType],
    primary_key: Sequence[str],
) -> None:
    """Create the table for these columns, in the transaction of the run.

    Raises:
        RetryableError: somebody else has created it meanwhile.
    """
    parts = [f"{quoted(column)} {sql_type(kind)}" for column, kind in schema.items()]
    if primary_key:
        parts.append(f"PRIMARY KEY ({listed(primary_key)})")
    try:
        session.execute(f"CREATE TABLE {name.sql} ({', '.join(parts)})")
    except (StatementError, ValuesError) as error:
        if error.sqlstate in {DUPLICATE_TABLE, UNIQUE}:  # of the server's own list of tables
            raise RetryableError(f"{name}: another program has created the table now") from error
        raise


def add_columns(session: Session, table: Table, schema: Mapping[str, pl.DataType]) -> None:
    """Add the columns that the table does not have, null in its rows."""
    for column, kind in schema.items():
        if column not in table.columns:
            session.execute(
                f"ALTER TABLE {table.name.sql} ADD COLUMN {quoted(column)} {sql_type(kind)}"
            )


def _columns(session: Session, oid: int) -> Iterator[tuple[str, TableColumn]]:
    for name, kind, default, identity, generated, not_null in session.rows(_COLUMNS, oid):
        computed = bool(generated) or identity == "a"
        filled = computed or bool(default or identity)
        yield str(name), TableColumn(str(kind), filled, computed, bool(not_null))


_COLUMNS = """
    SELECT attname::text, format_type(atttypid, atttypmod), atthasdef, attidentity::text,
           attgenerated::text, attnotnull
    FROM pg_attribute WHERE attrelid = $1::bigint::oid AND attnum > 0 AND NOT attisdropped
    ORDER BY attnum
"""
# what ON CONFLICT can go by: a whole index over plain columns, checked at once
_KEYS = """
    SELECT array_agg(a.attname::text)
    FROM pg_index i CROSS JOIN LATERAL unnest(i.indkey::int2[]) WITH ORDINALITY AS k(number, place)
    JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.number
    WHERE i.indrelid = $1::bigint::oid AND i.indisunique AND i.indisvalid AND i.indimmediate
      AND i.indpred IS NULL AND i.indexprs IS NULL AND k.place <= i.indnkeyatts
    GROUP BY i.indexrelid
"""
_REFUSING = """
    SELECT (SELECT count(*) FROM pg_index WHERE indrelid = $1::bigint::oid AND indisunique),
           (SELECT count(*) FROM pg_constraint WHERE conrelid = $1::bigint::oid
            AND contype IN ('c', 'f', 'x', 't'))
"""
