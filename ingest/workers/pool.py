"""How large a pool of workers is, where it runs, and how work is packed for it. No Ray in here."""

from collections import deque
from collections.abc import Collection, Sequence

from ingest.core.dataclass import dataclass
from ingest.core.partition import Assignment

PACK = 16  # a block costs about 10 ms however much is in it, so that 16 partitions cost 0.7 ms each
ROLL_AFTER = 20_000  # blocks; Ray Data's driver keeps about 2.5 kB for each, so 50 MB
PACK_S = 1.0  # a pack that takes longer costs more when its worker dies than it saves
UNKNOWN = 4  # partitions in a pack until it is known how long one takes
PACK_BYTES = 4 * 1024 * 1024  # more than this is worth a block of its own


@dataclass(frozen=True, slots=True)
class Pool:
    """What the pool is like; nothing in here changes the rows that come out.

    `address` is `local` (a private Ray, gone with the run), `current` (the Ray this process is
    connected to already, left as it is), or where a cluster's head listens. Each of the `workers`
    has one core; a pool on a cluster that is named grows and shrinks with it. Each holds up to
    `in_flight` packs: with one it would idle between two (55 ms a block against 10), and what more
    than two wait for they might get elsewhere. A partition that takes longer than
    `partition_timeout_s` costs its worker its life, and so does one that takes more memory than the
    worker's share of `max_memory`, in bytes; without it, of what its node has free. An execution is
    given at most about `roll_after` packs; the next one takes 3 s to start. In a Ray on this
    machine that was started by another process it `is_foreign`: its workers are given the driver's
    environment. Its part of a cluster that other runs use too goes by its `weight`. `unshared` are
    the reasons why only one node can be used; a pool that `is_pinned` stays on the driver's.
    """

    workers: int
    address: str = "local"
    in_flight: int = 2
    partition_timeout_s: float | None = None
    max_memory: int | None = None
    roll_after: int = ROLL_AFTER
    is_foreign: bool = False
    weight: float = 1.0
    unshared: tuple[str, ...] = ()
    is_pinned: bool = False

    @property
    def capacity(self) -> int:
        """How many partitions keep the pool busy, if they are as small as can be."""
        return self.workers * self.in_flight * PACK


def pack(
    assignments: Sequence[Assignment], workers: int, alone: Collection[int], together: int = PACK
) -> list[list[Assignment]]:
    """Cut work into packs, in order; every pack is one block and goes to one worker.

    Only neighbours that are small together share a pack, never more than `together`, or than
    leaves something for each of the `workers`. Partitions that are searched, or whose index is in
    `alone`, share with nobody.
    """
    most = min(together, -(-len(assignments) // workers))
    waiting = deque(assignments)
    packs = []
    while waiting:
        packs.append(next_pack(waiting, most, alone))
    return packs


def next_pack(waiting: deque[Assignment], most: int, alone: Collection[int]) -> list[Assignment]:
    """Take a pack of at most so many from the front of what waits, see `pack`; there is some."""
    taken = [waiting.popleft()]
    bytes_ = taken[0].partition.bytes
    while waiting and len(taken) < min(PACK, most):
        if _is_single(taken[-1], alone) or _is_single(waiting[0], alone):
            break
        bytes_ += waiting[0].partition.bytes
        if bytes_ > PACK_BYTES:
            break
        taken.append(waiting.popleft())
    return taken


def _is_single(assignment: Assignment, alone: Collection[int]) -> bool:
    return assignment.search or assignment.partition.index in alone
