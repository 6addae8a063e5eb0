"""A task that does what a partition's only slice tells it to, and what drivers do with workers."""

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ingest.core.outcome import Outcome
from ingest.core.partition import Assignment, Partition, Slice, partition_id
from ingest.workers.base import Lost, Workers

LARGE = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Obedient:
    """Does `ok`, `nap` (0.1 s), `threads`; on the first try what is in `MISDEEDS`.

    `exit-twice` does so on the second, too. A partition that is searched takes 3 s.
    """

    def __call__(self, assignment: Assignment) -> Outcome:
        """Do what is said."""
        partition = assignment.partition
        word = partition.slices[0].uri.partition("#")[0]
        if assignment.search:
            time.sleep(3)
        elif word == "nap":
            time.sleep(0.1)
        elif assignment.try_number <= 1 + word.endswith("twice"):
            MISDEEDS.get(word.removesuffix("-twice"), _nothing)()
        measures = _threads() if word == "threads" else {}
        return Outcome(assignment.key, partition.id, worker=str(os.getpid()), seconds=measures)


def _nothing() -> None:
    pass


def _threads() -> dict[str, float]:
    import polars as pl
    import pyarrow as pa

    return {"polars": pl.thread_pool_size(), "arrow": pa.cpu_count()}


def _exit() -> None:
    time.sleep(0.3)
    os._exit(3)


def _hang() -> None:
    while True:
        pow(7, 10**7)  # without letting go of the interpreter for long


def _fill_lists() -> None:
    kept: list[bytes] = []
    while True:
        kept.append(b"x" * 1000)


def _fill_columns() -> None:
    import polars as pl

    kept: list[pl.DataFrame] = []
    while True:
        kept.append(pl.select(pl.int_range(1_000_000) * 2))


def _leave() -> None:
    raise SystemExit(0)


def _talk() -> None:
    print("first words", file=sys.stderr)
    print("x" * 1_000_000)
    print("last words")
    os._exit(3)


def _family() -> None:
    subprocess.run(["sleep", "60"], check=False)


MISDEEDS: dict[str, Callable[[], object]] = {
    "exit": _exit,
    "leave": _leave,
    "segfault": lambda: ctypes.string_at(0),
    "killed": lambda: os.kill(os.getpid(), signal.SIGKILL),
    "hang": _hang,
    "slow": lambda: time.sleep(3),
    "lists": _fill_lists,
    "columns": _fill_columns,
    "at-once": lambda: b"x" * (1 << 40),
    "talk": _talk,
    "family": _family,
}


def assignments(words: Sequence[str], bytes_: int = LARGE) -> list[Assignment]:
    """One partition for each word, so large that each gets a block of its own."""
    made = []
    for index, word in enumerate(words):
        piece = Slice(uri=f"{word}#{index}", size=bytes_, version="1", bytes=bytes_)
        partition = Partition(index, partition_id([piece]), (piece,))
        made.append(Assignment(partition, attempt=1, try_number=1))
    return made


def work_off(
    workers: Workers, work: Sequence[Assignment], limit_s: float = 60.0
) -> tuple[dict[int, Outcome], list[Lost]]:
    """Do what a driver does: hand all out, hand lost ones out again, until each has its outcome.

    Raises:
        AssertionError: anything is answered twice, or it takes longer than `limit_s`.
    """
    partitions = {each.partition.index: each.partition for each in work}
    settled: dict[int, Outcome] = {}
    lost: list[Lost] = []
    answered: set[tuple[int, int, int]] = set()
    workers.submit(work)
    until = time.monotonic() + limit_s
    while len(settled) < len(partitions):
        assert time.monotonic() < until, (len(settled), lost)
        for answer in workers.results(1.0):
            assert answer.key not in answered, answer
            answered.add(answer.key)
            attempt, index, try_number = answer.key
            if isinstance(answer, Lost):
                lost.append(answer)
                workers.submit([Assignment(partitions[index], attempt, try_number + 1)])
            else:
                settled[index] = answer
    return settled, lost


def collect(workers: Workers, count: int, limit_s: float = 60.0) -> list[Outcome | Lost]:
    """Return the next `count` answers, or those that came in time."""
    answers: list[Outcome | Lost] = []
    until = time.monotonic() + limit_s
    while len(answers) < count and time.monotonic() < until:
        answers += workers.results(min(1.0, limit_s))
    return answers
