"""How long the whole job takes, judging by a sample of its partitions."""

import heapq
import time
from collections.abc import Iterable

import psutil

from ingest.core.dataclass import dataclass
from ingest.core.errors import FatalError
from ingest.core.proc import require_proc
from ingest.job import Job
from ingest.records.history import History
from ingest.records.reader import Reader
from ingest.records.runs import Runs
from ingest.storage.objects import open_store

STARTS_S = {"processes": 0.05, "local": 3.0, "address": 1.5, "inline": 0.0, "kuberay": 90.0}
"""From the frozen plan to the first worker at work, where no run of the job is on record: 2 cores,
a Ray of one's own and one that is running already; on Kubernetes, nodes have to start."""
RUNS_LOOKED_AT = 3


@dataclass(frozen=True, slots=True)
class Start:
    """What passes before the first partition is worked, in seconds, and how that is known.

    `ready_s` is this very process, from its start to the plan; `workers_s` is what workers take.
    """

    ready_s: float
    workers_s: float
    known_from: str

    @property
    def seconds(self) -> float:
        """Both together."""
        return self.ready_s + self.workers_s


def start(job: Job, cluster: str) -> Start:
    """Return what a run of the job takes to start on a type of cluster.

    By its last run there, if there is one on record.
    """
    require_proc()
    ready_s = time.time() - psutil.Process().create_time()
    if cluster != "inline" and (found := _last_run(job, cluster)):
        run_id, first_s = found
        return Start(ready_s, first_s, f"as in run {run_id}")
    return Start(ready_s, STARTS_S[cluster], "typical: no such run is recorded")


def makespan(seconds: Iterable[float], workers: int) -> float:
    """Return how long so many workers take if the longest partitions come first, as they do."""
    busy = [0.0] * workers
    for each in sorted(seconds, reverse=True):
        heapq.heappush(busy, heapq.heappop(busy) + each)
    return max(busy)


def _last_run(job: Job, cluster: str) -> tuple[str, float] | None:
    """Return the last run that started so, and what its workers took before they could begin."""
    store = open_store(job.state, job.state_connection)
    runs = Runs(store)
    for run_id in reversed(runs.of_job(job.name)[-RUNS_LOOKED_AT:]):
        try:
            history = History.of(Reader(store, run_id).events())
        except FatalError:
            continue
        totals, first_s = history.totals, history.timings.get("first_outcome")
        alike = history.cluster.partition(" ")[0] == cluster
        if alike and first_s is not None and history.attempt == 1 and totals.partitions:
            return run_id, max(0.0, first_s - sum(totals.seconds.values()) / totals.partitions)
    return None
