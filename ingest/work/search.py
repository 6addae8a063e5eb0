"""Finding the rows of a partition that end or break its worker, at the cost of guarded processes.

Each process works on from where the one before it died, and looks closer at the chunk that it died
of (`workers.poison.Frontier`): three deaths find a row, and what has passed is not worked again.
"""

import contextlib
import json
import math
import os
import pickle
import re
import selectors
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import replace
from typing import Any, Self

import polars as pl

from ingest.core.dataclass import dataclass
from ingest.core.outcome import ErrorKind, Failure
from ingest.work import guarded
from ingest.work.endings import without_words
from ingest.work.guarded import Order
from ingest.work.poison import FINE, ChunkMark, Frontier, Limits, Poison
from ingest.work.quarantine import Rejected, assemble, examples, places

MEBIBYTE = 1024 * 1024
LEAST_BYTES = 256 * MEBIBYTE  # with less, Polars' own threads and arenas find no room
MOST_BYTES = 2048 * MEBIBYTE  # where nothing is said: to fill more only takes longer
LEAST_S = 2.0
CHUNK_S = 60.0
START_S = 30.0  # a busy machine may take as long to start a process and import what it needs
FRUITLESS = 8
"""After so many deaths without a guilty row, rows are not what it dies of."""
STDERR_BYTES = 8192
POLL_S = 1.0
THREADS = dict.fromkeys(("POLARS_MAX_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")

_NO_MEMORY = re.compile(r"memory allocation of \d+ bytes failed|std::bad_alloc")


@dataclass(frozen=True, slots=True)
class SearchFindings:
    """The guilty rows of a partition; or why it is not worth working without them."""

    poison: tuple[Poison, ...] = ()
    failure: Failure | None = None


def search(order: Order, limits: Limits) -> SearchFindings:
    """Search a partition for the rows that end or break the process which works them.

    If there are none, or they cannot be told, the findings are empty: working the partition whole
    says more.
    """
    order = replace(order, memory_bytes=_allowance(limits))
    found: dict[int, Poison] = {}
    fruitless = 0
    while fruitless < FRUITLESS and len(found) <= limits.max_poison_rows:
        before = len(found)
        with _Child(order, limits) as child:
            death = child.follow(found)
        if death is not None and order.steps.private:
            death = replace(death, words=without_words(death.words))
        if death is None:
            break
        if child.mark is None:
            return SearchFindings(failure=_unreadable(order, death))
        row = child.mark
        order = replace(order, frontier=Frontier(row.at, row.fine, row.single))
        if order.frontier.broke(row.length):
            guilty = Poison(row.position, row.step, death.reason, death.words)
            found.setdefault(row.position, guilty)
        fruitless = fruitless + 1 if len(found) == before else 0
    if len(found) > limits.max_poison_rows:
        return SearchFindings(failure=_too_many(order, list(found.values()), limits))
    return SearchFindings(tuple(found.values()))


@dataclass(frozen=True, slots=True)
class _Death:
    """How a guarded process ended before its work was done; `words` is the end of its stderr."""

    kind: ErrorKind
    reason: str
    words: str


class _Child:
    """A guarded process at work; `mark` is what it last said it would do."""

    def __init__(self, order: Order, limits: Limits) -> None:
        self.mark: ChunkMark | None = None
        self._limits = limits
        self._unread = b""
        self._stderr = tempfile.TemporaryFile()  # noqa: SIM115 - closed by __exit__
        self._process = subprocess.Popen(  # noqa: S603 - this very interpreter
            [sys.executable, "-m", guarded.__name__, str(os.getpid())],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._stderr,
            env={**os.environ, **THREADS, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            start_new_session=True,
        )
        assert self._process.stdin is not None, "it was asked for"
        assert self._process.stdout is not None, "it was asked for"
        self._input, self._output = self._process.stdin, self._process.stdout
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._output, selectors.EVENT_READ)
        with contextlib.suppress(BrokenPipeError):  # if it is dead already, `follow` finds out
            pickle.dump(order, self._input, protocol=5)
            self._input.flush()  # and stays open: its end tells the process that we are gone

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """End it and what it has started."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._selector.close()
        with contextlib.suppress(BrokenPipeError):
            self._input.close()
        self._output.close()
        self._stderr.close()

    def follow(self, found: dict[int, Poison]) -> _Death | None:
        """Take its reports, guilty rows into `found` by position, until it is done or dead.

        Returns None if it is done, or has found more than may be.
        """
        within_s = max(self._limits.timeout_s or math.inf, START_S)
        until = time.monotonic() + within_s
        try:
            while report := self._next(until):
                what, *values = report
                if what == "found":
                    row = Poison(*values)
                    found[row.position] = row
                if what == "done" or len(found) > self._limits.max_poison_rows:
                    return None
                if what == "works":
                    before, self.mark = self.mark, ChunkMark(*values)
                    if before is None or before.chunk != self.mark.chunk:
                        within_s = _deadline_s(self._limits, self.mark.length)
                        until = time.monotonic() + within_s
        except TimeoutError:
            return _Death("timeout", f"killed the worker: took longer than {within_s:g} s", "")
        return self._death()

    def _next(self, until: float) -> list[Any] | None:
        """Return its next report; None if it died.

        Raises:
            TimeoutError: it did not come in time.
        """
        while b"\n" not in self._unread:
            dead = self._process.poll() is not None
            left_s = until - time.monotonic()
            if self._selector.select(max(0.0, min(POLL_S, left_s))):
                data = os.read(self._output.fileno(), 1 << 16)
                if not data:
                    return None
                self._unread += data
            elif dead:  # and something that it has started holds the pipe open
                return None
            elif left_s <= 0:
                raise TimeoutError
        line, _, self._unread = self._unread.partition(b"\n")
        report: list[Any] = json.loads(line)
        return report

    def _death(self) -> _Death:
        self._stderr.seek(max(0, self._stderr.seek(0, os.SEEK_END) - STDERR_BYTES))
        words = self._stderr.read().decode(errors="replace").strip()
        if _NO_MEMORY.search(words):
            return _Death("out_of_memory", guarded.OUT_OF_MEMORY, words)
        return _Death("lost_worker", "killed the worker", words)


def _allowance(limits: Limits) -> int:
    import psutil  # noqa: PLC0415 - 10 ms at the start of a command, for few

    asked = limits.memory_bytes or min(MOST_BYTES, psutil.virtual_memory().available // 2)
    return max(LEAST_BYTES, asked)


def _deadline_s(limits: Limits, length: int) -> float:
    """Return how long a chunk may take, in seconds: the smaller, the less."""
    longest = limits.timeout_s / 10 if limits.timeout_s else CHUNK_S
    return max(LEAST_S, longest if length > FINE else longest / 2 if length > 1 else longest / 4)


def _unreadable(order: Order, death: _Death) -> Failure:
    last = death.words.rpartition("\n")[2]
    return Failure(
        death.kind,
        f"{order.partition}: {death.reason} while the partition was read, so no single row can "
        f"be blamed. {last}".rstrip(),
        death.words,
    )


def _too_many(order: Order, found: list[Poison], limits: Limits) -> Failure:
    names = (*order.steps.names, "contract")
    rows = pl.DataFrame(
        [(names[row.step], row.position, row.reason) for row in found],
        schema={"step": pl.String, "position": pl.UInt64, "reason": pl.String},
        orient="row",
    ).with_columns(
        pl.lit(None, pl.String).alias("column"),
        pl.concat_list("reason").alias("reasons"),
        pl.lit(None, pl.String).alias("row"),
        pl.lit(None, pl.Boolean).alias("partly_published"),
    )
    parts = rows.partition_by("step", maintain_order=True)
    located = assemble(
        order.context.run_id,
        order.partition,
        source=order.source,
        layout=order.layout,
        read=None,
        rejected=[Rejected(part["step"][0], part.drop("step")) for part in parts],
        hidden=order.steps.private.source,
    )
    (reason, number), *_ = Counter(row.reason for row in found).most_common(1)
    first = next(row for row in found if row.reason == reason)
    what = (
        f"{order.partition}: more than {limits.max_poison_rows:,} rows kill or break their "
        f"worker. Most: {names[first.step]}: {reason} ({number:,} rows)"
    )
    todo = "Fix the step or the input, or allow more such rows: execution.max_poison_rows"
    lines = (what, *places(examples(located)), todo)
    return Failure("bad_row", "\n".join(lines), first.traceback)
