"""The one state of a database that a run reads: held open by the driver while it lives.

A snapshot can be taken part in only while the transaction that made it is open. It ends with the
process that planned the run, so that no later attempt can read the rest of the same state.
"""

import os
import weakref
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from ingest.core.dataclass import dataclass
from ingest.core.errors import StalePlanError
from ingest.storage.connections import PostgresConnection
from ingest.storage.postgres.errors import StatementError, ValuesError
from ingest.storage.postgres.session import Session, session

_GONE = frozenset({"22023", "55000"})
"""How the server says that there is no such snapshot, or none that can be used here."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """An open transaction, and the name by which others read the same state."""

    name: str
    session: Session


_HELD: dict[int, tuple[Snapshot, Callable[[], None]]] = {}


def held(owner: Any, connection: PostgresConnection) -> Snapshot:
    """Return the snapshot of an object, which is held until the object is gone.

    Raises:
        ConfigError, RetryableError: the server does not let in, or does not answer.
    """
    if id(owner) not in _HELD:
        exits, pid, key = ExitStack(), os.getpid(), id(owner)
        here = exits.enter_context(session(connection))
        here.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        here.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
        name = str(here.value("SELECT pg_export_snapshot()"))

        def release() -> None:
            if os.getpid() == pid:  # a forked child must not end the connection of its parent
                _HELD.pop(key, None)
                exits.close()

        _HELD[key] = (Snapshot(name, here), release)
        weakref.finalize(owner, release)
    return _HELD[id(owner)][0]


def dropped(owner: Any) -> None:
    """Let go of the snapshot of an object: its connection was lost, or its transaction failed."""
    if id(owner) in _HELD:
        _HELD[id(owner)][1]()


@contextmanager
def taken_part(connection: PostgresConnection, name: str, where: str) -> Iterator[Session]:
    """Open a session that reads a snapshot that somebody holds.

    Raises:
        StalePlanError: it is gone.
    """
    with session(connection, where) as here:
        here.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        # the same rows in the same order each time
        here.execute("SET LOCAL synchronize_seqscans = off")
        here.execute("SET LOCAL max_parallel_workers_per_gather = 0")
        try:
            here.execute(f"SET TRANSACTION SNAPSHOT '{name}'")
        except (StatementError, ValuesError) as error:
            if error.sqlstate in _GONE or "snapshot" in str(error):
                raise gone(where) from error
            raise
        yield here


def gone(where: str) -> StalePlanError:
    """Return the error of a run whose snapshot is gone before all of it was read."""
    return StalePlanError(
        f"{where}: the snapshot that this run reads is gone: it ends with the process that planned "
        "the run. What is not read yet may have changed, and a run must not mix two states. Run "
        "the job again with --fresh: it starts over with a new snapshot"
    )
