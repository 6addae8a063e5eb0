"""What is still to be worked: what nobody has begun, what is out, what waits for another try."""

import heapq
from collections import Counter
from collections.abc import Iterator
from dataclasses import field, replace

from ingest.core.clock import Clock
from ingest.core.dataclass import dataclass
from ingest.core.partition import Assignment, Partition
from ingest.records.history import History
from ingest.records.plans import Plan

Key = tuple[int, int, int]


@dataclass(slots=True)
class Backlog:
    """Deals out tries. What is settled or split does not come up again.

    Memory: a byte for each partition, and the partitions that are out or have failed. With
    `accept_touched`, inputs are told from others by size and version only.
    """

    plan: Plan
    history: History
    attempt: int
    clock: Clock
    accept_touched: bool = False
    out: dict[Key, Assignment] = field(default_factory=dict)
    waiting: list[tuple[float, int, bool]] = field(default_factory=list)
    numbers: Counter[int] = field(default_factory=Counter)
    failures: dict[int, Counter[str]] = field(default_factory=dict)
    _fresh: Iterator[int] = field(init=False)
    _ahead: int | None = None

    def __post_init__(self) -> None:
        """Put the partitions in order: those made by splits, then the others, the largest first."""
        order = (int(index) for index in self.plan.order_of_work())
        self._fresh = (index for index in order if not self.history.is_closed(index))
        open_children = [i for i in self.history.children if not self.history.is_closed(i)]
        self.waiting = [(0.0, index, False) for index in sorted(open_children)]

    @property
    def empty(self) -> bool:
        """Whether nothing is left that could be handed out, now or later."""
        return not self.waiting and self._peek() is None

    def take(self, number: int) -> list[Assignment]:
        """Return up to so many tries that may begin now, and count them as out."""
        taken: list[Assignment] = []
        while len(taken) < number:
            if self.waiting and self.waiting[0][0] <= self.clock.monotonic():
                _, index, search = heapq.heappop(self.waiting)
                if not self.history.is_closed(index):
                    taken.append(self._hand(index, search=search))
            elif (fresh := self._peek()) is not None:
                self._ahead = None
                taken.append(self._hand(fresh))
            else:
                break
        return taken

    def back(self, key: Key) -> Assignment | None:
        """Take a try back; None if it is not out, or if its partition is settled or split."""
        assignment = self.out.pop(key, None)
        if assignment is None or self.history.is_closed(key[1]):
            return None
        return assignment

    def again(self, index: int, wait_s: float = 0.0, *, search: bool = False) -> None:
        """Have a partition come up again after so many seconds, unless a try of it is still out."""
        if not self.is_out(index):
            heapq.heappush(self.waiting, (self.clock.monotonic() + wait_s, index, search))

    def is_out(self, index: int) -> bool:
        """Whether a try of a partition is being worked."""
        return any(key[1] == index for key in self.out)

    def failed(self, index: int, kind: str) -> int:
        """Count a failure of a partition; return how many of this kind it has had."""
        counts = self.failures.setdefault(index, Counter())
        counts[kind] += 1
        return counts[kind]

    def closed(self, index: int) -> None:
        """Forget what was kept about a partition that is settled or split."""
        self.numbers.pop(index, None)
        self.failures.pop(index, None)

    def double(self, index: int) -> Assignment:
        """Return another try of a partition that is out already."""
        return self._hand(index)

    def next_due_s(self) -> float:
        """Return how long it is until a waiting partition may begin; 0 if one may or none waits."""
        return max(0.0, self.waiting[0][0] - self.clock.monotonic()) if self.waiting else 0.0

    def partition(self, index: int) -> Partition:
        """Return a partition of the plan, or one made by a split."""
        partition = self.history.children.get(index) or self.plan[index]
        if not self.accept_touched:
            return partition
        slices = tuple(replace(piece, changed_ns=0) for piece in partition.slices)
        return replace(partition, slices=slices)

    def _peek(self) -> int | None:
        if self._ahead is None:
            self._ahead = next(self._fresh, None)
        return self._ahead

    def _hand(self, index: int, *, search: bool = False) -> Assignment:
        self.numbers[index] += 1
        number = self.numbers[index]
        assignment = Assignment(self.partition(index), self.attempt, number, search)
        self.out[assignment.key] = assignment
        return assignment
