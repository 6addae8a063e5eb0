"""Processes of this machine, told apart from all that there are and were elsewhere.

A number alone does not do that: it is used again, and every container counts for itself. A process
is known by the boot of its system, its PID namespace, its number, and when it began in ticks since
that boot, which no clock that is set changes.
"""

import os
import socket
from contextlib import suppress
from functools import cache
from pathlib import Path

from ingest.core.dataclass import dataclass

PROC = Path("/proc")


@dataclass(frozen=True, slots=True)
class Realm:
    """Where the number of a process means one and the same.

    `boot` and `namespace` are empty where the system does not tell them.
    """

    host: str
    boot: str = ""
    namespace: str = ""

    @classmethod
    def here(cls) -> "Realm":
        """Return the realm of this process."""
        return _here(PROC)

    def sees(self, other: "Realm") -> bool:
        """Whether a number of the other is a number of this one, as far as that is known."""
        return self == other and bool(self.boot and self.namespace)


@cache
def _here(proc: Path) -> Realm:
    boot = namespace = ""
    with suppress(OSError):
        boot = (proc / "sys/kernel/random/boot_id").read_text().strip()
        namespace = str((proc / "self/ns/pid").readlink())
    return Realm(socket.gethostname(), boot, namespace)


def began(pid: int) -> int:
    """Return when a process of this realm began, in ticks since the boot; 0 if it is not told."""
    status = look(pid)
    return status[1] if status else 0


def exists(pid: int) -> bool:
    """Whether there is a process of that number in this realm, also if it may not be looked at."""
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return True


def look(pid: int) -> tuple[str, int] | None:
    """Return the letter of a process's state and when it began; None if it may not be looked at."""
    try:
        after_name = (PROC / str(pid) / "stat").read_text(errors="replace").rpartition(")")[2]
        fields = after_name.split()
        return fields[0], int(fields[19])
    except (OSError, ValueError, IndexError):
        return None
