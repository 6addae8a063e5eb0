"""A real browser, and the page that it looks at."""

import shutil
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

PROGRAMS = ("chromium-headless-shell", "chromium", "google-chrome")
INGEST = str(Path(sys.executable).with_name("ingest"))


def program():
    """Return the path of the browser, or None."""
    return next(filter(None, map(shutil.which, PROGRAMS)), None)


@contextmanager
def served(state):
    """Serve the page of a state by the command; yield its address."""
    command = [INGEST, "ui", "--port", "0", "--state", str(state)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process.stdout.readline().split()[0]
        finally:
            process.terminate()
            process.wait(10)
