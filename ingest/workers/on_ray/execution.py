"""One live Ray Data execution: packs go in while it runs, answers come out."""

import pickle
import time
from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Any

import ray

from ingest.core.outcome import Outcome
from ingest.core.partition import Assignment
from ingest.workers.base import Answer, Lost
from ingest.workers.on_ray.adapter import session_logs
from ingest.workers.on_ray.dataset import answers
from ingest.workers.on_ray.feed import OpenFeed
from ingest.workers.on_ray.feed_source import unframe
from ingest.workers.on_ray.fleet import Fleet
from ingest.workers.on_ray.packs import OpenPacks
from ingest.workers.on_ray.scheduling import quick
from ingest.workers.on_ray.state import capacity, wait_for_end
from ingest.workers.on_ray.surroundings import Surroundings
from ingest.workers.on_ray.watch import Watch
from ingest.workers.pool import Pool

ASK_S = 1.0  # how long the feed may take to say whether anything is being worked
LOOKS = 5  # within that time, to tell a pause between two packs from a stall
KILLED_S = 10.0  # how long killed workers are waited for
STILL_S = 20.0  # a step of Ray Data's scheduling loop takes a tenth of a second, seldom some


class LiveExecution:
    """A feed, a pool and what they have been given.

    Each assignment that was put is answered at most once, with an outcome or a `Lost`; what has no
    answer when `run` returns or raises is in `unanswered`. All but `run` and `unanswered` may be
    called from any thread while `run` runs in another.
    """

    def __init__(self, pool: Pool, fleet: Fleet, feed: OpenFeed, answer: Answer) -> None:
        self._pool = pool
        self._fleet = fleet
        self._answer = answer
        self._feed = feed.actor
        self._packs = OpenPacks()
        self._finishing = False
        self._watch = Watch(
            pool, fleet, feed.actor, self._packs, close=self._close, finish=self.finish
        )
        self._observer = self._watch.observer
        if pool.is_foreign:
            self._feed.surround.remote(Surroundings.here())
        with self._quick():
            self._blocks = answers(pool, fleet, feed, self._observer)
        self.answered = 0

    @property
    def accepts(self) -> bool:
        """Whether more may be put."""
        return not self._finishing

    def put(self, packs: Sequence[Sequence[Assignment]], *, pause: bool = False) -> None:
        """Hand out packs, in order; ends what the execution accepts once it has grown old.

        With `pause` they wait until it is known for sure who is idle, see `Feed.put`.
        """
        if not packs:
            return
        first = self._packs.add(packs)
        pickled = [pickle.dumps(pack, protocol=5) for pack in packs]
        self._feed.put.remote(first, pickled, pause=pause)
        if self._packs.next >= self._pool.roll_after:
            self.finish()

    @property
    def idle(self) -> int:
        """How many workers had nothing to do, about a second ago."""
        return self._watch.idle

    @property
    def started(self) -> int:
        """How many workers are there."""
        return self._observer.started()

    def worked_s(self, key: tuple[int, int, int]) -> float:
        """Return for how long a try has been worked, to about a second; 0 if it has not begun."""
        return self._packs.worked_s(key)

    def finish(self) -> None:
        """Accept nothing more, and end when what is in has been worked."""
        self._finishing = True
        self._feed.end.remote(self._packs.next)

    def stop(self) -> None:
        """Let nothing more begin, and end when what is being worked is done."""
        self._finishing = True
        self._feed.stop.remote()

    def kill(self) -> None:
        """Let nothing more begin, and end what is being worked; it has ended when `run` returns."""
        self.stop()
        self._watch.stop()
        self._observer.abort()

    def release(self) -> None:
        """End all that it consists of in Ray; of an execution that has run, `run` has done so."""
        wait_for_end(self._observer.release(), KILLED_S)
        ray.kill(self._feed)  # last: without it, workers begin whatever they hold

    def stalled(self) -> str:
        """Say what is asked for and what there is, if nothing is being worked; else nothing."""
        started = f"Ray: {self.started} of {self._fleet.target} workers started"
        if (still_s := self._observer.still_s) > STILL_S:
            return (
                f"{started}; Ray Data has made no progress for {still_s:.0f} s. Logs: "
                f"{session_logs()}"
            )
        for _ in range(LOOKS):
            try:
                if ray.get(self._feed.busy.remote(), timeout=ASK_S):
                    return ""
            except ray.exceptions.RayError:
                break  # it has died, or has no place either
            time.sleep(ASK_S / LOOKS)
        return f"{started}; {capacity()}"

    def unanswered(self) -> list[Sequence[Assignment]]:
        """Return what has been put and not been answered, in order."""
        return self._packs.unanswered()

    def run(self) -> None:
        """Work until `finish` or `stop` has taken effect, or the feed is gone.

        Raises:
            Exception: whatever Ray Data met, such as workers that cannot be started.
        """
        try:
            with self._watch.looking(), self._quick():
                for bundle in self._blocks.iter_internal_ref_bundles():
                    self._receive(bundle.block_refs)
        finally:
            self.release()

    def _quick(self) -> AbstractContextManager[None]:
        return quick(private=self._pool.address == "local")

    def _receive(self, refs: Sequence[Any]) -> None:
        try:
            blocks = ray.get(list(refs))
        except ray.exceptions.RayError:
            # answers died with their node, nobody knows whose: the next execution works them again
            self.finish()
            return
        for block in blocks:
            index, payload = unframe(block)
            outcomes = pickle.loads(payload)  # noqa: S301 - our own workers made it
            if outcomes:
                self._close(index, outcomes)

    def _close(self, index: int, replies: Sequence[Outcome | Lost]) -> None:
        if self._packs.close(index):
            lost = any(isinstance(reply, Lost) for reply in replies)
            self._feed.answered.remote(index, lost=lost)
            self.answered += 1
            for reply in replies:
                self._answer(reply)
