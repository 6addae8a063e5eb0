"""Run a job and stop this very process (SIGSTOP) before the first file operation that matches.

Called as `python -m tests.recovery.stopping PATTERN ARGUMENTS`, in the folder of the job.
"""

import os
import re
import signal
import sys
from pathlib import Path

from ingest.command import guarded
from ingest.run import main
from ingest.testing.disk import FileFaults


def stopping(pattern):
    """Return a fault that stops this process, once."""
    stopped = []

    def stop(operation):
        if not stopped and re.search(pattern, operation):
            stopped.append(operation)
            os.kill(os.getpid(), signal.SIGSTOP)

    return stop


if __name__ == "__main__":
    with FileFaults(Path.cwd(), 1, stopping(sys.argv[1])):
        code = guarded(main, sys.argv[2:])
    sys.exit(code)
