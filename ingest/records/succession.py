"""The runs of a job in the order they were made: which comes after which, and which are unfinished.

Runs of a job to different outputs have nothing to do with each other. Two that share an output,
be it the quarantine, meet: of those only the last can be resumed, or old rows would replace newer
ones.
"""

from collections.abc import Iterator, Mapping
from functools import cached_property

from ingest.records.endings import ABANDONED, RECEIPT
from ingest.records.runs import Runs
from ingest.records.targets import Target
from ingest.storage.objects import Store


class Succession:
    """The runs of one job, as the state listed them when they were first asked for."""

    def __init__(self, store: Store, job: str) -> None:
        self._store = store
        self._runs = Runs(store)
        self._job = job
        self.ids = self._runs.of_job(job)

    def outputs(self, run_id: str) -> dict[str, str]:
        """Return where a run publishes, by output; empty if nobody knows any more."""
        return self._runs.outputs(self._job, run_id)

    def meets(self, run_id: str, outputs: Mapping[str, str]) -> bool:
        """Say whether a run shares one of these outputs; if nobody knows, it may."""
        own = set(self.outputs(run_id).values())
        return not own or not outputs or not own.isdisjoint(outputs.values())

    def last(self, outputs: Mapping[str, str]) -> str:
        """Return the newest run that shares one of these outputs, or nothing if there is none.

        It may be one whose own records were removed.
        """
        return next((run for run in reversed(self.ids) if self.meets(run, outputs)), "")

    def later(self, run_id: str) -> str:
        """Return the newest run that meets this one and was made after it, or nothing."""
        last = self.last(self.outputs(run_id))
        return last if last > run_id else ""

    def before(self, outputs: Mapping[str, str]) -> Iterator[str]:
        """Yield the runs that may have to be ended before a new one to these outputs is made.

        The newest comes first. They are on record, nobody has discarded them, and no later run
        has taken their place.
        """
        last = self.last(outputs)
        if last and self._runs.exists(last) and not self._runs.given_up(last):
            yield last
        for run_id in self.unfinished():
            if run_id != last and self.meets(run_id, outputs) and not self.later(run_id):
                yield run_id

    def elsewhere(self, outputs: Mapping[str, str]) -> Iterator[str]:
        """Yield the unfinished runs that share none of these outputs, newest first."""
        return (run_id for run_id in self.unfinished() if not self.meets(run_id, outputs))

    def publishing(self) -> dict[str, str]:
        """Return the unfinished runs that may have begun to publish, with their main output."""
        uris = {run_id: self.outputs(run_id).get("main", "") for run_id in self.unfinished()}
        return {
            run_id: uri
            for run_id, uri in uris.items()
            if uri and Target(self._store, uri).begun(run_id)
        }

    def unfinished(self) -> Iterator[str]:
        """Yield the runs that have neither a receipt nor were discarded, newest first."""
        return iter(self._unfinished)

    @cached_property
    def _unfinished(self) -> list[str]:
        """Those runs, looked up once: that takes two looks at the store for each run."""
        return [run_id for run_id in reversed(self.ids) if self._is_unfinished(run_id)]

    def _is_unfinished(self, run_id: str) -> bool:
        ends = (f"runs/{run_id}/{name}" for name in (RECEIPT, ABANDONED))
        return not any(map(self._store.exists, ends)) and self._runs.exists(run_id)
