"""The process that searches a partition for poison rows: `python -m ingest.work.guarded PARENT`.

It takes an order from its input and works the rows chunk by chunk. Before each step it writes into
a pipe what it is about to do: the kernel keeps that if the process dies. What a step raises is
narrowed down in here; what kills is narrowed down by the parent, which starts the next process with
what is known (see `workers.search`). No row that it makes leaves it.

Importing ray would cost seconds with each death, so nothing in here does.
"""

import contextlib
import faulthandler
import json
import os
import pickle
import re
import resource
import sys
import threading
import traceback
from dataclasses import field
from typing import Any, TextIO

import polars as pl

from ingest.core.dataclass import dataclass
from ingest.core.partition import Partition
from ingest.core.rows import POSITION
from ingest.sources.base import Layout, Read, Source
from ingest.transforms.base import StepContext
from ingest.work.classify import classify, frames, raised
from ingest.work.parent import die_with_parent
from ingest.work.pipeline import Pipeline, Steps
from ingest.work.poison import ChunkMark, Frontier

REASON_CHARS = 100
OUT_OF_MEMORY = "killed the worker: out of memory"

_VALUES = re.compile(r"(?<!\w)'[^']*'(?!\w)|\"[^\"]*\"|\d[\d.,]*")


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be searched, from where on, and how many bytes the steps may take."""

    source: Source
    layout: Layout
    steps: Steps
    context: StepContext
    partition: Partition
    memory_bytes: int = 0
    frontier: Frontier = field(default_factory=Frontier)


@dataclass(frozen=True, slots=True)
class _Trouble:
    """What a chunk raised; `blames` tells a fault of its rows from one of the surroundings."""

    blames: bool
    reason: str
    traceback: str


@dataclass(slots=True)
class _Search:
    order: Order
    report: TextIO
    length: int = 0
    position: int = 0
    step: int = 0

    def run(self) -> None:
        order, frontier = self.order, self.order.frontier
        rows = order.source.read(order.partition, order.layout).frame.collect()
        self._work(rows.clear())  # imports what the steps need: no row is to blame for that
        _limit_memory(order.memory_bytes)
        while frontier.at < rows.height:
            self.length = frontier.length(rows.height)
            self.position = rows[POSITION][frontier.at]
            trouble = self._work(rows.slice(frontier.at, self.length))
            if trouble is None:
                frontier.passed(self.length)
            elif not trouble.blames:
                break  # the worker meets it again, and says what it is
            elif frontier.broke(self.length):
                self._say("found", self.position, self.step, trouble.reason, trouble.traceback)
        self._say("done")

    def _work(self, rows: pl.DataFrame) -> _Trouble | None:
        read = Read(rows.lazy(), rows.height)
        try:
            Pipeline(self.order.steps, [read], self.order.context, begins=self._begins).collect()
        except (Exception, SystemExit, pl.exceptions.PanicException) as error:  # noqa: BLE001 - what is sought
            traceback.clear_frames(error.__traceback__)  # releases what they hold, first of all
            kind = classify(error, self.order.partition).kind
            private = bool(self.order.steps.private)
            said = raised(error) if private else _said(error)
            reason = OUT_OF_MEMORY if kind == "out_of_memory" else said
            text = frames(error) if private else "".join(traceback.format_exception(error))
            return _Trouble(kind in {"bug", "out_of_memory"}, reason, text)
        return None

    def _begins(self, step: int) -> None:
        self.step = step
        if self.length:
            known = self.order.frontier
            now = ChunkMark(known.at, known.fine, known.single, self.length, self.position, step)
            self._say("works", *now)

    def _say(self, *what: Any) -> None:
        self.report.write(json.dumps(what) + "\n")
        self.report.flush()


def main() -> None:
    """Search what the order on standard input names, and report on standard output."""
    faulthandler.enable()
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # it dies on purpose, and often
    die_with_parent(int(sys.argv[1]))
    order: Order = pickle.load(sys.stdin.buffer)  # noqa: S301 - from the worker that started it
    if sys.platform != "linux":
        threading.Thread(target=_wait_for_the_end, daemon=True).start()
    report = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what a step prints must not get between the reports
    _Search(order, report).run()
    os._exit(0)  # a step's threads and exit handlers may hang


def _wait_for_the_end() -> None:
    """End when the input ends, which the parent keeps open for as long as it lives."""
    os.read(0, 1)
    os._exit(1)


def _limit_memory(allowance: int) -> None:
    """Allow so many bytes of address space beyond what is taken already."""
    import psutil  # noqa: PLC0415 - 10 ms at the start of a command, for few

    limit = psutil.Process().memory_info().vms + allowance
    with contextlib.suppress(ValueError, OSError):  # macOS knows the limit and refuses to set it
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


def _said(error: BaseException) -> str:
    """Return the class of an error and its first line, without what may be values of a row."""
    first = str(error).strip().partition("\n")[0]
    text = f"raised {type(error).__name__}: {_VALUES.sub('...', first)}".rstrip(": ")
    return text if len(text) <= REASON_CHARS else f"{text[: REASON_CHARS - 3]}..."


if __name__ == "__main__":
    main()
