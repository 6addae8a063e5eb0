"""Holding a job and the place it publishes to, so that nobody else works on them meanwhile."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager

from ingest.core.stop import at_once
from ingest.job import Job
from ingest.records.lease import Lease, Observer
from ingest.records.succession import Succession
from ingest.records.targets import Target
from ingest.storage.objects import Store


@contextmanager
def leases(
    store: Store, job: Job, stop: threading.Event | None = None, run_id: str | None = None
) -> Iterator[list[Lease]]:
    """Hold the job and the places it may publish to; `stop` interrupts the wait for them.

    With `run_id` that is also where this run publishes.

    Raises:
        LeaseHeldError: another run has one of them.
    """
    own = f"jobs/{job.name}/lease"
    observer = Observer(store, ttl_s=job.execution.lease_s)
    with ExitStack() as held:

        def take(folder: str, what: str, sink: str) -> Lease:
            facts = {"job": job.name, "sink": sink}
            return held.enter_context(Lease.acquire(store, folder, what, facts, observer))

        with at_once(stop or threading.Event()):
            for folder in (
                own,
                *(Target(store, uri).folder for uri in _targets(store, job, run_id)),
            ):
                observer.last(folder)  # so that a dead holder of several is waited for only once
            taken = [take(own, f'job "{job.name}"', job.sink.uri)]
            taken += [  # asked again: now the job's runs stay as they are
                take(Target(store, uri).folder, f"sink {uri}", uri)
                for uri in _targets(store, job, run_id)
            ]
        yield taken


def check(held: Sequence[Lease]) -> None:
    """Look whether another run has taken over while this process slept: two would go on at once.

    Raises:
        FencedError: one has.
    """
    for lease in held:
        lease.check()


def _targets(store: Store, job: Job, run_id: str | None) -> list[str]:
    """Return where the job publishes, and where runs do that may have to be finished first."""
    succession = Succession(store, job.name)
    uris = [job.sink.uri, *succession.publishing().values()]
    if run_id and (recorded := succession.outputs(run_id).get("main")):
        uris.append(recorded)
    return list(dict.fromkeys(uris))
