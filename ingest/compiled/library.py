"""Where compiled code is.

Building it runs this module, too, which therefore imports nothing of ours.
"""

import hashlib
import sysconfig
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent
SOURCES = tuple(FOLDER / name for name in ("csv.c", "texts.c"))


@cache
def library() -> Path:
    """Return where the library belongs that is made of the sources as they are, for this machine.

    Its name tells of both, so that none is loaded that was made of others or for another.
    """
    files = [*SOURCES, *sorted(FOLDER.glob("*.h"))]
    made_of = hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:12]
    return FOLDER / f"ingest-{made_of}-{sysconfig.get_platform()}.so"
