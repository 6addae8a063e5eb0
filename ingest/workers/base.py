"""The protocol between the driver and whatever works the partitions."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from ingest.core.outcome import Outcome
from ingest.core.partition import Assignment


class Task(Protocol):
    """What is done to a partition. Picklable; shipped to each worker once.

    Never raises: whatever goes wrong is in the outcome's `failure`.
    """

    def __call__(self, assignment: Assignment) -> Outcome:
        """Work one partition and say what became of it."""
        ...


@dataclass(frozen=True, slots=True)
class Lost:
    """A worker died, or was killed, while it held this try; no outcome will come.

    `culprit` is True for the partition that was being worked, False for one that waited behind it.
    """

    key: tuple[int, int, int]
    reason: str
    culprit: bool


class Workers(Protocol):
    """A pool that works partitions in parallel.

    The driver calls `start` once, then `submit` and `results` in turns from one thread, then
    `close`. Every assignment that was submitted is answered by one outcome or one `Lost`, in any
    order, unless `close` comes first. Nothing is retried in here: the driver decides.
    """

    @property
    def capacity(self) -> int:
        """How many assignments are worth having handed out at once."""
        ...

    @property
    def logs(self) -> str:
        """Where the pool's own logs are, for a message about a failure; empty if there are none."""
        ...

    def start(self, task: Task) -> None:
        """Begin to start the pool and return at once, so that planning goes on meanwhile."""
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

    def close(self, *, drain: bool) -> None:
        """Release everything. With `drain`, let what is being worked come to its end first.

        Idempotent. What came to its end while draining is still returned by `results`.
        """
        ...
