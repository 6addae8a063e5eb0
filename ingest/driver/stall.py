"""The watchdog over a run that does not move: it says what it waits for, and ends the waiting."""

from ingest.core.clock import Clock
from ingest.core.dataclass import dataclass
from ingest.core.errors import FatalError
from ingest.records.events import Stalled
from ingest.records.ledger import Ledger
from ingest.workers.base import Workers

CHECK_S = 15.0


@dataclass(slots=True)
class Stall:
    """Asks the workers, now and then while no outcome comes, whether anything is being worked.

    What they wait for is put on record. A partition that takes its time is no stall.
    """

    workers: Workers
    ledger: Ledger
    clock: Clock
    limit_s: float
    since: float
    checked_at: float = 0.0

    def moved(self) -> None:
        """Note that something came back, or that nothing is out."""
        self.since = self.checked_at = self.clock.monotonic()

    def check(self) -> None:
        """Look, if it is time to.

        Raises:
            FatalError: nothing could be worked for longer than the limit.
        """
        now = self.clock.monotonic()
        if now - max(self.since, self.checked_at) < min(CHECK_S, self.limit_s):
            return
        self.checked_at = now
        why = self.workers.stalled()
        if not why:
            self.since = now
            return
        waited_s = now - self.since
        self.ledger.append(Stalled(message=why, seconds=round(waited_s, 1)))
        if waited_s >= self.limit_s:
            raise FatalError(
                f"cluster: waited {waited_s:.0f} s for {why}. Free or add nodes, or use fewer "
                "workers (execution.workers=N), then resume. To wait longer, set "
                "execution.stall_timeout_s=N"
            )
