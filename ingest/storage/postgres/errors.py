"""What the server and its library say, as errors of ours: one line, without values of rows."""

import re

from ingest.core.errors import (
    ConfigError,
    FatalError,
    IngestError,
    JobError,
    RetryableError,
    ThrottledError,
)
from ingest.storage.connections import PostgresConnection

DUPLICATE_TABLE, DUPLICATE_OBJECT, DUPLICATE_SCHEMA = "42P07", "42710", "42P06"
UNIQUE, MISSING_TABLE = "23505", "42P01"
_LOST = frozenset({"57P01", "57P02", "57P03", "25P02"})
_CONFLICTS = frozenset({"40001", "40P01", "55P03"})
_CROWDED = "53300"
_GRANTS = {"42501": "Grant the role this right", "53100": "Free space on the server"}
_IO_STATUS = 10
"""How the library says that the connection failed, of which the server says nothing."""
_CREDENTIALS = re.compile(
    r"password authentication failed|no password supplied|authentication failed"
    r"|role \".*\" does not exist"
)
_CROWD = re.compile(r"too many (clients|connections)|remaining connection slots")
_ADVICE = [
    (re.compile(pattern), advice)
    for pattern, advice in (
        ("no pg_hba.conf entry", "Ask who runs the server to allow it in pg_hba.conf"),
        (
            "does not support SSL",
            "Turn on TLS at the server. For a server on this machine, write sslmode: disable",
        ),
        (
            "certificate|SSL error|SSL SYSCALL",
            "Name the file with the certificates of those who signed it: ca_file",
        ),
        ("does not exist|could not translate host name", "Correct the connection"),
    )
]


class StatementError(FatalError):
    """The server refuses a statement; `sqlstate` says in five characters why."""

    sqlstate = ""


class ValuesError(JobError):
    """The server refuses values; `sqlstate` says in five characters why."""

    sqlstate = ""


def connecting_error(connection: PostgresConnection, error: Exception) -> IngestError:
    """Return what it means that no connection could be made."""
    said = _said(error)
    text = f"{connection.title}: {connection.uri}: {said}"
    if _CROWD.search(said):
        return ThrottledError(text)
    if _CREDENTIALS.search(said):
        text += f". Logged in as {connection.user}, with {_looked_for(connection)}"
        return ConfigError(text)
    for pattern, advice in _ADVICE:
        if pattern.search(said):
            return ConfigError(f"{text}. {advice}")
    return RetryableError(text)


def statement_error(where: str, error: Exception) -> IngestError:
    """Return what it means that a statement failed; `where` is the database or the table."""
    state, said = str(getattr(error, "sqlstate", None) or ""), _said(error)
    silent = not state and getattr(error, "status_code", None) == _IO_STATUS
    text = f"{where}: {said}"
    if silent or state.startswith("08") or state in _LOST:
        return RetryableError(f"{where}: the connection was lost: {said}")
    if state in _CONFLICTS or state == _CROWDED:
        return (ThrottledError if state == _CROWDED else RetryableError)(text)
    kind = ValuesError if state[:2] in {"22", "23"} else StatementError
    made = kind(f"{text}. {_GRANTS[state]}" if state in _GRANTS else text)
    made.sqlstate = state
    return made


def missing_library() -> ConfigError:
    """Return what it means that the library is not installed."""
    return ConfigError(
        "type: postgres needs a package that is not installed. Install it with: "
        "pip install 'ingest[postgres]'"
    )


def _looked_for(connection: PostgresConnection) -> str:
    if connection.password is None:
        return (
            "the password of PGPASSWORD or ~/.pgpass, if there is one. Write the reference to one: "
            "password: {env: NAME}"
        )
    told = connection.password
    place = f"environment variable {told.env}" if told.env else f'the file "{told.file}"'
    return f"the password of {place}. Correct one of these"


def _said(error: Exception) -> str:
    """Return the server's own sentence: not its details, which contain values."""
    text = str(error)
    match = re.search(r"(?:ERROR|FATAL|PANIC):\s+([^\n]*)", text)
    if match is None:
        match = re.search(r"(?:port \d+ failed|\[libpq\][^:]*): ([^\n]*)", text)
    said = match[1] if match else text.strip().partition("\n")[0]
    return " ".join(re.sub(r"\. SQLSTATE: \w+$", "", said).split()).rstrip(".")
