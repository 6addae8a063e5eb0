"""The system's own view of its processes, which limits of memory and leases are read off."""

import sys
from pathlib import Path

from ingest.core.errors import ConfigError


def require_proc() -> None:
    """Refuse to work where `/proc` is missing, as in some sandboxes.

    Raises:
        ConfigError: it is missing.
    """
    if sys.platform == "linux" and not Path("/proc/self/stat").exists():
        raise ConfigError(
            "/proc: not found: ingest reads the memory of workers there, and whether another "
            "process is running. Mount it: mount -t proc proc /proc"
        )
