"""A call in another process comes to what it comes to here."""

import subprocess
import sys

SCRIPT = """
import os
from ingest.core.beside import Beside
from ingest.core.errors import ConfigError, IngestError

here = os.getpid()

def refuse():
    raise ConfigError("a: wrong", "b: wrong")

def die():
    if os.getpid() != here:
        os._exit(3)
    return "here"

def unexpected():
    raise ValueError(os.getpid() == here)

calls = [Beside(call) for call in (os.getpid, refuse, die, unexpected)]
print(calls[0].result() != here)
for call in calls[1:]:
    try:
        print(call.result())
    except (IngestError, ValueError) as error:
        print(type(error).__name__, str(error).replace(chr(10), "; "))
try:
    os.waitpid(-1, 0)
except ChildProcessError:
    print("nobody is left")
"""


def test_what_is_returned_or_raised_comes_back_and_what_is_not_expected_happens_here() -> None:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=False
    )
    assert done.stdout.splitlines() == [
        "True",
        "ConfigError a: wrong; b: wrong",
        "here",
        "ValueError True",
        "nobody is left",
    ], done.stderr
