"""Small write-once objects, as the state is made of: what every place for it promises."""

import shlex
from pathlib import Path
from typing import Protocol

STATE = ".ingest"
"""Where runs are recorded, unless a job says otherwise."""


def state_option(state: str, connection: str | None = None) -> str:
    """Return what a command that is told to the user needs to find a run in this state.

    `connection` is the name of the one that the state is reached by, if it has one.
    """
    usual = state in {STATE, str(Path(STATE).absolute())}
    place = "" if usual else f" --state {shlex.quote(state)}"
    return f"{place} --state-connection {connection}" if connection else place


class Store(Protocol):
    """Objects by name; names have `/` in them, like paths.

    A `create` that returned is durable and complete: no reader ever sees half an object.

    Besides what is named below, every method raises `FatalError` where the storage fails, has been
    taken away or is full, and `ConfigError` where it refuses this user from the beginning.
    """

    def uri(self, name: str = "") -> str:
        """Return where an object is, for people."""
        ...

    def create(self, name: str, data: bytes) -> bool:
        """Write an object only if there is none of that name; say whether it was written."""
        ...

    def replace(self, name: str, data: bytes) -> None:
        """Write an object whether or not there is one: for heartbeats, and nothing else.

        Not whole, not durable: a reader may see it empty, torn or as it was. Of a heartbeat that is
        a change like any other, or none.
        """
        ...

    def read(self, name: str) -> bytes:
        """Return an object whole.

        Raises:
            FileNotFoundError: there is none of that name.
        """
        ...

    def exists(self, name: str) -> bool:
        """Say whether there is an object of that name."""
        ...

    def names(self, folder: str) -> list[str]:
        """Return the names in a folder, without the folder, sorted; empty if there is none."""
        ...

    def size(self, name: str) -> int:
        """Return the bytes of an object, or of all in a folder; 0 if there is none."""
        ...

    def remove(self, name: str) -> None:
        """Remove an object, or a folder with all in it; harmless if there is none.

        Only for what no run needs any more. May be undone by a power cut, and is not one step: who
        reads meanwhile may see a part of a folder.
        """
        ...
