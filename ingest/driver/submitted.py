"""One RayJob is one run, however often KubeRay tries it."""

import logging
from contextlib import suppress
from typing import Any

from ingest.core.errors import ConfigError, FatalError, Interrupted
from ingest.driver.recorded import read_history
from ingest.records.cancellation import Cancellation
from ingest.records.events import AttemptBegan
from ingest.records.holders import submission
from ingest.records.reader import Reader
from ingest.records.runs import Runs
from ingest.storage.objects import Store

log = logging.getLogger(__name__)

RUNS_LOOKED_AT = 20


def published_already(store: Store, job: str) -> dict[str, Any] | None:
    """Return the receipt of the run that an earlier attempt of this RayJob has published.

    An attempt may publish and be lost before KubeRay sees it end: the next one would read all of
    the input a second time. None if there is no such run, and outside of a RayJob.
    """
    own = submission()
    if not own:
        return None
    runs = Runs(store)
    for run_id in reversed(runs.of_job(job)[-RUNS_LOOKED_AT:]):
        with suppress(ConfigError, FatalError):  # the record of another run is damaged
            if runs.facts(run_id).get("submission") == own:
                if read_history(store, run_id).phase != "done":
                    return None
                log.warning("job %s: run %s of this submission is already published", job, run_id)
                return runs.receipt(run_id)
    return None


def refuse_cancelled(store: Store, job: str) -> None:
    """End this attempt if an earlier one of the same RayJob was cancelled.

    KubeRay tries it again all the same, up to `max_attempts` times; another RayJob resumes the run.

    Raises:
        Interrupted: it was.
    """
    own = submission()
    for run_id in Runs(store).of_job(job)[-1:] if own else ():
        with suppress(ConfigError, FatalError):  # its record is damaged; that is said elsewhere
            events = [event for _, event in Reader(store, run_id).follow()]
            begins = [event for event in events if isinstance(event, AttemptBegan)]
            if not begins or begins[-1].submission != own:
                return
            if by := Cancellation(store, run_id, begins[-1].number).by:
                text = "job %s: run %s was cancelled by %s. A new submission resumes it"
                log.warning(text, job, run_id, by)
                raise Interrupted
