"""The partitions of a run as a strip of cells: one for each, or one for several of a long run."""

from ingest.core.counts import counted
from ingest.core.dataclass import dataclass
from ingest.records.history import SETTLED, SPLIT
from ingest.watch.page.following import Followed
from ingest.watch.story import REJECTED, RETRIED

MOST = 400
LEVELS = 4


@dataclass(frozen=True, slots=True)
class Cell:
    """Some partitions that follow each other: `first` to `last` in the plan.

    `level` is how many of them are completed, from 0 to `LEVELS`.
    """

    first: int
    last: int
    completed: int
    working: int
    waiting: int
    retried: int
    rejected: int

    @property
    def level(self) -> int:
        """How full the cell is drawn; full only if all of it is completed."""
        whole = self.completed + self.working + self.waiting
        return LEVELS * self.completed // whole if whole else LEVELS

    @property
    def classes(self) -> str:
        """How the cell is drawn."""
        marks = {"w": self.working, "r": self.retried, "q": self.rejected}
        return " ".join([f"c{self.level}", *(name for name, count in marks.items() if count)])

    @property
    def title(self) -> str:
        """What the cell says in words."""
        where = f"partition {self.first:,}"
        if self.last > self.first:
            where = f"partitions {self.first:,} to {self.last:,}"
        counts = {
            "completed": self.completed,
            "working": self.working,
            "waiting": self.waiting,
            "retried": self.retried,
            "with rejected rows": self.rejected,
        }
        return f"{where}: " + ", ".join(f"{n:,} {what}" for what, n in counts.items() if n)


@dataclass(frozen=True, slots=True)
class Strip:
    """All cells, and what they come to."""

    cells: list[Cell]
    whole: Cell
    size: int

    @property
    def label(self) -> str:
        """The strip in words, for those who do not see it."""
        return f"{counted(self.size, 'partition')} in the plan. {self.whole.title}"


def strip(followed: Followed) -> Strip:
    """Return the strip of a run. Its cost grows with the cells and, slightly, the partitions."""
    closed, marks = followed.story.telling.history.closed, followed.story.marks
    size = len(closed)
    width = max(1, -(-size // MOST))
    working = [index for index in followed.working if index < size and not closed[index]]
    cells = [
        _cell(closed, marks, working, first, min(first + width, size))
        for first in range(0, size, width)
    ]
    return Strip(cells, _cell(closed, marks, working, 0, size), size)


def _cell(closed: bytearray, marks: bytearray, working: list[int], first: int, end: int) -> Cell:
    part, marked = closed[first:end], marks[first:end]
    busy = sum(first <= index < end for index in working)
    completed = part.count(SETTLED)
    both = marked.count(RETRIED | REJECTED)
    return Cell(
        first=first,
        last=end - 1,
        completed=completed,
        working=busy,
        waiting=len(part) - completed - part.count(SPLIT) - busy,
        retried=marked.count(RETRIED) + both,
        rejected=marked.count(REJECTED) + both,
    )
