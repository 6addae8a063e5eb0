"""Whether a partition that failed is tried again, and when."""

import random
from dataclasses import dataclass

from ingest.core.outcome import ErrorKind

LONGEST_WAIT_S = 60.0
TRIES_OF_A_BUG = 2

HOPELESS: frozenset[ErrorKind] = frozenset({"bad_row", "contract", "fatal", "config"})
"""Failures that the next try would only repeat."""


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Exponential backoff with full jitter, by class of failure.

    A bug gets one more try, in case it was the machine; what cannot change gets none.
    """

    max_tries: int
    wait_s: float

    def wait(self, kind: ErrorKind, tries: int) -> float | None:
        """Return the seconds to wait after `tries` tries, or None if it is to be given up."""
        allowed = min(self.max_tries, TRIES_OF_A_BUG) if kind == "bug" else self.max_tries
        if kind in HOPELESS or tries >= allowed:
            return None
        longest = min(LONGEST_WAIT_S, self.wait_s * 2 ** (tries - 1))
        return random.uniform(0, longest)  # noqa: S311 - spreads load, guards nothing
