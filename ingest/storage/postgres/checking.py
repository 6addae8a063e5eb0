"""What works in a database: each ability that ingest needs, tried and undone."""

from collections.abc import Callable, Iterator

import pyarrow as pa

from ingest.core.errors import IngestError
from ingest.storage.checking import Ability, TriedAbility
from ingest.storage.connections import PostgresConnection
from ingest.storage.postgres.names import TableName, quoted
from ingest.storage.postgres.session import Session, repeated, session

CONNECT = Ability("connect", "sources, sinks")
ENCRYPT = Ability("encrypt", "passwords and rows that others on the network must not read")
READ = Ability("read", "sources")
CREATE = Ability("create table", "sinks: staging tables, and tables that are not there yet")
COPY = Ability("copy", "sinks: rows are staged by COPY")
ABILITIES = (CONNECT, ENCRYPT, READ, CREATE, COPY)
_TABLE = "ingest_connection_test"


def try_database(
    connection: PostgresConnection, schema: str, *, read_only: bool = False
) -> Iterator[TriedAbility]:
    """Try what ingest needs, in order; what depends on a missing one is left out.

    All is undone. `schema` is where a table is created; if there is none of that name, it is
    created too, and the right to do so is what sinks need.

    Raises:
        ConfigError: the connection's secrets are missing.
    """
    try:
        opened = repeated(connection, lambda: _server(connection))
    except IngestError as error:
        yield TriedAbility(CONNECT, str(error))
        return
    yield TriedAbility(CONNECT, "" if opened >= 130_000 else f"version {opened}, 13 is the oldest")
    with session(connection) as here:
        yield _tried(ENCRYPT, lambda: _encrypted(here, connection))
        yield _tried(READ, lambda: _read(here))
        if read_only:
            return
        created = _tried(CREATE, lambda: _create(here, schema))
        yield created
        if not created.problem:
            yield _tried(COPY, lambda: _copy(here, schema))


def _tried(ability: Ability, attempt: Callable[[], str]) -> TriedAbility:
    try:
        return TriedAbility(ability, attempt())
    except IngestError as error:
        return TriedAbility(ability, str(error))


def _server(connection: PostgresConnection) -> int:
    with session(connection) as here:
        return int(here.value("SELECT current_setting('server_version_num')::int"))


def _encrypted(here: Session, connection: PostgresConnection) -> str:
    if connection.sslmode == "disable":
        local = connection.host in {"localhost", "127.0.0.1", "::1"}
        return "" if local else "sslmode is disable. Write sslmode: verify-full"
    ssl = here.value("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()")
    return "" if ssl else "the connection is not encrypted"


def _read(here: Session) -> str:
    return "" if here.value("SELECT 1") == 1 else "other rows than asked for"


def _create(here: Session, schema: str) -> str:
    if not here.value("SELECT count(*) FROM pg_namespace WHERE nspname = $1", schema):
        here.execute(f"CREATE SCHEMA {quoted(schema)}")
    here.execute(f"CREATE TABLE {TableName(schema, _TABLE).sql} (number bigint)")
    return ""


def _copy(here: Session, schema: str) -> str:
    table = TableName(schema, _TABLE)
    here.copy(pa.table({"number": [1, 2, 3]}), table)
    there = here.value(f"SELECT count(*) FROM {table.sql}")  # noqa: S608 - quoted
    return "" if there == 3 else f"3 rows were copied, and {there} are there"
