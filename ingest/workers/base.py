"""The protocol between the driver and whatever works the partitions."""

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol, runtime_checkable

from ingest.core.dataclass import dataclass
from ingest.core.outcome import Cause, Outcome
from ingest.core.partition import Assignment
from ingest.workers.outlook import Outlook


class Task(Protocol):
    """What is done to a partition. Picklable; shipped to each worker once.

    Never raises: whatever goes wrong is in the outcome's `failure`.
    """

    def __call__(self, assignment: Assignment) -> Outcome:
        """Work one partition and say what became of it."""
        ...


@runtime_checkable
class Preparing(Protocol):
    """What can be done ahead of what a worker does only once; a task may be of this kind, too.

    Picklable. Never raises: what goes wrong is met again with the first partition, and is in its
    outcome.
    """

    def prepare(self) -> None:
        """Do it; called at most once in a worker, before its first partition."""
        ...


@dataclass(frozen=True, slots=True)
class Lost:
    """A worker died, or was killed, while it held this try; no outcome will come.

    `culprit` is True for the partition that was being worked, False for one that waited behind it;
    `seconds` is for how long it was. `words` is what the process wrote last, if it is known.
    """

    key: tuple[int, int, int]
    reason: str
    culprit: bool
    kind: Cause = "lost_worker"
    seconds: float = 0.0
    words: str = ""


Answer = Callable[[Outcome | Lost], None]
"""Takes an answer of a pool, in the thread in which it comes."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """Where work is done, as a job calls its `cluster`; and why there, if the job left it open."""

    cluster: str
    why: str = ""

    def __str__(self) -> str:
        return f"{self.cluster} ({self.why})" if self.why else self.cluster


class Workers(Protocol):
    """A pool that works partitions in parallel.

    The driver calls maybe `ahead`, `choose` once, and `start` if there is anything to work, then
    `submit` and `results` in turns from one thread, then maybe `drain`, then `close`. Every
    assignment that was submitted is answered by one outcome or one `Lost`, in any order, unless
    `drain` or `close` comes first. Nothing is retried in here: the driver decides.
    """

    @property
    def idle(self) -> int:
        """How many workers are there and have nothing to do now."""
        ...

    @property
    def capacity(self) -> int:
        """How many assignments are worth having handed out at once."""
        ...

    @property
    def logs(self) -> str:
        """Where the pool's own logs are, for a message about a failure; empty if there are none."""
        ...

    @property
    def starting(self) -> str:
        """What is being started before anything can be worked, such as `Ray`; empty once it is."""
        ...

    def ahead(self, preparing: Preparing) -> None:
        """Have workers that can be there at once do so much, while the plan is being made.

        Others do it when they are started: it is a part of what their task prepares.
        """
        ...

    def choose(self, outlook: Outlook) -> Chosen:
        """Decide where so much work is done, if that is open, and say it."""
        ...

    def start(self, task: Task) -> None:
        """Begin to start the pool and return at once, so that planning continues meanwhile."""
        ...

    def submit(self, assignments: Sequence[Assignment]) -> None:
        """Hand out work. The order is kept as far as parallel workers keep one."""
        ...

    def results(self, timeout_s: float) -> list[Outcome | Lost]:
        """Return what has come back; wait for the first up to `timeout_s` seconds.

        Raises:
            ConfigError: the pool that is asked for does not fit where it is to run.
            FatalError: the pool cannot be started or has broken down for good.
        """
        ...

    def worked_s(self, key: tuple[int, int, int]) -> float:
        """Return for how many seconds a try has been worked by now; 0 if nobody has begun it.

        Where several are worked in one go, each has its part of the time.
        """
        ...

    def stalled(self) -> str:
        """Say what is waited for although work was handed out; empty if some is being worked.

        The text fits behind "waiting for": what the pool asks for and what there is. Asked now and
        then, not cheap, but never for longer than some seconds.
        """
        ...

    def drain(self, grace_s: float) -> Iterator[Outcome | Lost]:
        """Begin nothing more, and yield what is being worked as it comes to its end.

        Ends when nothing is being worked any more, or after `grace_s` seconds. Then `close`.
        """
        ...

    def close(self) -> None:
        """End what is being worked, by force, and release everything. Idempotent."""
        ...
