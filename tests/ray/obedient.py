"""A task that does what the partition's only slice tells it to; imported by the workers too."""

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass

from ingest.core.outcome import Outcome
from ingest.core.partition import Assignment, Partition, Slice, partition_id
from ingest.workers.base import Lost, Workers

LARGE = 64 * 1024 * 1024


@dataclass(frozen=True)
class Obedient:
    """`ok`, `nap` (0.1 s), `threads`; on the first try `exit`, `leave`, `hang`, `slow`.

    `exit-twice` does so on the second, too.
    """

    def __call__(self, assignment: Assignment) -> Outcome:
        partition = assignment.partition
        word = partition.slices[0].uri.partition("#")[0]
        if word == "nap":
            time.sleep(0.1)
        elif assignment.try_number <= 1 + word.endswith("twice"):
            self.misbehave(word)
        return Outcome(
            assignment.key, partition.id, worker=str(os.getpid()), seconds=self.measure(word)
        )

    def misbehave(self, word: str) -> None:
        if word.startswith("exit"):
            time.sleep(0.3)
            os._exit(3)
        if word == "leave":
            raise SystemExit(0)
        if word == "hang":
            while True:
                pow(7, 10**7)  # without letting go of the interpreter for long
        if word == "slow":
            time.sleep(3)

    def measure(self, word: str) -> dict[str, float]:
        if word != "threads":
            return {}
        import polars as pl
        import pyarrow as pa

        return {"polars": pl.thread_pool_size(), "arrow": pa.cpu_count()}


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

    Fails if anything is answered twice.
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
            assert answer.key not in answered
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
        answers += workers.results(1.0)
    return answers
