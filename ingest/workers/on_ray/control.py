"""The thread in which Ray is started and driven, and what is done if it hangs there.

It is not the main thread, so that Ray leaves the process's signal handlers as they are. Importing
this module does not import Ray; the thread does.
"""

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

from ingest.core.collecting import uncollected
from ingest.core.errors import FatalError, IngestError
from ingest.core.leaving import hold, release
from ingest.workers.bounded import within
from ingest.workers.on_ray.logs import broken, likely_logs
from ingest.workers.on_ray.warm import joinable

if TYPE_CHECKING:
    from ingest.workers.on_ray.cluster import Connected

KILL_S = 30.0  # how long `close` waits for Ray to end
BREAK_OFF_S = 10.0  # and for one that has not even started
FORCE_S = 15.0  # how long ending its processes by force may take
START_S = 120.0  # what a start may take on a busy machine

Drive = Callable[["Connected"], None]
"""What is done in the thread once Ray is there; Ray is left when it returns or raises."""


class Control:
    """Connects to the Ray of an address, or starts one, and leaves it when all is done.

    `over` is called in the thread when nothing is driven any more, and again when Ray has been left
    or has not even started.
    """

    def __init__(self, address: str, workers: int | None, over: Callable[[], None]) -> None:
        self._address, self._workers, self._over = address, workers, over
        self._thread: threading.Thread | None = None
        self._began = 0.0
        self._connected = False
        self._forced = False
        self._error: IngestError | None = None
        self.logs = ""
        """Where Ray's logs are, once it is connected."""

    @property
    def is_running(self) -> bool:
        """Whether the thread was started and has not ended."""
        return self._thread is not None and self._thread.is_alive()

    @property
    def has_ended(self) -> bool:
        """Whether the thread was started and has ended."""
        return self._thread is not None and not self._thread.is_alive()

    @property
    def likely_logs(self) -> str:
        """Where Ray's logs are, or will be."""
        return self.logs or likely_logs()

    @property
    def error(self) -> IngestError:
        """Why the thread has ended by itself."""
        return self._error or self._broken("the control thread of Ray has ended")

    def start(self, drive: Drive) -> None:
        """Begin to start Ray and then to `drive` it; what goes wrong there is the `error`."""
        self._began = time.monotonic()
        hold(self._end_by_force)
        self._thread = threading.Thread(
            target=self._main, args=(drive,), name="ray-data", daemon=True
        )
        self._thread.start()

    def join(self) -> None:
        """Wait for the end of a thread that is about to end."""
        if self._thread is not None:
            self._thread.join(KILL_S)

    def check(self) -> None:
        """Raise if Ray itself has died or does not start; it would say so after minutes.

        Raises:
            FatalError: it has, or does not.
        """
        if part := self._fallen():
            raise self._broken(f"Ray's own process has died ({part})")
        waited_s = time.monotonic() - self._began
        if self.is_running and not self.logs and waited_s > START_S:
            raise FatalError(
                f"cluster: Ray did not start within {waited_s:.0f} s. Logs: {self.likely_logs}. "
                "Try cluster=inline, or run the same command again to resume"
            )

    def close(self, kill: Callable[[], None] | None) -> None:
        """Have the thread end by what `kill` does in Ray, or else end Ray by force. Idempotent."""
        if self._forced:
            return
        if self._fallen():
            self._end_by_force()
            return
        if kill is not None:
            with suppress(TimeoutError):
                within(KILL_S, kill)
        if self._thread is not None:
            self._thread.join(KILL_S if self.logs else BREAK_OFF_S)
            if self._thread.is_alive():
                self._end_by_force()
            else:
                release(self._end_by_force)

    def _fallen(self) -> str:
        if not self._connected:
            return ""
        from ingest.workers.on_ray.adapter import fallen_part  # noqa: PLC0415

        return fallen_part()

    def _end_by_force(self) -> None:
        """End Ray's processes; this one then leaves without its threads, see `core.leaving`."""
        from ingest.workers.on_ray.adapter import end_by_force  # noqa: PLC0415

        self._forced = True
        with suppress(TimeoutError):
            within(FORCE_S, end_by_force)

    def _broken(self, what: str) -> FatalError:
        return broken(what, self.logs)

    def _main(self, drive: Drive) -> None:
        with uncollected():  # ray is imported in this thread only
            from ingest.workers.on_ray.adapter import session_logs  # noqa: PLC0415
            from ingest.workers.on_ray.cluster import connection  # noqa: PLC0415

        def meanwhile() -> None:
            # takes half a second, most of it won: Ray's processes start on other cores
            with uncollected():
                import ingest.workers.on_ray.execution  # noqa: F401, PLC0415

        warm = joinable(self._workers) if self._address == "local" else None
        try:
            with connection(self._address, self._workers, warm, meanwhile) as connected:
                self.logs = session_logs()
                self._connected = True
                try:
                    drive(connected)
                finally:
                    self._connected = False
                    self._over()
        except IngestError as error:
            self._error = error
        except Exception as error:  # noqa: BLE001 - Ray lets through whatever it met
            self._error = self._broken(f"Ray failed: {type(error).__name__}: {error}")
        finally:
            self._over()
