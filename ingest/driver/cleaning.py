"""What can go of a state: old runs, and what dead ones have staged. Changes nothing.

What stays is the last run that a job has published to a place (baselines and the search for repeats
read it), what is committed and not finished, and what is unfinished.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from ingest.core.counts import counted
from ingest.core.dataclass import dataclass
from ingest.core.errors import FatalError, IngestError
from ingest.driver.removing import Old, Removal, Was
from ingest.records.endings import closed, ending
from ingest.records.history import DOOMED, History
from ingest.records.holders import holder
from ingest.records.reader import Reader
from ingest.records.runs import Runs, made_at
from ingest.sinks.leftovers import staged
from ingest.storage.objects import Store

RECORDING = timedelta(days=1)
"""Longer than a driver takes to put a run on record, whatever else happens."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A run that is old enough to go and is not finished, and why it stays.

    `resumable` says that it can be resumed or discarded by whoever asks for that; `doomed`, that
    it would fail again, so that it is the job or its input that needs to change.
    """

    run_id: str
    job: str
    why: str
    resumable: bool = False
    doomed: bool = False


@dataclass(frozen=True, slots=True)
class Leftover:
    """Files that a run which has ended has staged for a place, and that nobody will publish."""

    run_id: str
    place: str
    bytes: int
    reached_by: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Search:
    """Looks through the runs of some jobs of a state for those made before a moment.

    With `unfinished`, they go too if they are not committed.
    """

    store: Store
    jobs: Sequence[str]
    before: datetime
    unfinished: bool = False

    def old(self) -> Iterator[Old | Kept]:
        """Yield the runs that go, and old ones that stay although they have not ended."""
        removal = Removal(self.store)
        for job in self.jobs:
            yield from self._of_job(job, removal)
        yield from self._nameless()

    def leftovers(self, problems: list[str]) -> Iterator[Leftover]:
        """Yield what ended runs have staged, at all places that the jobs' runs publish to.

        A place that cannot be looked at is a problem, and keeps none of the others from it.
        """
        runs = Runs(self.store)
        places: dict[str, dict[str, Any] | None] = {}
        for job in self.jobs:
            for run_id in runs.of_job(job):
                reached = runs.reached_by(job, run_id)
                outputs = runs.outputs(job, run_id)
                places |= {uri: reached.get(output) for output, uri in outputs.items()}
        for place, how in sorted(places.items(), key=lambda each: each[0]):
            try:
                for run_id, size in staged(place, how):
                    if self._is_dead(run_id, runs):
                        yield Leftover(run_id, place, size, how)
            except IngestError as error:
                problems.append(f"{place}: not searched for unpublished files: {error}")

    def _of_job(self, job: str, removal: Removal) -> Iterator[Old | Kept]:
        runs = Runs(self.store)
        judged: list[Old | Kept] = []
        published: set[str] = set()
        for run_id in reversed(runs.of_job(job)):
            if not runs.exists(run_id):
                judged += self._begun(run_id, job, removal)
                continue
            how, is_last = self._ended(run_id), False
            if how == "done":
                place = runs.outputs(job, run_id).get("main", "")
                is_last = place not in published
                published.add(place)
            if not _made_before(run_id, self.before):
                continue
            if not how:
                judged.append(self._open(run_id, job))
            elif not is_last:
                judged.append(self._going(run_id, job, how))
        yield from reversed(judged)

    def _nameless(self) -> Iterator[Old]:
        """Yield what a driver has left that died before its run was on record."""
        runs = Runs(self.store)
        before = min(self.before, datetime.now(UTC) - RECORDING)
        named = {run_id for job in runs.jobs() for run_id in runs.of_job(job)}
        for run_id in self.store.names("runs"):
            begun = run_id in named or bool(self.store.names(f"runs/{run_id}/ledger"))
            if not begun and _made_before(run_id, before) and runs.removed(run_id) is None:
                yield self._going(run_id, "", "not begun")

    def _begun(self, run_id: str, job: str, removal: Removal) -> list[Old]:
        """Return a run that an earlier cleaning has begun to remove, if anything of it is left."""
        if Runs(self.store).removed(run_id) is None:
            return []
        parts = removal.parts(run_id)
        size = sum(self.store.size(f"runs/{run_id}/{name}") for name in parts)
        return [Old(run_id, job, "removed", size)] if parts else []

    def _open(self, run_id: str, job: str) -> Old | Kept:
        """Judge an old run that has not ended."""
        try:
            history = History.of(Reader(self.store, run_id).events())
        except FatalError as error:
            return Kept(run_id, job, str(error))
        if history.phase == "committed":
            return Kept(run_id, job, "it has begun to publish and can only be finished")
        if self.unfinished:
            return self._going(run_id, job, "unfinished")
        done, partitions = history.totals.partitions, counted(history.partitions, "partition")
        why = f"{history.standing}, {done:,} of {partitions} completed"
        return Kept(run_id, job, why, resumable=True, doomed=history.failure in DOOMED)

    def _going(self, run_id: str, job: str, was: Was) -> Old:
        return Old(run_id, job, was, self.store.size(f"runs/{run_id}"))

    def _ended(self, run_id: str) -> Was | None:
        """Return how a run ended for good; of one whose ledger is lost, its receipt says so."""
        if how := closed(self.store, run_id):
            return how
        if how := ending(self.store, run_id):
            try:
                History.of(Reader(self.store, run_id).events())
            except FatalError:
                return how
        return None

    def _is_dead(self, run_id: str, runs: Runs) -> bool:
        """Say whether a run is one of these jobs and will never publish what it has staged."""
        if (mark := runs.removed(run_id)) is not None:
            return mark.get("job") in self.jobs
        job = next((job for job in self.jobs if run_id in runs.of_job(job)), "")
        if not job:
            return False
        if runs.exists(run_id):
            return self._ended(run_id) is not None
        # somebody has removed its records; if it is the last, it may be at work nevertheless
        held = holder(self.store, f"jobs/{job}/lease")
        return runs.of_job(job)[-1] != run_id or held is None or held.state == "dead"


def _made_before(run_id: str, moment: datetime) -> bool:
    made = made_at(run_id)
    return made is not None and made < moment
