"""The cursor as an effect: it moves when the rows that it is about are visible, and not before."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from ingest.core.dataclass import dataclass
from ingest.driver.cursors import cursor_of, layout_page, refuse_moved
from ingest.driver.publishing.effect import Completed, Effect
from ingest.job import Job
from ingest.records.cursors import Move
from ingest.records.environment import who
from ingest.records.plans import Plan
from ingest.sinks.base import Line, Published
from ingest.storage.objects import Store


@dataclass(frozen=True, slots=True)
class MovedCursor(Effect):
    """What the run has read counts as read from now on.

    One line says it: the run, whose plan has the files, and the entry that the plan was made on.
    The plan stays as long as the run is not done.
    """

    job: Job
    store: Store
    name = "cursor"

    def prepare(self, run: Completed) -> Iterator[Line]:
        """Say which run moves it, unless it is not where it was when the run was planned."""
        plan = Plan(self.store, run.run_id)
        refuse_moved(self.job, self.store, plan)
        facts = plan.facts.cursor
        assert facts is not None, "the plan of an incremental source"
        yield {
            "run_id": run.run_id,
            "entry": facts.entry,
            "known": facts.known,
            "position": facts.position,
            "files": plan.facts.files,
            "at": datetime.now(UTC).isoformat(timespec="milliseconds"),
            **who(),
        }

    def publish(self, lines: Iterable[Line]) -> Published:
        """Add the entry of this run, unless it is there."""
        (line,) = lines
        run_id = line["run_id"]
        plan = Plan(self.store, run_id)
        move = Move(
            token=run_id,
            base=line["entry"],
            by="run",
            known=line["known"],
            position=line["position"],
            layout=layout_page(plan),
            about={key: line[key] for key in ("run_id", "at", "host", "pid", "user")},
        )
        files = tuple if move.position else plan.files  # a position says it all
        entry = cursor_of(self.job, self.store).move(move, files)
        facts = {"entry": entry.number, "files": entry.added, "total": entry.files}
        return Published(rows=0, inserted=0, facts=facts)

    def discard(self, run_id: str) -> None:
        """Nothing is to be removed: before the commit, nothing was written."""
