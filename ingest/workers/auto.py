"""Workers of which it is decided when the plan is known what they are."""

from collections.abc import Callable, Iterator, Sequence

from ingest.core.outcome import Outcome
from ingest.core.partition import Assignment
from ingest.workers.base import Chosen, Lost, Preparing, Task, Workers
from ingest.workers.outlook import Outlook
from ingest.workers.processes.forks import Forkserver

Pick = Callable[[Outlook], tuple[Workers, Chosen]]
"""Returns the workers for so much work, and what is said of them."""


class AutoWorkers:
    """See `workers.base.Workers`: all of it is done by those that `choose` has picked.

    A fork `server` that is running goes with them, or is ended if none are picked; there are to be
    no more than so many `workers`.
    """

    def __init__(self, pick: Pick, server: Forkserver | None = None, workers: int = 1) -> None:
        self._pick = pick
        self._server = server
        self._most = workers
        self._picked: Workers | None = None

    @property
    def idle(self) -> int:
        """How many workers have nothing to do."""
        return self._workers.idle

    @property
    def capacity(self) -> int:
        """How many assignments are worth having handed out at once."""
        return self._workers.capacity

    @property
    def logs(self) -> str:
        """Where the logs of those that were picked are."""
        return self._picked.logs if self._picked else ""

    @property
    def starting(self) -> str:
        """What is being started before anything can be worked."""
        return self._picked.starting if self._picked else ""

    def ahead(self, preparing: Preparing) -> None:
        """Have it done by workers that are forked for it, in case processes are picked."""
        if self._server:
            self._server.ahead(preparing, self._most)

    def choose(self, outlook: Outlook) -> Chosen:
        """Pick the workers."""
        self._picked, chosen = self._pick(outlook)
        self._picked.choose(outlook)
        return chosen

    def start(self, task: Task) -> None:
        """Start those that were picked."""
        self._workers.start(task)

    def submit(self, assignments: Sequence[Assignment]) -> None:
        """Hand out work."""
        self._workers.submit(assignments)

    def results(self, timeout_s: float) -> list[Outcome | Lost]:
        """Return what has come back."""
        return self._workers.results(timeout_s)

    def worked_s(self, key: tuple[int, int, int]) -> float:
        """Return for how long a try has been worked."""
        return self._workers.worked_s(key)

    def stalled(self) -> str:
        """Say why nothing is being worked."""
        return self._workers.stalled()

    def drain(self, grace_s: float) -> Iterator[Outcome | Lost]:
        """Begin nothing more, and yield what comes to its end."""
        return self._workers.drain(grace_s)

    def close(self) -> None:
        """End those that were picked, or what was started for them."""
        if self._picked:
            self._picked.close()
        elif self._server:
            self._server.close()

    @property
    def _workers(self) -> Workers:
        assert self._picked, "choose comes first"
        return self._picked
