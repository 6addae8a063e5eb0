"""A connection to a database while it is open: statements, rows, copies, one transaction."""

import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, TypeVar

from ingest.core.errors import ConfigError, RetryableError
from ingest.storage.connections import PostgresConnection
from ingest.storage.postgres.errors import connecting_error, missing_library, statement_error
from ingest.storage.postgres.names import TableName
from ingest.storage.retrying import Retrying

if TYPE_CHECKING:
    import pyarrow as pa

T = TypeVar("T")


class Session:
    """One transaction after the other on one connection; `commit` ends one and begins the next."""

    def __init__(self, handle: Any, where: str) -> None:
        self._handle = handle
        self._where = where

    def execute(self, statement: str, *values: object) -> None:
        """Execute a statement that returns nothing; `$1` and so on stand for the values.

        Raises:
            RetryableError: the connection was lost, or somebody else holds a lock.
            ValuesError: it refuses values. StatementError: it refuses the statement.
        """
        with self._errors(), self._handle.cursor() as cursor:
            cursor.execute(statement, values or None)

    def rows(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        """Return the rows of a query; see `execute`."""
        with self._errors(), self._handle.cursor() as cursor:
            cursor.adbc_statement.set_options(**{"adbc.postgresql.use_copy": "false"})
            cursor.execute(statement, values or None)
            return list(cursor.fetchall())

    def count(self, statement: str, *values: object) -> int:
        """Execute a statement and return how many rows it has changed; see `execute`."""
        with self._errors(), self._handle.cursor() as cursor:
            cursor.execute(statement, values or None)
            return int(cursor.rowcount)

    def value(self, statement: str, *values: object) -> Any:
        """Return the one value of a query; see `execute`."""
        return self.rows(statement, *values)[0][0]

    def names(self, statement: str) -> list[str]:
        """Return the names of the columns of a query; see `execute`."""
        with self._errors(), self._handle.cursor() as cursor:
            return list(cursor.adbc_execute_schema(statement).names)

    @contextmanager
    def batches(self, statement: str) -> Iterator["pa.RecordBatchReader"]:
        """Open the rows of a query as Arrow; see `execute`. Its types are those of the library."""
        with self._errors(), self._handle.cursor() as cursor:
            cursor.execute(statement)
            yield cursor.fetch_record_batch()

    def copy(self, rows: "pa.Table | pa.RecordBatchReader", table: TableName | str) -> int:
        """Add rows to a table by COPY; to a temporary one, made for them, if it is a plain name.

        Returns how many there were; see `execute`.
        """
        with self._errors(), self._handle.cursor() as cursor:
            if isinstance(table, str):
                return int(cursor.adbc_ingest(table, rows, mode="create", temporary=True))
            return int(
                cursor.adbc_ingest(table.table, rows, mode="append", db_schema_name=table.schema)
            )

    def commit(self) -> None:
        """Commit. If the answer is lost, nobody knows whether it was: then a RetryableError."""
        with self._errors():
            self._handle.commit()

    def rollback(self) -> None:
        """Undo the transaction."""
        with self._errors():
            self._handle.rollback()

    @contextmanager
    def _errors(self) -> Iterator[None]:
        import adbc_driver_manager  # noqa: PLC0415

        try:
            yield
        except (adbc_driver_manager.Error, OSError) as error:
            raise statement_error(self._where, error) from error


@contextmanager
def session(connection: PostgresConnection, where: str = "") -> Iterator[Session]:
    """Open a session; what is not committed when it ends is undone.

    `where` begins errors: the database, if it is not told.

    Raises:
        ConfigError: the library is missing, or the server refuses who logs in.
        RetryableError: it does not answer.
    """
    try:
        import adbc_driver_manager  # noqa: PLC0415
        import adbc_driver_postgresql.dbapi  # noqa: PLC0415
    except ImportError:
        raise missing_library() from None
    try:
        handle = adbc_driver_postgresql.dbapi.connect(_told(connection))
    except adbc_driver_manager.Error as error:
        raise connecting_error(connection, error) from None
    try:
        yield Session(handle, where or connection.uri)
    finally:
        # a lost connection cannot be closed in peace, and nothing of it matters any more
        with warnings.catch_warnings(), suppress(adbc_driver_manager.Error, RuntimeError):
            warnings.simplefilter("ignore")
            handle.close()


def repeated(connection: PostgresConnection, transaction: Callable[[], T]) -> T:
    """Return what a transaction returns, which is tried again if the connection is lost.

    Raises:
        FatalError: it was given up. ConfigError if the server never answered.
    """
    again = Retrying(connection.max_tries)
    try:
        return again(transaction)
    except ConfigError as error:
        if isinstance(error.__cause__, RetryableError):
            text = f"{error.__cause__}. Check that the server runs and the network leads there"
            raise ConfigError(text) from error
        raise


def _told(connection: PostgresConnection) -> str:
    """Return what the library is told, with the secrets."""
    try:
        password = connection.password.resolve() if connection.password else ""
    except ConfigError as error:
        raise ConfigError(f"{connection.title}: password: {error}") from None
    told = {
        "host": connection.host,
        "port": connection.port,
        "dbname": connection.database,
        "user": connection.user,
        "sslmode": connection.sslmode,
        "connect_timeout": connection.connect_timeout_s,
        "application_name": "ingest",
        "client_encoding": "UTF8",
        "gssencmode": "disable",
        # a peer that is gone is noticed after a minute, also while it is to answer
        "keepalives_idle": 30,
        "keepalives_interval": 10,
        "keepalives_count": 3,
        "options": f"-c lock_timeout={connection.lock_timeout_s}s -c timezone=UTC "
        "-c search_path=pg_catalog -c datestyle=ISO",
    }
    if password:
        told["password"] = password
    if connection.sslmode.startswith("verify"):
        told["sslrootcert"] = connection.ca_file or "system"
    return " ".join(f"{key}={_escaped(str(value))}" for key, value in told.items())


def _escaped(value: str) -> str:
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


def in_turn(session: Session, statements: Sequence[str]) -> None:
    """Execute statements one after the other: the server takes only one at a time."""
    for statement in statements:
        session.execute(statement)
