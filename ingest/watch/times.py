"""Where the time of a run went, by part and by worker. A fold over its ledger."""

import statistics
from array import array
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import asdict, field
from typing import Any, Self

from ingest.core.counts import counted
from ingest.core.dataclass import dataclass
from ingest.core.outcome import Outcome
from ingest.core.partition import Partition
from ingest.records.events import AttemptBegan, Event, FailedTry, Settled
from ingest.records.history import History
from ingest.records.totals import Totals
from ingest.watch.parts import parts, share, table

SLOW = 3.0
"""How many times as long as others of its size a straggler took."""
SLOW_S = 1.0
SHOWN = 5


@dataclass(slots=True)
class Lane:
    """One worker in one attempt; moments are seconds since 1970.

    Its time is that of the attempt, from its beginning to the last partition that was settled in
    it: `start_s` until its first one, `busy_s` at work, `waiting_s` between partitions, and
    `tail_s` after its last, while others were still at work.
    """

    attempt: int
    worker: str
    begun: float
    first: float = 0.0
    last: float = 0.0
    ended: float = 0.0
    partitions: int = 0
    busy_s: float = 0.0

    @property
    def start_s(self) -> float:
        """What passed before its first partition."""
        return max(0.0, self.first - self.begun)

    @property
    def waiting_s(self) -> float:
        """What passed between partitions; tries that failed are in it too."""
        return max(0.0, self.last - self.first - self.busy_s)

    @property
    def tail_s(self) -> float:
        """What passed after its last one."""
        return max(0.0, self.ended - self.last)

    @property
    def seconds(self) -> float:
        """All of it."""
        return self.start_s + self.busy_s + self.waiting_s + self.tail_s


@dataclass(slots=True)
class Times:
    """A run's time, as its ledger tells it. Memory: 24 bytes for each partition.

    `failed` are the tries that failed, and `failed_s` what they took, by class of failure.
    """

    history: History = field(default_factory=History)
    lanes: dict[tuple[int, str], Lane] = field(default_factory=dict)
    failed: Counter[str] = field(default_factory=Counter)
    failed_s: dict[str, float] = field(default_factory=dict)
    _begun: float = 0.0
    _indexes: "array[int]" = field(default_factory=lambda: array("q"))
    _bytes: "array[int]" = field(default_factory=lambda: array("q"))
    _seconds: "array[float]" = field(default_factory=lambda: array("d"))

    @classmethod
    def of(cls, events: Iterable[Event]) -> Self:
        """Fold all events of a ledger."""
        times = cls()
        for event in events:
            times.see(event)
        for lane in times.lanes.values():
            alike = (each.last for each in times.lanes.values() if each.attempt == lane.attempt)
            lane.ended = max(alike)
        return times

    @property
    def totals(self) -> Totals:
        """What all settled partitions come to."""
        return self.history.totals

    @property
    def children(self) -> dict[int, Partition]:
        """The partitions that were made by splits."""
        return self.history.children

    @property
    def slow(self) -> dict[int, tuple[float, float]]:
        """Partitions that took far longer than others of their size, the worst first.

        By index: what they took, and what would have been usual.
        """
        paces = [s / b for s, b in zip(self._seconds, self._bytes, strict=True) if b]
        usual = statistics.median(paces) if paces else 0.0
        every = zip(self._indexes, self._seconds, self._bytes, strict=True)
        found = {
            index: (seconds, usual * size)
            for index, seconds, size in every
            if size and seconds > max(SLOW_S, SLOW * usual * size)
        }
        return dict(sorted(found.items(), key=lambda item: item[1][1] - item[1][0]))

    def see(self, event: Event) -> None:
        """Take one event into account."""
        match event:
            case AttemptBegan():
                self._begun = event.moment
            case Settled():
                self._settled(event.outcome, event.moment)
            case FailedTry():
                self.failed[event.kind] += 1
                self.failed_s[event.kind] = self.failed_s.get(event.kind, 0.0) + event.seconds
        self.history.see(event)

    def _settled(self, outcome: Outcome, at: float) -> None:
        if self.history.is_closed(outcome.key[1]):
            return
        taken = sum(outcome.seconds.values())
        place = (outcome.key[0], outcome.worker)
        lane = self.lanes.setdefault(place, Lane(*place, self._begun, first=at - taken))
        lane.last = at
        lane.partitions += 1
        lane.busy_s += taken
        self._indexes.append(outcome.key[1])
        self._bytes.append(outcome.bytes)
        self._seconds.append(taken)


def page(run_id: str, job: str, times: Times, names: dict[int, str]) -> dict[str, Any]:
    """Return a run's times as plain data; `names` says which partitions the slow ones are."""
    lanes = times.lanes.values()
    return {
        "run_id": run_id,
        "job": job,
        "partitions": times.totals.partitions,
        "seconds": times.history.timings,
        "parts": [asdict(part) for part in parts(times.totals)],
        "workers": [
            {"attempt": lane.attempt, "worker": lane.worker, "partitions": lane.partitions,
             "start_s": lane.start_s, "busy_s": lane.busy_s, "waiting_s": lane.waiting_s,
             "tail_s": lane.tail_s}
            for lane in lanes
        ],
        "failed": {kind: {"tries": count, "seconds": times.failed_s[kind]}
                   for kind, count in times.failed.items()},
        "slow": [{"partition": names[index], "seconds": seconds, "usual_s": usual}
                 for index, (seconds, usual) in times.slow.items()],
    }  # fmt: skip


def render(page: dict[str, Any], times: Times) -> str:
    """Return a run's times for a person to read."""
    spent = ", ".join(f"{what} {seconds:.1f} s" for what, seconds in page["seconds"].items())
    number = counted(page["partitions"], "partition")
    return "\n".join(
        [
            f"{page['job']}: run {page['run_id']}, {number}. {spent}",
            "",
            *table(times.totals),
            "",
            *_workers(list(times.lanes.values())),
            *_failed(times),
            *_slow(page["slow"]),
        ]
    )


def _workers(lanes: list[Lane]) -> Iterator[str]:
    width = max(len(lane.worker) for lane in lanes)
    yield (
        f"  {'worker':<{width}} {'attempt':>7} {'partitions':>10} {'seconds':>9} {'start':>6} "
        f"{'busy':>6} {'waiting':>7} {'tail':>6}"
    )
    for lane in lanes:
        yield (
            f"  {lane.worker:<{width}} {lane.attempt:>7} {lane.partitions:>10,} "
            f"{lane.seconds:>9.1f} {_shares(lane)}"
        )
    if len(lanes) > 1:
        every = [lane.seconds for lane in lanes]
        whole = Lane(0, "all", 0.0)
        whole.first = sum(lane.start_s for lane in lanes)
        whole.busy_s = sum(lane.busy_s for lane in lanes)
        whole.last = whole.first + whole.busy_s + sum(lane.waiting_s for lane in lanes)
        whole.ended = sum(every)
        number = sum(lane.partitions for lane in lanes)
        yield f"  {'all':<{width}} {'':>7} {number:>10,} {sum(every):>9.1f} {_shares(whole)}"


def _shares(lane: Lane) -> str:
    return (
        f"{share(lane.start_s, lane.seconds):>6.1%} {share(lane.busy_s, lane.seconds):>6.1%} "
        f"{share(lane.waiting_s, lane.seconds):>7.1%} {share(lane.tail_s, lane.seconds):>6.1%}"
    )


def _failed(times: Times) -> Iterator[str]:
    if times.failed:
        yield ""
    for kind, count in times.failed.items():
        tries = counted(count, "failed try", "failed tries")
        yield f"  {tries} ({kind}) took {times.failed_s[kind]:.1f} s"


def _slow(slow: list[dict[str, Any]]) -> Iterator[str]:
    if slow:
        yield ""
    for each in slow[:SHOWN]:
        yield (
            f"  slow: {each['partition']}: {each['seconds']:.1f} s; partitions of its size "
            f"usually take {each['usual_s']:.1f} s"
        )
    if len(slow) > SHOWN:
        yield f"  and {len(slow) - SHOWN:,} more"
