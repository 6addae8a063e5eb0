"""One live Ray Data execution: packs go in while it runs, answers come out."""

import pickle
import threading
import time
from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Any

import ray
import ray.data
from ray.data import ActorPoolStrategy, DataContext

from ingest.core.outcome import Cause, Outcome
from ingest.core.partition import Assignment
from ingest.work.memory import readable, share_of
from ingest.workers.base import Lost
from ingest.workers.on_ray.adapter import hush, kill_process, session_logs
from ingest.workers.on_ray.feed import Culprit, OpenFeed
from ingest.workers.on_ray.feed_source import FeedSource, unframe
from ingest.workers.on_ray.fleet import Fleet
from ingest.workers.on_ray.handout import Answer
from ingest.workers.on_ray.observer import LossObserver, follow_starts, observed_context
from ingest.workers.on_ray.scheduling import quick
from ingest.workers.on_ray.state import capacity, death_of, wait_for_end
from ingest.workers.on_ray.surroundings import Surroundings
from ingest.workers.on_ray.worker import PoolWorker
from ingest.workers.pool import Pool

CHECK_S = 1.0  # how often overdue workers are looked for
IDLE_S = 5.0  # the read task, if it has died, is back after that
LOOKS = 5  # within that time, to tell a pause between two packs from a stall
KILLED_S = 10.0  # how long killed workers are waited for
FEEDLESS_S = 5.0  # without a feed and without a worker
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
        self._lock = threading.Lock()
        self._open: dict[int, Sequence[Assignment]] = {}
        self._next = 0
        self._finishing = False
        self._over = threading.Event()
        self._losses: list[tuple[float, list[Any] | None]] = []
        self._disturbed = threading.Event()
        self._late: set[int] = set()
        self._begun: dict[int, float] = {}
        self._idle = 0
        self._observer = LossObserver(self._on_loss)
        self._name, self._feed = feed
        if pool.is_foreign:
            self._feed.surround.remote(Surroundings.here())
        with self._quick():
            self._blocks = self._build()
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
        with self._lock:
            first = self._next
            self._open.update(enumerate(packs, first))
            self._next += len(packs)
        pickled = [pickle.dumps(pack, protocol=5) for pack in packs]
        self._feed.put.remote(first, pickled, pause=pause)
        if self._next >= self._pool.roll_after:
            self.finish()

    @property
    def idle(self) -> int:
        """How many workers had nothing to do, about a second ago."""
        return self._idle

    @property
    def started(self) -> int:
        """How many workers are there."""
        return self._observer.started()

    def worked_s(self, key: tuple[int, int, int]) -> float:
        """Return for how long a try has been worked, to about a second; 0 if it has not begun."""
        with self._lock:
            for index, began in self._begun.items():
                pack = self._open.get(index, ())
                if any(each.key == key for each in pack):
                    return (time.monotonic() - began) / len(pack)
        return 0.0

    def finish(self) -> None:
        """Accept nothing more, and end when what is in has been worked."""
        self._finishing = True
        self._feed.end.remote(self._next)

    def stop(self) -> None:
        """Let nothing more begin, and end when what is being worked is done."""
        self._finishing = True
        self._feed.stop.remote()

    def kill(self) -> None:
        """Let nothing more begin, and end what is being worked; it has ended when `run` returns."""
        self.stop()
        self._over.set()
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
                if ray.get(self._feed.busy.remote(), timeout=CHECK_S):
                    return ""
            except ray.exceptions.RayError:
                break  # it has died, or has no place either
            time.sleep(CHECK_S / LOOKS)
        return f"{started}; {capacity()}"

    def unanswered(self) -> list[Sequence[Assignment]]:
        """Return what has been put and not been answered, in order."""
        return [self._open[index] for index in sorted(self._open)]

    def run(self) -> None:
        """Work until `finish` or `stop` has taken effect, or the feed is gone.

        Raises:
            Exception: whatever Ray Data met, such as workers that cannot be started.
        """
        watch = threading.Thread(target=self._watch, name="ray-data-watch", daemon=True)
        watch.start()
        try:
            with self._quick():
                for bundle in self._blocks.iter_internal_ref_bundles():
                    self._receive(bundle.block_refs)
        finally:
            self._over.set()
            self._disturbed.set()
            watch.join()
            self.release()

    def _quick(self) -> AbstractContextManager[None]:
        return quick(private=self._pool.address == "local")

    def _build(self) -> Any:
        pool = self._pool
        share, limit = None, "the free memory of its machine (execution.max_memory)"
        if pool.max_memory is not None:
            share = share_of(pool.max_memory, pool.workers)
            limit = f"execution.max_memory={readable(pool.max_memory)}"
        self._fleet.look()
        strategy = ActorPoolStrategy(
            min_size=1,
            max_size=None,
            initial_size=self._fleet.target,
            max_tasks_in_flight_per_actor=pool.in_flight,
        )
        place = {}
        if pool.is_pinned:
            place = {"label_selector": {"ray.io/node-id": ray.get_runtime_context().get_node_id()}}
        follow_starts()
        hush()  # again: importing Ray Data has set its loggers up
        with DataContext.current(observed_context(self._observer, self._fleet)):
            source = ray.data.read_datasource(
                FeedSource(self._feed), override_num_blocks=1, num_cpus=0
            )
            return source.map_batches(
                PoolWorker,
                fn_constructor_args=(self._name, share, limit, pool.is_foreign),
                batch_size=None,
                batch_format="pyarrow",
                num_cpus=1,
                compute=strategy,
                max_restarts=-1,
                max_task_retries=0,
                **place,
            )

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

    def _close(self, index: int, answers: Sequence[Outcome | Lost]) -> None:
        with self._lock:
            known = self._open.pop(index, None) is not None
        if known:
            lost = any(isinstance(answer, Lost) for answer in answers)
            self._feed.answered.remote(index, lost=lost)
            self.answered += 1
            for answer in answers:
                self._answer(answer)

    def _on_loss(self, blocks: list[Any] | None) -> None:
        self._losses.append((time.monotonic(), blocks))
        self._disturbed.set()

    def _watch(self) -> None:
        while not self._over.is_set():
            self._disturbed.wait(CHECK_S)
            self._disturbed.clear()
            try:
                while self._losses:
                    self._lose(*self._losses.pop(0))
                self._kill_late()
                self._give_back()
                self._look()
            except ray.exceptions.RayActorError:
                self._outlive_the_feed()
                return

    def _outlive_the_feed(self) -> None:
        """Let workers complete what they have got, and end the execution if none of them is left.

        It would not come to its end then: a worker that is started anew finds no feed and dies, and
        Ray starts it anew.
        """
        seen_at = time.monotonic()
        while not self._over.wait(CHECK_S):
            if self.started:
                seen_at = time.monotonic()
            elif time.monotonic() - seen_at > FEEDLESS_S:
                self._observer.abort()
                return

    def _lose(self, since: float, blocks: list[Any] | None) -> None:
        if blocks is None:
            self.finish()
            return
        for block in blocks:
            index, _ = unframe(block)
            holder = ray.get(self._feed.holder.remote(index))
            kind, reason = self._cause(index, holder, since)
            pack = self._open.get(index, ())
            culprit = holder is not None and len(pack) == 1
            self._close(index, [Lost(each.key, reason, culprit, kind) for each in pack])

    def _cause(self, index: int, holder: Culprit | None, since: float) -> tuple[Cause, str]:
        if holder is None:
            return "lost_worker", "its worker died before the partition was started"
        if index in self._late:
            return "timeout", f"took longer than {self._pool.partition_timeout_s:g} s"
        if holder.last_words is not None:
            return holder.last_words
        death = death_of(holder.worker, session_logs(), since)
        return "out_of_memory" if death.memory else "lost_worker", death.reason

    def _kill_late(self) -> None:
        if self._pool.partition_timeout_s is None:
            return
        for index, actor in ray.get(self._feed.condemn.remote(self._pool.partition_timeout_s)):
            self._late.add(index)
            kill_process(actor)

    def _give_back(self) -> None:
        """Answer for what waits behind a slow pack while other workers are idle."""
        for index in ray.get(self._feed.stranded.remote(IDLE_S, self._observer.ready())):
            pack = self._open.get(index, ())
            reason = "it waited behind a slow partition"
            self._close(index, [Lost(each.key, reason, culprit=False) for each in pack])

    def _look(self) -> None:
        """Ask the feed what is being worked and who is idle, and the cluster what it has."""
        worked, idle = ray.get([self._feed.worked_s.remote(), self._feed.idle.remote()])
        now = time.monotonic()
        with self._lock:
            self._begun = {index: now - seconds for index, seconds in worked.items()}
            self._idle = idle
            packs = [(self._open.get(index), seconds) for index, seconds in worked.items()]
        slowest_s = max((seconds / len(pack) for pack, seconds in packs if pack), default=0.0)
        self._fleet.look(slowest_s)  # of a partition: packs of several take longer
