"""Where compiled code is.

Building it runs this module, too, which therefore imports nothing of ours.
"""

import hashlib
import sysconfig
from functools import cache
from pathlib import Path

SOURCE = Path(__file__).with_name("csv.c")


@cache
def library() -> Path:
    """Return where the library belongs that is made of the sources as they are, for this machine.

    Its name tells of both, so that none is loaded that was made of others or for another.
    """
    sources = [SOURCE, *sorted(SOURCE.parent.glob("*.h"))]
    made_of = hashlib.sha256(b"".join(file.read_bytes() for file in sources)).hexdigest()[:12]
    return SOURCE.with_name(f"csv-{made_of}-{sysconfig.get_platform()}.so")
