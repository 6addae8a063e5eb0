"""What is done about a partition that failed: again, searched, split, or given up."""

import random
from typing import Literal

from ingest.core.dataclass import dataclass
from ingest.core.outcome import ErrorKind, Failure
from ingest.execution import Retries, Retry

HOPELESS: frozenset[ErrorKind] = frozenset(
    {"bad_row", "contract", "stale_plan", "job", "fatal", "config"}
)
"""Failures that the next try would only repeat."""

DEATHS: frozenset[ErrorKind] = frozenset({"lost_worker", "timeout", "out_of_memory"})
"""Failures that cost a worker its life."""

TRIES_BEFORE_SEARCH = 2
"""The first may have been an accident, the second was alone with its worker."""

What = Literal["again", "search", "split", "give_up"]


@dataclass(frozen=True, slots=True)
class Measure:
    """What is done about a failure, and how long to wait before it, in seconds."""

    what: What
    wait_s: float = 0.0


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Tries again by class of failure, with exponential backoff and full jitter.

    The jitter is that of "Exponential Backoff And Jitter" (AWS Architecture Blog, 2015): a wait is
    drawn evenly between 0 and the longest. What a partition cannot be cured of by trying again is
    searched for, row by row, and where no row is to blame the partition is split. Both need steps
    that work `by_row`, so that a part of a partition comes to the same as within the whole.
    """

    retries: Retries
    by_row: bool
    search: bool = True

    def measure(self, failure: Failure, tries: int, *, searched: bool) -> Measure:
        """Decide about a failure that was the `tries`-th of its kind for this partition.

        `searched` says that it happened while the partition was searched.
        """
        if failure.kind in HOPELESS:
            return Measure("give_up")
        settings: Retry = getattr(self.retries, failure.kind)
        least = min(TRIES_BEFORE_SEARCH, settings.max_tries)
        blamed = self.by_row and (failure.kind in DEATHS or failure.kind == "bug")
        if blamed and self.search and not searched and tries >= least:
            return Measure("search")
        if tries < settings.max_tries and not (blamed and searched):
            return Measure("again", self._wait(settings, tries, failure.retry_after_s))
        return Measure("split" if blamed and failure.kind in DEATHS else "give_up")

    @staticmethod
    def _wait(settings: Retry, tries: int, asked_s: float | None) -> float:
        longest = min(settings.max_wait_s, settings.wait_s * 2.0 ** min(tries - 1, 30))
        drawn = random.uniform(0, longest)  # noqa: S311 - spreads load, guards nothing
        return drawn + (asked_s or 0.0)
