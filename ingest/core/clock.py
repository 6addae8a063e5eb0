"""Time, as a part that tests can set."""

import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Where the driver gets its time from; `ingest.testing` has one that is set by hand."""

    def now(self) -> datetime:
        """Return the wall clock, in UTC."""
        ...

    def monotonic(self) -> float:
        """Return seconds that never run backwards; only differences mean anything."""
        ...

    def sleep(self, seconds: float) -> None:
        """Wait."""
        ...


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        """Return the wall clock, in UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Return the machine's monotonic clock, in seconds."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Block this thread."""
        time.sleep(seconds)
