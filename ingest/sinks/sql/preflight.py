"""What speaks against a target before anything runs: the server, the table's kind, the rights."""

from collections.abc import Iterator

from ingest.sinks.sql.ledger import TABLE
from ingest.sinks.sql.staging import exists
from ingest.storage.postgres.names import TableName, quoted
from ingest.storage.postgres.session import Session

_OLDEST = 130_000
_KINDS = {"v": "a view", "m": "a materialized view", "f": "a foreign table", "S": "a sequence",
          "i": "an index", "c": "a type"}  # fmt: skip


def problems(session: Session, target: TableName, schema: str, *, merges: bool) -> Iterator[str]:
    """Say why runs cannot be published to a table."""
    yield from _server(session)
    user, database = session.rows("SELECT current_user::text, current_database()::text")[0]
    yield from _rights_on_target(session, target, str(user), merges=merges)
    if _has_schema(session, schema):
        if not _may(session, "has_schema_privilege", schema, "CREATE, USAGE"):
            yield (
                f"staging_schema: {user} may not create tables in the schema {schema}. As its "
                f"owner: GRANT USAGE, CREATE ON SCHEMA {quoted(schema)} TO {quoted(user)}"
            )
        ledger = TableName(schema, TABLE)
        if exists(session, ledger) and not _may(
            session, "has_table_privilege", ledger.sql, "SELECT", "INSERT"
        ):
            yield (
                f"staging_schema: {user} may not read and insert into {ledger}. As its owner: "
                f"GRANT SELECT, INSERT ON {ledger.sql} TO {quoted(user)}"
            )
    elif not _may(session, "has_database_privilege", str(database), "CREATE"):
        yield (
            f"staging_schema: there is no schema {schema}, and {user} may not create one in "
            f"{database}. As its owner: CREATE SCHEMA {quoted(schema)} AUTHORIZATION {quoted(user)}"
        )


def _server(session: Session) -> Iterator[str]:
    version, encoding, standby = session.rows(
        "SELECT current_setting('server_version_num')::int, "
        "current_setting('server_encoding'), pg_is_in_recovery()"
    )[0]
    if version < _OLDEST:
        yield f"connection: the server has version {version // 10_000}. Use 13 or later"
    if encoding != "UTF8":
        yield f"connection: the database has the encoding {encoding}. Use one with UTF8"
    if standby:
        yield "connection: the server is a standby, which takes no rows. Name the primary"


def _rights_on_target(
    session: Session, target: TableName, user: str, *, merges: bool
) -> Iterator[str]:
    if not _has_schema(session, target.schema):
        yield (
            f"table: there is no schema {target.schema}. Create it: "
            f"CREATE SCHEMA {quoted(target.schema)}"
        )
        return
    if not _may(session, "has_schema_privilege", target.schema, "USAGE"):
        yield (
            f"table: {user} may not use the schema {target.schema}. As its owner: "
            f"GRANT USAGE ON SCHEMA {quoted(target.schema)} TO {quoted(user)}"
        )
        return
    kinds = session.rows(
        "SELECT relkind::text FROM pg_class WHERE oid = to_regclass($1::text)", target.sql
    )
    if not kinds:
        if not _may(session, "has_schema_privilege", target.schema, "CREATE"):
            yield (
                f"table: there is no {target}, and {user} may not create tables in the schema "
                f"{target.schema}. As its owner: GRANT CREATE ON SCHEMA "
                f"{quoted(target.schema)} TO {quoted(user)}"
            )
        return
    if (kind := kinds[0][0]) not in {"r", "p"}:
        yield f"table: {target} is {_KINDS.get(kind, 'no table')}. Use a table"
        return
    rights = ("SELECT", "INSERT", *(["UPDATE"] if merges else []))
    if not _may(session, "has_table_privilege", target.sql, *rights):
        yield (
            f"table: {user} may not {' and '.join(rights)} on {target}. As its owner: "
            f"GRANT {', '.join(rights)} ON {target.sql} TO {quoted(user)}"
        )


def _has_schema(session: Session, schema: str) -> bool:
    return bool(session.value("SELECT count(*) FROM pg_namespace WHERE nspname = $1", schema))


def _may(session: Session, function: str, what: str, *rights: str) -> bool:
    """Say whether the role has all of these rights."""
    single = [each.strip() for right in rights for each in right.split(",")]
    return all(session.value(f"SELECT {function}($1, $2)", what, right) for right in single)
