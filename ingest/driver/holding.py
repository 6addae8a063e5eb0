"""Holding a job and the place it publishes to, so that nobody else works on them meanwhile."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress

from ingest.core.errors import ConfigError, FatalError
from ingest.core.stop import at_once
from ingest.core.storage import Store
from ingest.job import Job
from ingest.records.lease import Lease, Observer
from ingest.records.runs import Runs
from ingest.records.targets import Target


@contextmanager
def leases(store: Store, job: Job, stop: threading.Event | None = None) -> Iterator[list[Lease]]:
    """Hold the job and the places it may publish to; `stop` interrupts the wait for them.

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
            for folder in (own, *(Target(store, uri).folder for uri in _targets(store, job))):
                observer.last(folder)  # so that a dead holder of several is waited for only once
            taken = [take(own, f'job "{job.name}"', job.sink.uri)]
            taken += [  # asked again: now the job's last run stays the last
                take(Target(store, uri).folder, f"sink {uri}", uri) for uri in _targets(store, job)
            ]
        yield taken


def check(held: Sequence[Lease]) -> None:
    """Look whether another run has taken over while this process slept: two would go on at once.

    Raises:
        FencedError: one has.
    """
    for lease in held:
        lease.check()


def _targets(store: Store, job: Job) -> list[str]:
    """Return where the job publishes, and where its unfinished run does, if that is elsewhere."""
    uris = [job.sink.uri]
    runs = Runs(store)
    for run_id in runs.of_job(job.name)[-1:]:
        with suppress(ConfigError, FatalError):  # whoever opens the run says what is wrong with it
            recorded = runs.facts(run_id).get("places", {}).get("main")
            if recorded and recorded not in uris and not runs.has_receipt(run_id):
                uris.append(str(recorded))
    return uris
