"""Run a job and stop this very process (SIGSTOP) before the first file operation that matches.

Called as `python -m tests.recovery.stopping PATTERN ARGUMENTS`, in the folder of the job. Several
patterns with ` then ` between them match one after the other.
"""

import os
import re
import signal
import sys
from pathlib import Path

from ingest.commands.base import guarded
from ingest.commands.run import main
from tests.injectors.disk import FileFaults


def stopping(pattern):
    """Return a fault that stops this process, once."""
    awaited = pattern.split(" then ")

    def stop(operation):
        if awaited and re.search(awaited[0], operation):
            del awaited[0]
            if not awaited:
                os.kill(os.getpid(), signal.SIGSTOP)

    return stop


if __name__ == "__main__":
    with FileFaults(Path.cwd(), 1, stopping(sys.argv[1])):
        code = guarded(main, sys.argv[2:])
    sys.exit(code)
