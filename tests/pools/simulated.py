"""Workers that only simulate: they answer at once with what a function makes of an assignment."""

from collections import deque
from collections.abc import Callable, Iterator, Sequence

from ingest.core.outcome import Book, Outcome
from ingest.core.partition import Assignment
from ingest.workers.base import Chosen, Lost, Preparing, Task
from ingest.workers.outlook import Outlook

Answer = Callable[[Assignment], Outcome | Lost]


def no_rows(assignment: Assignment) -> Outcome:
    """Answer as if the partition had been read and held nothing."""
    return Outcome(
        key=assignment.key,
        partition=assignment.partition.id,
        books=(Book("source", 0, 0), Book("contract", 0, 0)),
    )


class SimulatedWorkers:
    """See `workers.base.Workers`. Does not run the task; `answer` stands for it."""

    logs = starting = ""
    idle = 0

    def __init__(self, answer: Answer = no_rows, capacity: int = 64) -> None:
        self.capacity = capacity
        self._answer = answer
        self._waiting: deque[Assignment] = deque()

    def ahead(self, preparing: Preparing) -> None:
        """Do nothing: it was done."""

    def choose(self, outlook: Outlook) -> Chosen:  # noqa: ARG002 - it was chosen already
        """Say what these are."""
        return Chosen("simulated")

    def start(self, task: Task) -> None:
        """Do nothing."""

    def submit(self, assignments: Sequence[Assignment]) -> None:
        """Queue the assignments."""
        self._waiting.extend(assignments)

    def results(self, timeout_s: float) -> list[Outcome | Lost]:  # noqa: ARG002 - never waits
        """Answer everything that was submitted, in order."""
        answers = [self._answer(assignment) for assignment in self._waiting]
        self._waiting.clear()
        return answers

    def worked_s(self, key: tuple[int, int, int]) -> float:  # noqa: ARG002 - answers take no time
        """Nothing is being worked between two calls."""
        return 0.0

    def stalled(self) -> str:
        """Never."""
        return ""

    def drain(self, grace_s: float) -> Iterator[Outcome | Lost]:  # noqa: ARG002 - never waits
        """Answer everything that was submitted."""
        yield from self.results(0)

    def close(self) -> None:
        """Forget what waits."""
        self._waiting.clear()
