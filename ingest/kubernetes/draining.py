"""Ending the run in a pod in order, before the pod is taken away."""

import contextlib
import os

import psutil

from ingest.records.holders import SUBMISSION

MODULE = "ingest.run"


def drain(seconds: float) -> int:
    """Ask the drivers of this pod's Ray job to stop, and wait; return how many there were.

    They finish running partitions, as after Ctrl-C. What has not ended in time is left as it is:
    the pod's own end comes next. Outside of a Ray job, nothing is stopped.
    """
    own = os.environ.get(SUBMISSION, "")
    drivers = [process for process in psutil.process_iter() if own and _is_driver(process, own)]
    for process in drivers:
        with contextlib.suppress(psutil.Error):
            process.terminate()
    psutil.wait_procs(drivers, timeout=seconds)
    return len(drivers)


def _is_driver(process: psutil.Process, own: str) -> bool:
    """Say whether a process is `python -m ingest.run` of a Ray cluster, and no shell around it."""
    try:
        words = process.cmdline()
        return words[1:3] == ["-m", MODULE] and process.environ().get(SUBMISSION) == own
    except psutil.Error:
        return False
