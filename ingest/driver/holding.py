"""Holding a job and the place it publishes to, so that nobody else works on them meanwhile."""

import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager

from ingest.core.errors import Interrupted
from ingest.core.stop import at_once
from ingest.job import Job
from ingest.records.holders import Holder, submission
from ingest.records.lease import Lease, LeaseHeldError, Observer
from ingest.records.succession import Succession
from ingest.records.targets import Target
from ingest.storage.objects import Store

log = logging.getLogger(__name__)

ASK_AGAIN_S = 2.0
"""How long to wait before it is looked again whether a job is still running."""


class JobRunningError(LeaseHeldError):
    """The job is running: another process holds its lease."""


def same_submission(holder: Holder) -> bool:
    """Say whether a holder is an earlier attempt of the RayJob that this process belongs to.

    KubeRay may begin the next attempt while the last one is still ending.
    """
    return bool(holder.submission) and holder.submission == submission()


@contextmanager
def leases(
    store: Store,
    job: Job,
    stop: threading.Event | None = None,
    run_id: str | None = None,
    waits: Callable[[Holder], bool] = same_submission,
) -> Iterator[list[Lease]]:
    """Hold the job and the places it may publish to; `stop` interrupts the wait for them.

    With `run_id` that is also where this run publishes. While the job is running, it is waited for
    holders that `waits` says so of.

    Raises:
        JobRunningError: the job is running, and is not waited for.
        LeaseHeldError: another run has one of the places.
    """
    stop = stop or threading.Event()
    own = f"jobs/{job.name}/lease"
    observer = Observer(store, ttl_s=job.execution.lease_s)
    with ExitStack() as held:

        def take(folder: str, what: str, sink: str) -> Lease:
            facts = {"job": job.name, "sink": sink}
            return held.enter_context(Lease.acquire(store, folder, what, facts, observer))

        with at_once(stop):
            for folder in (
                own,
                *(Target(store, uri).folder for uri in _targets(store, job, run_id)),
            ):
                observer.last(folder)  # so that a dead holder of several is waited for only once
            what = f'job "{job.name}"'
            taken = [_patiently(lambda: take(own, what, job.sink.uri), what, stop, waits)]
            taken += [  # asked again: now the job's runs stay as they are
                take(Target(store, uri).folder, f"sink {uri}", uri)
                for uri in _targets(store, job, run_id)
            ]
        yield taken


def _patiently(
    take: Callable[[], Lease], what: str, stop: threading.Event, waits: Callable[[Holder], bool]
) -> Lease:
    """Take the job's own lease, as soon as it is free if its holder is to be waited for."""
    told = ""
    while True:
        try:
            return take()
        except LeaseHeldError as error:
            if error.holder is None or not waits(error.holder):
                raise JobRunningError(*error.args, holder=error.holder) from None
            if told != str(error.holder):
                told = str(error.holder)
                log.warning("%s: waiting for %s to finish", what, told)
        if stop.wait(ASK_AGAIN_S):
            raise Interrupted


def check(held: Sequence[Lease]) -> None:
    """Look whether another run has taken over while this process slept: two would work at once.

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
