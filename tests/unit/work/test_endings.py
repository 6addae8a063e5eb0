import os
import signal
from pathlib import Path

import pytest

from ingest.work.endings import ending

SEGFAULT = """Fatal Python error: Segmentation fault

Thread 0x00007f1f3b7fe6c0 (most recent call first):
  File "/site/ingest/workers/memory.py", line 70 in _watch

Current thread 0x00007f1f3c1a5080 (most recent call first):
  File "{here}/jobs/flights/functions.py", line 12 in score
  File "/site/ingest/transforms/python.py", line 99 in apply
"""


@pytest.mark.parametrize(
    ("status", "words", "oom_killed", "cause", "reason"),
    [
        (3 << 8, "", False, "lost_worker", "the worker's process ended with exit code 3"),
        (signal.SIGKILL, "", False, "lost_worker", "the worker's process ended with SIGKILL"),
        (
            signal.SIGKILL, "", True, "out_of_memory",
            "the system killed the worker's process because memory ran out",
        ),
        (signal.SIGSEGV, "", True, "lost_worker", "the worker's process ended with SIGSEGV"),
        (40, "", False, "lost_worker", "the worker's process ended with signal 40"),
        (
            signal.SIGSEGV, SEGFAULT.format(here=Path.cwd()), False, "lost_worker",
            "the worker's process ended with SIGSEGV in score (jobs/flights/functions.py:12)",
        ),
        (
            signal.SIGSEGV, SEGFAULT.format(here="/else"), False, "lost_worker",
            "the worker's process ended with SIGSEGV in score (/else/jobs/flights/functions.py:12)",
        ),
        (
            signal.SIGABRT, "x\nmemory allocation of 1099511627776 bytes failed\n", False,
            "out_of_memory",
            "asked for 1.0TiB of memory at once, more than the worker's share",
        ),
        (
            signal.SIGABRT, "terminate called after throwing 'std::bad_alloc'", False,
            "out_of_memory", "the worker asked for more memory than its share",
        ),
    ],
)  # fmt: skip
def test_an_end_is_told_by_how_it_was_and_what_was_said(status, words, oom_killed, cause, reason):
    how = ending(status, words, oom_killed=oom_killed)

    assert (how.cause, how.reason) == (cause, reason)


def test_the_status_is_that_of_the_system():
    pid = os.posix_spawn("/bin/sh", ["sh", "-c", "kill -9 $$"], {})

    how = ending(os.waitpid(pid, 0)[1], "", oom_killed=False)

    assert how.reason == "the worker's process ended with SIGKILL"
