"""Small files are combined by workers: when all partitions are completed, and before the commit."""

import itertools
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field, replace

from ingest.core.clock import Clock
from ingest.core.counts import counted
from ingest.core.dataclass import dataclass
from ingest.core.errors import Interrupted
from ingest.core.outcome import Outcome
from ingest.core.partition import Assignment, Partition, Slice, Small
from ingest.driver.parts import parts
from ingest.driver.stall import Stall
from ingest.execution import Execution
from ingest.records.events import Combined, Warned
from ingest.records.history import History
from ingest.records.ledger import Ledger
from ingest.sinks.base import Part, Sink
from ingest.workers.base import Lost, Workers

POLL_S = 0.25
_TRIES = 3
"""How often a try may be lost that was not at fault."""

Key = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class _Group:
    """Files of one output that are to become one, and the number of the try at it."""

    output: str
    index: int
    parts: Sequence[Part]
    number: int = 1


@dataclass(slots=True)
class Combining:
    """Has the workers put small files together; each is put on record when it is done.

    Until then the files that it replaces are what is published, and they stay where they are: so it
    may be cut off anywhere, and begins again with those that are left. What fails is left as it is.
    """

    sinks: Mapping[str, Sink]
    workers: Workers
    ledger: Ledger
    history: History
    execution: Execution
    clock: Clock
    stop: threading.Event
    _out: dict[Key, _Group] = field(default_factory=dict)
    _left: list[str] = field(default_factory=list)

    @property
    def is_due(self) -> bool:
        """Whether there is anything to combine."""
        return next(self._groups(), None) is not None

    def run(self) -> None:
        """Combine what is worth it.

        Raises:
            FatalError: the run cannot continue; what was combined stays.
            Interrupted: `stop` was set.
        """
        groups = self._groups()
        stall = Stall(
            self.workers,
            self.ledger,
            self.clock,
            self.execution.stall_timeout_s,
            self.clock.monotonic(),
        )
        while True:
            if self.stop.is_set():
                self._drain()
                raise Interrupted
            free = max(0, self.workers.capacity - len(self._out))
            self._submit(list(itertools.islice(groups, free)))
            if not self._out:
                break
            results = self.workers.results(POLL_S)
            for result in results:
                self._take_back(result)
            if results:
                stall.moved()
            stall.check()
            self.ledger.flush_if_due()
        if self._left:
            self.ledger.append(
                Warned(
                    message=f"{counted(len(self._left), 'group')} of small files could not be "
                    f"combined and will be published as they are: {self._left[0]}"
                )
            )
        self.ledger.flush()

    def _groups(self) -> Iterator[_Group]:
        first = max(len(self.history.closed), self.history.combined.following)
        totals, numbers = self.history.totals, itertools.count(first)
        for output, sink in self.sinks.items():
            files, size = totals.staged.get(output, 0), totals.bytes_written.get(output, 0)
            staged = parts(self.ledger, self.history, output)
            for group in sink.too_small(files, size, staged):
                yield _Group(output, next(numbers), group)

    def _submit(self, groups: Sequence[_Group]) -> None:
        assignments = [self._assignment(group) for group in groups]
        self._out.update(zip((each.key for each in assignments), groups, strict=True))
        if assignments:
            self.workers.submit(assignments)

    def _assignment(self, group: _Group) -> Assignment:
        files = tuple(part.staged for part in group.parts)
        size = sum(each.bytes for each in files)
        uri = self.sinks[group.output].uri
        partition = Partition(
            group.index, f"files-{group.index}", (Slice(uri, size, "", bytes=size),)
        )
        small = Small(group.output, files)
        return Assignment(partition, self.ledger.attempt, group.number, small=small)

    def _take_back(self, result: Outcome | Lost) -> None:
        group = self._out.pop(result.key, None)
        if group is None:
            return  # an answer to a try at a partition that was worked twice
        if isinstance(result, Outcome) and result.failure is None:
            self.ledger.append(
                Combined(
                    output=group.output,
                    index=group.index,
                    parts=tuple((part.partition, part.place) for part in group.parts),
                    bytes=sum(part.staged.bytes for part in group.parts),
                    staged=result.staged[0],
                )
            )
        elif isinstance(result, Lost) and not result.culprit and group.number < _TRIES:
            self._submit([replace(group, number=group.number + 1)])
        elif isinstance(result, Lost):
            self._left.append(result.reason)
        elif result.failure:
            self._left.append(result.failure.message)

    def _drain(self) -> None:
        for result in self.workers.drain(self.execution.grace_s):
            if isinstance(result, Outcome):
                self._take_back(result)
        self.ledger.flush()
