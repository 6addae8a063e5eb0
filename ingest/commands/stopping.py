"""Signals: the first lets a run stop in order, the second ends it at once."""

import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from ingest.core.stop import Stop

END_S = 2.0  # what ending workers by force takes


@contextmanager
def stopping(stop: threading.Event, grace_s: float) -> Iterator[None]:
    """Let Ctrl-C, SIGTERM and a closed terminal end the run in order; a second one at once.

    So does the first while the run is only planned (`Stop.at_once`): there is nothing to finish.
    What has not come to its end by itself in `grace_s` seconds, and the time that workers take to
    be ended, is ended as if asked twice.
    """
    abort = _Abort()

    def ask(number: int, frame: FrameType | None) -> None:
        if stop.is_set():
            abort(number, frame)
        stop.set()
        name = signal.Signals(number).name
        if isinstance(stop, Stop) and stop.at_once:
            print(f"{name}: stopped while planning, before a run had begun", file=sys.stderr)
            abort(number, frame)
        wait = f"max {grace_s:g} s"
        again = "Ctrl-C again to abort" if number == signal.SIGINT else f"{name} again to abort"
        print(f"{name}: finishing running partitions ({wait}). {again}", file=sys.stderr)
        # Ray's own handler of SIGTERM, which comes first, has put another one here: it aborts.
        signal.signal(signal.SIGALRM, abort)
        signal.setitimer(signal.ITIMER_REAL, grace_s + END_S)

    asked: dict[signal.Signals, Callable[[int, FrameType | None], None]] = {
        signal.SIGINT: ask,
        signal.SIGTERM: ask,
        signal.SIGALRM: abort,
    }
    if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:  # as `nohup` has it: it is to continue
        asked[signal.SIGHUP] = ask
    before = {number: signal.signal(number, handler) for number, handler in asked.items()}
    hook, sys.unraisablehook = sys.unraisablehook, abort.unraisable
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        sys.unraisablehook = hook
        for number, handler in before.items():
            signal.signal(number, handler)


def stop_is_answered() -> None:
    """Ignore further signals: the run has stopped, and that is only to be said."""
    signal.setitimer(signal.ITIMER_REAL, 0)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)


class _Abort:
    """Interrupts whatever the main thread does."""

    def __init__(self) -> None:
        self._begun = False
        self._hook = sys.unraisablehook

    def __call__(self, _number: int, _frame: FrameType | None) -> None:
        self._begun = True
        raise KeyboardInterrupt

    def unraisable(self, error: "sys.UnraisableHookArgs") -> None:
        """Hide what only the abort has caused, such as a file that is closed half written.

        Native code that cannot pass an exception on, as Polars' for the name of a type, drops the
        interrupt here. What it was in fails then, and the run ends as if asked once.
        """
        if not self._begun:
            self._hook(error)
