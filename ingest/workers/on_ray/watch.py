"""Looking after an execution while it runs: lost workers, those that take too long, idle ones."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import ray

from ingest.core.outcome import Cause
from ingest.workers.base import Lost
from ingest.workers.on_ray.adapter import kill_process, session_logs
from ingest.workers.on_ray.feed import Culprit
from ingest.workers.on_ray.feed_source import GONE, unframe
from ingest.workers.on_ray.fleet import Fleet
from ingest.workers.on_ray.observer import LossObserver
from ingest.workers.on_ray.packs import OpenPacks
from ingest.workers.on_ray.state import death_of
from ingest.workers.pool import Pool

CHECK_S = 1.0  # how often overdue workers are looked for
IDLE_S = 5.0  # the read task, if it has died, is back after that
FEEDLESS_S = 5.0  # without a feed and without a worker

Close = Callable[[int, Sequence[Lost]], None]


class Watch:
    """Looks once a second, and as soon as a worker is lost, in a thread of its own.

    `close` is called for each pack that is lost, with an answer for each try in it; `finish` when
    the execution is to accept no more.
    """

    def __init__(
        self,
        pool: Pool,
        fleet: Fleet,
        feed: Any,
        packs: OpenPacks,
        *,
        close: Close,
        finish: Callable[[], None],
    ) -> None:
        self._timeout_s = pool.partition_timeout_s
        self._fleet = fleet
        self._feed = feed
        self._packs = packs
        self._close, self._finish = close, finish
        self._over = threading.Event()
        self._losses: list[tuple[float, list[Any] | None]] = []
        self._disturbed = threading.Event()
        self._late: set[int] = set()
        self.observer = LossObserver(self._lost)
        self.idle = 0
        """How many workers had nothing to do, about a second ago."""

    @contextmanager
    def looking(self) -> Iterator[None]:
        """Look meanwhile."""
        thread = threading.Thread(target=self._run, name="ray-data-watch", daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._over.set()
            self._disturbed.set()
            thread.join()

    def stop(self) -> None:
        """Look no more; returns at once."""
        self._over.set()

    def _lost(self, blocks: list[Any] | None) -> None:
        self._losses.append((time.monotonic(), blocks))
        self._disturbed.set()

    def _run(self) -> None:
        while not self._over.is_set():
            self._disturbed.wait(CHECK_S)
            self._disturbed.clear()
            try:
                while self._losses:
                    self._lose(*self._losses.pop(0))
                self._kill_late()
                self._give_back()
                self._look()
            except GONE:
                self._outlive_the_feed()
                return

    def _outlive_the_feed(self) -> None:
        """Let workers complete what they have got, and end the execution if none of them is left.

        It would not come to its end then: a worker that is started again finds no feed and dies,
        and Ray starts it again.
        """
        seen_at = time.monotonic()
        while not self._over.wait(CHECK_S):
            if self.observer.started():
                seen_at = time.monotonic()
            elif time.monotonic() - seen_at > FEEDLESS_S:
                self.observer.abort()
                return

    def _lose(self, since: float, blocks: list[Any] | None) -> None:
        if blocks is None:
            self._finish()
            return
        for block in blocks:
            index, _ = unframe(block)
            holder = ray.get(self._feed.holder.remote(index))
            kind, reason = self._cause(index, holder, since)
            pack = self._packs.of(index)
            culprit = holder is not None and len(pack) == 1
            self._close(index, [Lost(each.key, reason, culprit, kind) for each in pack])

    def _cause(self, index: int, holder: Culprit | None, since: float) -> tuple[Cause, str]:
        if holder is None:
            return "lost_worker", "its worker died before the partition was started"
        if index in self._late:
            return "timeout", f"took longer than {self._timeout_s:g} s"
        if holder.last_words is not None:
            return holder.last_words
        death = death_of(holder.worker, session_logs(), since)
        return "out_of_memory" if death.memory else "lost_worker", death.reason

    def _kill_late(self) -> None:
        if self._timeout_s is None:
            return
        for index, actor in ray.get(self._feed.condemn.remote(self._timeout_s)):
            self._late.add(index)
            kill_process(actor)

    def _give_back(self) -> None:
        """Answer for what waits behind a slow pack while other workers are idle."""
        for index in ray.get(self._feed.stranded.remote(IDLE_S, self.observer.ready())):
            pack = self._packs.of(index)
            reason = "it waited behind a slow partition"
            self._close(index, [Lost(each.key, reason, culprit=False) for each in pack])

    def _look(self) -> None:
        """Ask the feed what is being worked and who is idle, and the cluster what it has."""
        worked, self.idle = ray.get([self._feed.worked_s.remote(), self._feed.idle.remote()])
        self._fleet.look(self._packs.begun(worked))
