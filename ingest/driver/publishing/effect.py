"""What everything promises that a run makes visible when it is published: an output, a cursor."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator

from ingest.core.dataclass import dataclass
from ingest.core.outcome import Staged
from ingest.core.types import Schema
from ingest.job import Job
from ingest.records.totals import Totals
from ingest.sinks.base import Claim, Line, Published


@dataclass(frozen=True, slots=True)
class Completed:
    """A run whose partitions are all completed, as its effects see it before the commit.

    `schema` is that of the main output. `staged` returns what was staged for an output, as pairs
    of partition index and what the sink keeps, from the ledger, so that it is in no memory.
    """

    run_id: str
    attempt: int
    job: Job
    schema: Schema
    totals: Totals
    staged: Callable[[str], Iterator[tuple[int, Staged]]]


class Effect(ABC):
    """One thing that becomes visible with a run.

    `prepare` is called once per attempt that comes to the commit, and changes nothing that others
    see; its lines are written down, and the commit record names them. `publish` may be cut off
    anywhere and is then called again, by this or a later attempt, with the same lines: it must be
    harmless late and twice.
    """

    name: str
    """Its name in the ledger and in the receipt."""

    def claim(self, claim: Claim) -> None:
        """Keep runs of other states from publishing the same, until `release`."""

    def release(self, run_id: str) -> None:
        """Let others publish the same: the run has published, or never will. Idempotent."""

    @abstractmethod
    def prepare(self, run: Completed) -> Iterator[Line]:
        """Decide what publishing will do.

        Raises:
            IngestError: it cannot be published; then nothing of the run is.
        """

    @abstractmethod
    def publish(self, lines: Iterable[Line]) -> Published:
        """Make it visible, as prepared."""

    @abstractmethod
    def discard(self, run_id: str) -> None:
        """Remove what was made for a run that is abandoned before its commit. Idempotent."""

    @property
    def uri(self) -> str:
        """Where it is; empty if that is the state."""
        return ""
