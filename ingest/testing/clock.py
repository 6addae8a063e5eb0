"""A clock that is set by hand."""

from datetime import UTC, datetime, timedelta


class SetClock:
    """Time stands still until `sleep` or `advance` moves it; see `core.clock.Clock`."""

    def __init__(self, start: datetime = datetime(2013, 1, 1, tzinfo=UTC)) -> None:
        self._start = start
        self._passed = 0.0

    def now(self) -> datetime:
        """Return the time that is set."""
        return self._start + timedelta(seconds=self._passed)

    def monotonic(self) -> float:
        """Return the seconds that have passed since the start."""
        return self._passed

    def sleep(self, seconds: float) -> None:
        """Let time pass without waiting."""
        self._passed += seconds

    advance = sleep
