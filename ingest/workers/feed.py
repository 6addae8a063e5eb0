"""The feed of a live Ray Data execution: packs of work by index, and who is working which.

It is an actor of its own, beside the driver. This module imports nothing of Ray Data, which would
cost the actor's process, and so the first result, more than a second.
"""

import asyncio
import time
from dataclasses import dataclass
from typing import Any

import ray

BATCH = 64  # packs for each call of the read task


@dataclass(frozen=True, slots=True)
class Lease:
    """Which pack a worker began last, when, by the feed's own clock, and the id of its actor.

    Not its handle: the first one to be unpickled would import Ray Data, half a second in which the
    first pack waits for its lease.
    """

    index: int
    since: float
    actor: str


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
        self._leases: dict[str, Lease] = {}
        self._condemned: set[str] = set()
        self._changed = asyncio.Condition()

    async def task(self) -> bytes:
        """Return what the workers are to do, pickled."""
        return self._task

    async def put(self, first: int, packs: list[bytes]) -> None:
        """Add packs; the first of them has the index `first`. Calls may arrive in any order."""
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
        return packs, index + len(packs) == self._end

    async def answered(self, index: int) -> None:
        """Forget what was in a pack. Its index stays, and yields an empty block when replayed."""
        self._packs[index] = b""
        self._leases = {name: each for name, each in self._leases.items() if each.index != index}

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

    async def begin(self, index: int, name: str, actor: str) -> bool:
        """Grant a worker process its lease; False if the pack is not to be worked any more.

        A worker that is about to be killed waits here for its end, so that it cannot begin a pack
        that would die with it.
        """
        if name in self._condemned:
            await asyncio.Event().wait()
        if self._stopped:
            return False
        self._leases[name] = Lease(index, time.monotonic(), actor)
        return True

    async def condemn(self, limit_s: float) -> list[tuple[int, str]]:
        """Return the packs that have been worked for longer than `limit_s`, and their actors."""
        late = {
            name: lease
            for name, lease in self._leases.items()
            if name not in self._condemned and time.monotonic() - lease.since > limit_s
        }
        self._condemned |= late.keys()
        return [(lease.index, lease.actor) for lease in late.values()]

    async def leased(self, index: int) -> bool:
        """Whether the pack has been begun and not been answered."""
        return any(lease.index == index for lease in self._leases.values())


def open_feed(name: str, task: bytes) -> Any:
    """Start the feed's actor on the driver's node, so that no other node's death can touch it."""
    here = {"ray.io/node-id": ray.get_runtime_context().get_node_id()}
    return ray.remote(num_cpus=0)(Feed).options(name=name, label_selector=here).remote(task)
