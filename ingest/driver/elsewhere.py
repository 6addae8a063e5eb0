"""Unfinished runs of a job to other outputs than the one that is asked for."""

from collections.abc import Iterator
from contextlib import suppress

from ingest.core.errors import FatalError
from ingest.driver.places import outputs_of
from ingest.driver.recorded import as_written, read_history
from ingest.job import Job
from ingest.records.history import DOOMED
from ingest.records.runs import Runs
from ingest.records.succession import Succession
from ingest.storage.objects import Store
from ingest.storage.store import state_option


def half_published(job: Job, store: Store, succession: Succession) -> tuple[str, str]:
    """Return a run that has to be finished before the job plans again, and where it publishes.

    Raises:
        FatalError: its ledger is damaged.
    """
    for run_id, uri in succession.publishing().items():
        if succession.meets(run_id, outputs_of(job)):
            continue  # it comes right before the run that is asked for
        if read_history(store, run_id).phase == "committed":
            return run_id, uri
    return "", ""


def led_elsewhere(job: Job, store: Store, succession: Succession) -> Iterator[str]:
    """Yield the runs whose output is written as this one but was another place: from here, say.

    The folder is another, or a link on the way. That may be a mistake, which a trial with another
    `sink.path` is not.
    """
    for run_id in _since(job, succession):
        with suppress(FatalError):  # what cannot be read is left alone
            if _written(as_written(Runs(store), run_id)) == _written(job):
                yield run_id


def kept(job: Job, store: Store, succession: Succession, besides: str = "") -> list[str]:
    """Say which run to another output is left alone: the newest made since the last to this one.

    It is said once; from then on they are listed by `ingest status`.
    """
    planned = [
        run_id
        for run_id in _since(job, succession)
        if run_id != besides and _phase(store, run_id) == "planned"
    ]
    if not planned:
        return []
    uri, more = succession.outputs(planned[0]).get("main", ""), len(planned) - 1
    here = state_option(store.uri(), job.state_connection_name)
    note = f"Run {planned[0]} to {uri} is unfinished and was kept. "
    if read_history(store, planned[0]).failure in DOOMED:
        note += f"What to do about it: ingest status {planned[0]}{here}"
    else:
        note += f"To resume it: ingest resume {planned[0]}{here}"
    return [note + (f" ({more} more: ingest status{here})" if more else "")]


def _since(job: Job, succession: Succession) -> Iterator[str]:
    outputs = outputs_of(job)
    last = succession.last(outputs)
    return (run_id for run_id in succession.elsewhere(outputs) if run_id > last)


def _phase(store: Store, run_id: str) -> str:
    with suppress(FatalError):  # who resumes it is told
        return read_history(store, run_id).phase
    return ""


def _written(job: Job) -> object:
    return job.sink.model_dump(include={"path"})
