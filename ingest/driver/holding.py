"""Holding a job and the place it publishes to, so that nobody else works on them meanwhile."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager

from ingest.core.stop import at_once
from ingest.core.storage import Store
from ingest.job import Job
from ingest.records.lease import Lease, Observer
from ingest.records.targets import Target


@contextmanager
def leases(store: Store, job: Job, stop: threading.Event | None = None) -> Iterator[list[Lease]]:
    """Hold the job and the place it publishes to; `stop` interrupts the wait for them.

    Raises:
        LeaseHeldError: another run has one of them.
    """
    target = Target(store, job.sink.uri)
    facts = {"job": job.name, "sink": job.sink.uri}
    wanted = {
        f"jobs/{job.name}/lease": f'job "{job.name}"',
        target.folder: f"sink {job.sink.uri}",
    }
    observer = Observer(store, ttl_s=job.execution.lease_s)
    with ExitStack() as held:
        with at_once(stop or threading.Event()):
            for folder in wanted:  # so that a dead holder of both is waited for only once
                observer.last(folder)
            taken = [
                held.enter_context(Lease.acquire(store, folder, what, facts, observer))
                for folder, what in wanted.items()
            ]
        yield taken


def check(held: Sequence[Lease]) -> None:
    """Look whether another run has taken over while this process slept: two would go on at once.

    Raises:
        FencedError: one has.
    """
    for lease in held:
        lease.check()
