"""How large a pool of workers is, where it runs, and how work is packed for it. No Ray in here."""

import os
import tempfile
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from ingest.core.partition import Assignment

PACK = 16  # a block costs about 10 ms however much is in it, so that 16 partitions cost 0.7 ms each
ROLL_AFTER = 20_000  # blocks; Ray Data's driver keeps about 2.5 kB for each, so 50 MB
PACK_BYTES = 4 * 1024 * 1024  # more than this is worth a block of its own


@dataclass(frozen=True, slots=True)
class Pool:
    """What the pool is like; nothing in here changes the rows that come out.

    `address` is `local` (a private Ray, gone with the run), `current` (the Ray this process is
    connected to already, left as it is), or where a cluster's head listens. Each of the `workers`
    has one core; with `least` the pool starts so small and grows. Each holds up to `in_flight`
    packs: with one it would idle between two (55 ms a block against 10), and what more than two
    wait for they might get elsewhere. A partition that takes longer than `partition_timeout_s`
    costs its worker its life, and so does one that takes more memory than the worker's share of
    `max_memory`, in bytes; without it, of what its node has free. An execution is given at most
    about `roll_after` packs; the next one takes 3 s to start.
    """

    workers: int
    address: str = "local"
    least: int | None = None
    in_flight: int = 2
    partition_timeout_s: float | None = None
    max_memory: int | None = None
    roll_after: int = ROLL_AFTER

    @property
    def capacity(self) -> int:
        """How many partitions keep the pool busy, if they are as small as can be."""
        return self.workers * self.in_flight * PACK


def likely_logs() -> str:
    """Return where a Ray that is not there yet, or no more, has most likely put its logs."""
    root = os.environ.get("RAY_TMPDIR") or tempfile.gettempdir()
    return str(Path(root) / "ray" / "session_latest" / "logs")


def pack(
    assignments: Sequence[Assignment], workers: int, alone: Collection[int]
) -> list[list[Assignment]]:
    """Cut work into packs, in order; every pack is one block and goes to one worker.

    Only neighbours that are small together share a pack, never more than leaves something for each
    of the `workers`. Partitions that are searched, or whose index is in `alone`, share with nobody.
    """
    most = min(PACK, -(-len(assignments) // workers))
    packs: list[list[Assignment]] = []
    room = 0
    weight = 0
    for assignment in assignments:
        bytes_ = assignment.partition.bytes
        single = assignment.search or assignment.partition.index in alone
        if single or room == 0 or weight + bytes_ > PACK_BYTES:
            packs.append([])
            room, weight = most, 0
        packs[-1].append(assignment)
        room = 0 if single else room - 1
        weight += bytes_
    return packs
