"""What the estimate of a run's time is based on: what the job's last published run took."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from math import inf
from typing import Any

from ingest.core.errors import IngestError
from ingest.job import Job
from ingest.records.runs import Runs
from ingest.storage.objects import Store
from ingest.transforms import TRANSFORMS
from ingest.workers.outlook import Outlook, Spent

_ODD = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)
"""What reading a receipt of another form ends with."""
LATEST = 3
"""So many runs are looked at, the newest first: one that failed left no receipt."""
LEAST_S = 1.0
"""Of a run that took less, most is what any run costs, however much it reads."""
LEAST_SHARE = 0.01
"""An earlier input is at least that part of this one, or what a partition costs is multiplied."""


def spent(job: Job, store: Store, made: Sequence[str]) -> Spent | None:
    """Return what the last published of a job's runs took; `made` are their ids, oldest first.

    None if there is none, if it says too little, or if the job had other steps. Reads one receipt,
    and fails for nothing: what cannot be read is no estimate.
    """
    runs = Runs(store)
    with suppress(IngestError, OSError, *_ODD):
        for run_id in reversed(made[-LATEST:]):
            if page := runs.receipt(run_id):
                return _told(job, run_id, page)
    return None


def expected(job: Job, outlook: Outlook, earlier: Spent | None) -> Outlook:
    """Return the outlook by what an earlier run took, or else with what it does not count."""
    if earlier and earlier.bytes >= outlook.bytes * LEAST_SHARE:
        return replace(outlook, spent=earlier)
    uncounted = [
        f"step {place} ({step.type})"
        for place, step in enumerate(job.transforms)
        if step.type == "python" or not TRANSFORMS.is_builtin(step.type)
    ]
    return replace(outlook, uncounted=tuple(uncounted))


def _told(job: Job, run_id: str, page: dict[str, Any]) -> Spent | None:
    steps = [book["step"] for book in page["books"] if book["step"][:1].isdigit()]
    seconds, size = (
        float(sum(page["seconds"]["workers"].values())),
        int(page["inputs"]["bytes"]),
    )
    if steps == job.steps and LEAST_S <= seconds < inf and size > 0:
        return Spent(run_id, round(seconds, 3), size)
    return None
