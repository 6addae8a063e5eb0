"""Where compiled code is, and whether it is there.

Building it runs this module, too, which therefore imports nothing that is not Python's.
"""

import ctypes
import hashlib
import os
import sysconfig
from functools import cache
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent
SOURCES = tuple(sorted(FOLDER.glob("*.c")))


@cache
def library() -> Path:
    """Return where the library belongs that is made of the sources as they are, for this machine.

    Its name tells of both, so that none is loaded that was made of others or for another.
    """
    files = [*SOURCES, *sorted(FOLDER.glob("*.h"))]
    made_of = hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:12]
    return FOLDER / f"ingest-{made_of}-{sysconfig.get_platform()}.so"


def is_there() -> bool:
    """Say whether it was built for this machine, and `INGEST_COMPILED=0` is not set."""
    return os.environ.get("INGEST_COMPILED") != "0" and load(library()) is not None


@cache
def load(path: Path) -> Any:
    """Return a library, None if that is not there or not for this machine."""
    try:
        return ctypes.CDLL(str(path))
    except OSError:
        return None
