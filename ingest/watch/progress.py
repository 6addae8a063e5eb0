"""A run's progress on the terminal: a bar, lines of text, or JSON. A fold over the ledger's events."""

import json
import sys
import time
from collections.abc import Callable
from types import TracebackType
from typing import Literal, Self, TextIO

from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    SpinnerColumn,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from ingest.records.history import History
from ingest.records.ledger import Event

Mode = Literal["auto", "bar", "log", "json"]
LOG_EVERY_S = 5.0


class Watcher:
    """Follows one run; a context manager around it, called with each event of its ledger.

    Writes to stderr: stdout belongs to results.
    """

    def __init__(self) -> None:
        self.history = History()

    def __call__(self, event: Event) -> None:
        """Take one event into account and show it."""
        if event["event"] == "attempt" and event.get("resumed"):
            self.history.phase = "planned"
            self.history.partitions = event["partitions"]
            self.history.settled = bytearray(event["partitions"])
        self.history.see(event)
        self.show(event)

    def show(self, event: Event) -> None:
        """Show what the event changed."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _at: TracebackType | None
    ) -> None:
        """Leave the terminal as it was."""


class Bar(Watcher):
    """A progress bar with true totals: partitions, rows, rejected rows, rate and time left."""

    def __init__(self, stream: TextIO) -> None:
        super().__init__()
        self._progress = Progress(
            SpinnerColumn(),
            TextColumn("[bold]{task.description}"),
            BarColumn(bar_width=None),
            TextColumn("{task.completed:,.0f}/{task.total:,.0f} partitions"),
            TextColumn("{task.fields[rows]}"),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
            console=Console(file=stream),
            transient=True,
        )
        self._task: TaskID | None = None
        self._began = time.monotonic()

    def __enter__(self) -> Self:
        self._progress.start()
        self._task = self._progress.add_task("planning", total=None, rows="")
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _at: TracebackType | None
    ) -> None:
        self._progress.stop()

    def show(self, event: Event) -> None:
        """Move the bar."""
        assert self._task is not None, "shown inside the context"
        history = self.history
        phase = {"new": "planning", "planned": "working"}.get(history.phase, "publishing")
        done = history.totals.partitions + int(event.get("settled") or 0) * (
            event["event"] == "attempt"
        )
        self._progress.update(
            self._task,
            description=phase,
            total=history.partitions or None,
            completed=done,
            rows=counts(history, time.monotonic() - self._began),
        )


class Log(Watcher):
    """A line every few seconds, for logs that nobody watches live."""

    def __init__(self, write: Callable[[str], object]) -> None:
        super().__init__()
        self._write = write
        self._began = time.monotonic()
        self._shown = 0.0

    def show(self, event: Event) -> None:
        """Write a line for what changes the run's course, and now and then one for its progress."""
        seconds = time.monotonic() - self._began
        kind = event["event"]
        if kind == "settled" and seconds - self._shown < LOG_EVERY_S:
            return
        self._shown = seconds
        history = self.history
        if kind == "attempt":
            text = f"run {event['run_id']}, attempt {history.attempt}"
        elif kind == "planned":
            text = f"planned {event['partitions']:,} partitions of {event['files']:,} files"
        elif kind == "retry":
            text = f"partition {event['partition']} failed, {event['kind']}: {event['message']}"
        elif kind == "settled":
            text = f"{history.totals.partitions:,} of {history.partitions:,} partitions"
            text += f", {counts(history, seconds)}"
        else:
            text = kind.replace("_", " ")
        self._write(f"{seconds:8.1f} s  {text}")


class JsonLines(Watcher):
    """Every event as one line of JSON, as it stands in the ledger."""

    def __init__(self, write: Callable[[str], object]) -> None:
        super().__init__()
        self._write = write

    def show(self, event: Event) -> None:
        """Write the event."""
        self._write(json.dumps(event))


def watcher(mode: Mode, stream: TextIO = sys.stderr) -> Watcher:
    """Return the watcher for a mode; `auto` is a bar on a terminal and lines elsewhere."""

    def write(line: str) -> None:
        print(line, file=stream, flush=True)  # noqa: T201 - what this module is for

    if mode == "auto":
        mode = "bar" if stream.isatty() else "log"
    if mode == "bar":
        return Bar(stream)
    return JsonLines(write) if mode == "json" else Log(write)


def counts(history: History, seconds: float) -> str:
    """Say how many rows were read, how fast, and how many were rejected or tried again."""
    totals = history.totals
    parts = [f"{totals.records:,} rows"]
    if seconds > 0 and totals.records:
        parts.append(f"{totals.records / seconds:,.0f}/s")
    if totals.rejected:
        parts.append(f"{totals.rejected:,} rejected")
    if history.retries:
        parts.append(f"{history.retries} retries")
    return ", ".join(parts)
