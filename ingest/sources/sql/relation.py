"""What rows are selected from: a table, a view or a query, and what the server knows of it."""

from ingest.core.dataclass import dataclass
from ingest.core.errors import ConfigError
from ingest.storage.postgres.names import TableName, quoted
from ingest.storage.postgres.session import Session


@dataclass(frozen=True, slots=True)
class Relation:
    """A table or view by its name, or else a query; `database` is the URI of where it is."""

    database: str
    table: str | None
    query: str | None

    @property
    def option(self) -> str:
        """The option of the source that names it."""
        return "table" if self.table else "query"

    @property
    def rows(self) -> str:
        """What to select from: its rows are `q`."""
        if self.table is not None:
            return f"{TableName.parse(self.table).sql} q"
        return f"({self.query}) q"

    def size(self, session: Session) -> int:
        """Return about how many bytes there are; of what has no size of its own, they are counted.

        Raises:
            ConfigError: there is no such table.
        """
        if self.table is not None:
            kind, size = self._look(session)
            if kind in {"r", "p", "m"}:
                return size
        size = session.value(
            f"SELECT coalesce(sum(pg_column_size(q.*)), 0)::bigint FROM {self.rows}"
        )
        return int(size)

    def kinds(self, session: Session) -> dict[str, str]:
        """Return the columns and their SQL types; those of queries without their lengths.

        Raises:
            ConfigError: two columns of a query have the same name.
        """
        if self.table is not None:
            return dict(
                session.rows(
                    "SELECT attname::text, format_type(atttypid, atttypmod) FROM pg_attribute "
                    "WHERE attrelid = to_regclass($1::text) AND attnum > 0 AND NOT attisdropped "
                    "ORDER BY attnum",
                    TableName.parse(self.table).sql,
                )
            )
        names = session.names(f"SELECT * FROM {self.rows} LIMIT 0")
        if len(set(names)) < len(names):
            raise ConfigError("query: two columns have the same name. Give one another with AS")
        kinds = ", ".join(f"pg_typeof(q.{quoted(name)})::text" for name in names)
        asked = f"SELECT {kinds} FROM (SELECT) one LEFT JOIN ({self.query} LIMIT 0) q ON true"
        return dict(zip(names, session.rows(asked)[0], strict=True))

    def order(self, session: Session, column: str) -> str:
        """Return the order of rows by a column, as SQL, the same however they are cut."""
        ties = ""
        if self.table is not None:
            kind = self._look(session)[0]
            # a row's own place, where there is one: comparing whole rows costs more
            ties = {"r": ", q.ctid", "m": ", q.ctid", "p": ", q.tableoid, q.ctid"}.get(kind, "")
        return f" ORDER BY q.{quoted(column)}{ties or ', q::text'}"

    def _look(self, session: Session) -> tuple[str, int]:
        """Return what kind of table it is, and its bytes.

        Raises:
            ConfigError: there is no such table.
        """
        seen = session.rows(
            "SELECT relkind::text, CASE relkind WHEN 'p' THEN (SELECT sum(pg_table_size(relid)) "
            "FROM pg_partition_tree(oid))::bigint ELSE pg_table_size(oid) END FROM pg_class "
            "WHERE oid = to_regclass($1::text)",
            TableName.parse(str(self.table)).sql,
        )
        if not seen:
            raise ConfigError(f'table: there is no table "{self.table}" in {self.database}')
        return str(seen[0][0]), int(seen[0][1] or 0)
