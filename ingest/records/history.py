"""What a run's ledger says about it: a fold over its events, for resuming, watching and listing."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import field
from functools import singledispatch

from ingest.core.dataclass import dataclass
from ingest.core.partition import Partition
from ingest.records.combinations import Combinations
from ingest.records.events import (
    AttemptBegan,
    AttemptFailed,
    AttemptInterrupted,
    Combined,
    Committed,
    EffectPublished,
    Event,
    InputsDiffer,
    PartitionSplit,
    Phase,
    PlanFrozen,
    Retried,
    RunAbandoned,
    RunDone,
    SearchBegan,
    Settled,
    Speculated,
    Timed,
    Warned,
)
from ingest.records.totals import Totals

SETTLED, SPLIT = 1, 2
DOOMED = frozenset({"contract", "bad_row", "job"})
"""Failures that repeat as long as job and inputs are the same."""


def unfinished(ended: str) -> str:
    """Say how a run stands that is neither published nor discarded, by how its last attempt ended.

    Empty if that attempt was killed, or works on it still.
    """
    return f"unfinished ({ended or 'running, or died'})"


@dataclass(slots=True)
class History:
    """A run as its ledger tells it.

    `phase` says how far it has come: before `committed` it can be abandoned, from then on only
    finished. `partitions` is how many must be settled; `closed` has one byte for each that
    there ever was: 0 open, 1 settled, 2 split into some of the `children`. `retries` counts by
    class of failure. `cluster` is where the last attempt that had any did its work, `bytes` how
    much the plan reads, `left_out` how many files earlier runs have read. `ended` is how the
    last attempt ended: done, failed or interrupted, or empty if it is not over or was
    killed; `failure` is then the class of its failure, a `core.outcome.ErrorKind`, or empty,
    and `held` what kept it from being published, a `core.errors.Held`, or empty.
    `timings` are of all attempts that could put theirs on record; `lap` are those of the last
    one, and `before` is how many rows had been read before it.
    """

    phase: Phase = "new"
    attempt: int = 0
    cluster: str = ""
    cluster_why: str = ""
    partitions: int = 0
    bytes: int = 0
    left_out: int = 0
    closed: bytearray = field(default_factory=bytearray)
    children: dict[int, Partition] = field(default_factory=dict)
    tries: int = 0
    retries: Counter[str] = field(default_factory=Counter)
    splits: int = 0
    searches: int = 0
    speculated: int = 0
    totals: Totals = field(default_factory=Totals)
    combined: Combinations = field(default_factory=Combinations)
    inputs: InputsDiffer | None = None
    publish: Committed | None = None
    published: dict[str, EffectPublished] = field(default_factory=dict)
    started_at: str = ""
    ended_at: str = ""
    ended: str = ""
    error: str = ""
    failure: str = ""
    held: str = ""
    warnings: list[str] = field(default_factory=list)
    timings: dict[str, float] = field(default_factory=dict)
    lap: dict[str, float] = field(default_factory=dict)
    before: int = 0

    @property
    def standing(self) -> str:
        """How an unfinished run stands, in the words of all commands: `unfinished (failed)`."""
        return unfinished(self.ended)

    @classmethod
    def of(cls, events: Iterable[Event]) -> "History":
        """Fold all events of a ledger."""
        history = cls()
        for event in events:
            history.see(event)
        return history

    def see(self, event: Event) -> None:
        """Take one event into account."""
        _fold(event, self)

    @property
    def is_complete(self) -> bool:
        """Whether there are partitions, and all of them are settled."""
        return 0 < self.partitions == self.totals.partitions

    def files(self, output: str) -> int:
        """Return how many staged files of an output are published, or will be."""
        return self.totals.staged.get(output, 0) - self.combined.saved_files[output]

    def written(self, output: str) -> int:
        """Return how many bytes they have."""
        return self.totals.bytes_written.get(output, 0) - self.combined.saved_bytes[output]

    def is_closed(self, index: int) -> bool:
        """Whether a partition is not to be worked any more: it is settled, or split."""
        return bool(self.closed[index])


Listener = Callable[[Event, History], object]
"""Watches a run from within its process: called with each event, and what the run has come to with
it. The history is the driver's own: whoever changed it would change the run."""


@singledispatch
def _fold(_event: Event, _history: History) -> None:
    """Most events only say what is being done."""


@_fold.register
def _attempt(event: AttemptBegan, history: History) -> None:
    history.attempt += 1
    history.warnings += event.warnings
    history.started_at = history.started_at or event.at
    history.ended = history.ended_at = history.error = history.failure = history.held = ""
    history.lap, history.before = {}, history.totals.records
    if event.cluster:
        history.cluster, history.cluster_why = event.cluster, event.cluster_why


@_fold.register
def _warned(event: Warned, history: History) -> None:
    history.warnings.append(event.message)


@_fold.register
def _planned(event: PlanFrozen, history: History) -> None:
    history.phase = "planned"
    history.partitions = event.partitions
    history.closed = bytearray(event.partitions)
    history.bytes = event.bytes
    history.left_out = event.left_out
    history.timings["plan"] = history.lap["plan"] = event.seconds


@_fold.register
def _settled(event: Settled, history: History) -> None:
    index = event.outcome.key[1]
    if not history.closed[index]:
        history.closed[index] = SETTLED
        history.tries += 1
        history.totals.add(event.outcome)


@_fold.register
def _retry(event: Retried, history: History) -> None:
    history.tries += 1
    history.retries[event.kind] += 1


@_fold.register
def _search(_event: SearchBegan, history: History) -> None:
    history.tries += 1
    history.searches += 1


@_fold.register
def _speculate(_event: Speculated, history: History) -> None:
    history.speculated += 1


@_fold.register
def _split(event: PartitionSplit, history: History) -> None:
    """Close the parent: what its tries still come to is ignored."""
    history.tries += 1
    history.splits += 1
    history.closed[event.index] = SPLIT
    history.children.update((child.index, child) for child in event.children)
    history.closed.extend(bytes(len(event.children)))
    history.partitions += len(event.children) - 1


@_fold.register
def _combined(event: Combined, history: History) -> None:
    history.combined.add(event)


@_fold.register
def _inputs(event: InputsDiffer, history: History) -> None:
    history.inputs = event


@_fold.register
def _publish_begin(event: Committed, history: History) -> None:
    history.phase = "committed"
    history.publish = event


@_fold.register
def _published(event: EffectPublished, history: History) -> None:
    history.published[event.effect] = event


@_fold.register
def _timed(event: Timed, history: History) -> None:
    for timings in (history.timings, history.lap):
        timings[event.what] = timings.get(event.what, 0.0) + event.seconds


@_fold.register
def _failed(event: AttemptFailed, history: History) -> None:
    _end(event, history)
    history.error, history.failure, history.held = event.error, event.kind, event.held


@_fold.register
def _interrupted(event: AttemptInterrupted, history: History) -> None:
    _end(event, history)


@_fold.register
def _done(event: RunDone, history: History) -> None:
    _end(event, history)
    history.phase = "done"


@_fold.register
def _abandoned(event: RunAbandoned, history: History) -> None:
    _end(event, history)
    history.phase = "abandoned"


def _end(event: Event, history: History) -> None:
    history.ended, history.ended_at = event.name, event.at
    history.error = history.failure = history.held = ""
