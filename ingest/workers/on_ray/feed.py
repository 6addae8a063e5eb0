"""The feed of a live Ray Data execution: packs of work by index, and who is working which.

It is an actor of its own, beside the driver. This module imports nothing of Ray Data, which would
cost the actor's process, and so the first result, more than a second.
"""

import asyncio
import time
import uuid
from typing import Any, NamedTuple

import ray

from ingest.core.dataclass import dataclass
from ingest.core.outcome import Cause
from ingest.workers.on_ray.surroundings import Surroundings

BATCH = 64  # packs for each call of the read task
PAUSE_S = 0.5  # Ray Data takes longer to see that a worker is idle than the driver does


@dataclass(frozen=True, slots=True)
class WorkerLease:
    """Which pack a worker began last, when, by the feed's own clock, and the id of its actor.

    Not its handle: the first one to be unpickled would import Ray Data, half a second in which the
    first pack waits for its lease. A `guarded` pack keeps to deadlines of its own.
    """

    index: int
    since: float
    actor: str
    guarded: bool


@dataclass(frozen=True, slots=True)
class Culprit:
    """The worker process that has begun a pack, and why it was to end, if it could still say so."""

    worker: str
    last_words: tuple[Cause, str] | None


class Feed:
    """Holds the packs of one execution and the leases of its workers. Runs as an async actor.

    A lease is granted before the work begins and ends with the answer, so that of all packs that
    were handed to a dead worker the one with a lease is the one that it was working.
    """

    def __init__(self, task: bytes) -> None:
        self._task = task
        self._packs: dict[int, bytes] = {}
        self._end: int | None = None
        self._stopped = False
        self._leases: dict[str, WorkerLease] = {}
        self._idle: dict[str, float] = {}
        self._unbegun: set[int] = set()
        self._condemned: set[str] = set()
        self._last_words: dict[str, tuple[Cause, str]] = {}
        self._shares: dict[str, int] = {}
        self._surroundings: Surroundings | None = None
        self._changed = asyncio.Condition()

    async def task(self) -> bytes:
        """Return what the workers are to do, pickled."""
        return self._task

    async def surround(self, surroundings: Surroundings) -> None:
        """Take what the workers need of the driver's process.

        Not an argument of the actor's creation, which the head of Ray would keep.
        """
        async with self._changed:
            self._surroundings = surroundings
            self._changed.notify_all()

    async def surroundings(self) -> Surroundings:
        """Return what the workers need of the driver's process. Waits for it."""
        async with self._changed:
            await self._changed.wait_for(lambda: self._surroundings is not None)
        assert self._surroundings, "waited for"
        return self._surroundings

    async def share(self, node: str, found: int) -> int:
        """Return what its first worker has found to be each one's share of a node's memory.

        Who is started again would find less, since the others have taken some.
        """
        return self._shares.setdefault(node, found)

    async def put(self, first: int, packs: list[bytes], *, pause: bool) -> None:
        """Add packs; the first of them has the index `first`. Calls may arrive in any order.

        With `pause` they wait until Ray Data, too, knows who is idle: a second try must not end up
        behind the first.
        """
        if pause:
            await asyncio.sleep(PAUSE_S)
        async with self._changed:
            self._packs.update(enumerate(packs, first))
            self._changed.notify_all()

    async def get(self, index: int) -> tuple[list[bytes], bool]:
        """Return the packs from `index` on, and whether they are the last. Waits for the first."""
        async with self._changed:
            await self._changed.wait_for(
                lambda: index in self._packs or index == self._end or self._stopped
            )
        if self._stopped:
            return [], True
        packs: list[bytes] = []
        while len(packs) < BATCH and (pack := self._packs.get(index + len(packs))) is not None:
            packs.append(pack)
        self._unbegun.update(number for number, each in enumerate(packs, index) if each)
        return packs, index + len(packs) == self._end

    async def answered(self, index: int, *, lost: bool) -> None:
        """Forget what was in a pack. Its index stays, and yields an empty block when replayed.

        It is `lost` if its worker has died, or has not begun it.
        """
        self._packs[index] = b""
        self._unbegun.discard(index)
        for name in [name for name, each in self._leases.items() if each.index == index]:
            actor = self._leases.pop(name).actor
            if not lost:
                self._idle[actor] = time.monotonic()

    async def stranded(self, limit_s: float, ready: set[str]) -> list[int]:
        """Return the packs that nobody has begun though a worker has been idle for `limit_s`.

        They wait behind one that takes long, and are not to be begun there any more: when the
        worker gets to them, they have been given to another. `ready` are the actors that are there.
        """
        self._idle = {actor: since for actor, since in self._idle.items() if actor in ready}
        if all(time.monotonic() - since < limit_s for since in self._idle.values()):
            return []
        stranded = sorted(self._unbegun)
        self._unbegun.clear()
        self._packs.update(dict.fromkeys(stranded, b""))
        return stranded

    async def end(self, index: int) -> None:
        """Say that there will be no pack with this index, nor any after it."""
        async with self._changed:
            self._end = index
            self._changed.notify_all()

    async def stop(self) -> None:
        """Hand out nothing more, and let nobody begin what has been handed out already."""
        async with self._changed:
            self._stopped = True
            self._changed.notify_all()

    async def begin(self, index: int, name: str, actor: str, *, guarded: bool) -> bool:
        """Grant a worker process its lease; False if the pack is not to be worked any more.

        A worker that is about to be killed waits here for its end, so that it cannot begin a pack
        that would die with it.
        """
        if name in self._condemned:
            await asyncio.Event().wait()
        if self._stopped or not self._packs[index]:
            return False
        self._idle.pop(actor, None)
        self._unbegun.discard(index)
        self._leases[name] = WorkerLease(index, time.monotonic(), actor, guarded)
        return True

    async def ends(self, name: str, cause: Cause, reason: str) -> None:
        """Keep why a worker process is about to end itself."""
        self._last_words[name] = (cause, reason)

    async def condemn(self, limit_s: float) -> list[tuple[int, str]]:
        """Return the packs that have been worked for longer than `limit_s`, and their actors.

        Those that are guarded are left alone.
        """
        late = {
            name: lease
            for name, lease in self._leases.items()
            if name not in self._condemned
            and not lease.guarded
            and time.monotonic() - lease.since > limit_s
        }
        self._condemned |= late.keys()
        return [(lease.index, lease.actor) for lease in late.values()]

    async def holder(self, index: int) -> Culprit | None:
        """Return who has begun a pack that is not answered; None if nobody has."""
        for name, lease in self._leases.items():
            if lease.index == index:
                return Culprit(name, self._last_words.get(name))
        return None

    async def busy(self) -> bool:
        """Whether anything is being worked."""
        return bool(self._leases)

    async def worked_s(self) -> dict[int, float]:
        """Return for how many seconds each pack that was begun has been worked by now."""
        now = time.monotonic()
        return {lease.index: now - lease.since for lease in self._leases.values()}

    async def idle(self) -> int:
        """Return how many workers have worked a pack and have nothing to do now."""
        return 0 if self._unbegun else len(self._idle)


class OpenFeed(NamedTuple):
    """A feed that was started: the name by which workers find its actor, and a handle of it."""

    name: str
    actor: Any


def open_feed(task: bytes) -> OpenFeed:
    """Start the feed's actor on the driver's node, so that no other node's death can touch it."""
    name = f"feed-{uuid.uuid4().hex}"
    here = {"ray.io/node-id": ray.get_runtime_context().get_node_id()}
    actor = ray.remote(num_cpus=0)(Feed).options(name=name, label_selector=here).remote(task)
    return OpenFeed(name, actor)
