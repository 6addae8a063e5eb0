"""Workers without Ray: partitions one by one in this process, for tests and small jobs."""

from collections import deque
from collections.abc import Iterator, Sequence

from ingest.core.outcome import Outcome
from ingest.core.partition import Assignment
from ingest.workers.base import Chosen, Lost, Preparing, Task
from ingest.workers.outlook import Outlook


class InProcessWorkers:
    """Works a partition whenever results are asked for; see `workers.base.Workers`."""

    idle = 0
    capacity = 2
    logs = starting = ""

    def __init__(self) -> None:
        self._task: Task | None = None
        self._waiting: deque[Assignment] = deque()

    def ahead(self, preparing: Preparing) -> None:
        """Do nothing: the driver, which is the worker, does it itself."""

    def choose(self, outlook: Outlook) -> Chosen:  # noqa: ARG002 - it was chosen already
        """Say what these are."""
        return Chosen("inline")

    def start(self, task: Task) -> None:
        """Keep the task; there is nothing to start."""
        self._task = task

    def submit(self, assignments: Sequence[Assignment]) -> None:
        """Queue the work."""
        self._waiting.extend(assignments)

    def results(self, timeout_s: float) -> list[Outcome | Lost]:  # noqa: ARG002 - never waits
        """Work the next partition and return its outcome; nothing if there is none."""
        assert self._task is not None, "start comes first"
        return [self._task(self._waiting.popleft())] if self._waiting else []

    def worked_s(self, key: tuple[int, int, int]) -> float:  # noqa: ARG002 - never asked meanwhile
        """Nothing is being worked between two calls."""
        return 0.0

    def stalled(self) -> str:
        """Never: work is done whenever results are asked for."""
        return ""

    def drain(self, grace_s: float) -> Iterator[Outcome | Lost]:  # noqa: ARG002 - nothing is under way
        """Forget what waits; between two calls nothing is under way."""
        self._waiting.clear()
        return iter(())

    def close(self) -> None:
        """Forget what waits."""
        self._waiting.clear()
