"""A run's progress on the terminal: a bar, lines of text, or JSON. A fold over its ledger."""

import json
import sys
import time
from collections.abc import Callable
from types import TracebackType
from typing import Literal, Self, TextIO

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)
from rich.table import Column

from ingest.core.counts import counted
from ingest.core.streams import tolerant
from ingest.records.history import History
from ingest.records.ledger import Event
from ingest.watch.resuming import inputs, resuming, warnings
from ingest.watch.summary import OUTPUTS

Mode = Literal["auto", "bar", "log", "json"]
LOG_EVERY_S = 5.0


class Watcher:
    """Follows one run; a context manager around it, called with each event of its ledger.

    Writes to stderr: stdout belongs to results.
    """

    def __init__(self) -> None:
        self.history = History()
        self.before = 0
        self.run_id = ""
        self.starting = ""

    @property
    def settled(self) -> int:
        """How many partitions are settled, those of earlier attempts among them."""
        return self.before + self.history.totals.partitions

    def __call__(self, event: Event) -> None:
        """Take one event into account and show it."""
        if event["event"] == "attempt":
            self.run_id = event.get("run_id", "")
        if event["event"] == "attempt" and event.get("resumed"):
            self.before = event["settled"]
            self.history.phase = event["phase"]
            self.history.partitions = event["partitions"]
            self.history.closed = bytearray(event["indexes"])
        if event["event"] in {"starting", "started"}:
            self.starting = event["what"] if event["event"] == "starting" else ""
        self.history.see(event)
        self.show(event)

    def show(self, event: Event) -> None:
        """Show what the event changed."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _at: TracebackType | None,
    ) -> None:
        """Leave the terminal as it was."""


class Bar(Watcher):
    """A progress bar with true totals: partitions, rows, rejected rows, rate and time left."""

    def __init__(self, stream: TextIO) -> None:
        super().__init__()
        whole = Column(no_wrap=True)
        self._progress = Progress(
            SpinnerColumn(),
            TextColumn("[bold]{task.description}", table_column=whole),
            BarColumn(bar_width=14),
            MofNCompleteColumn(table_column=whole),
            TextColumn("{task.fields[rows]}", table_column=whole),
            TimeRemainingColumn(compact=True, table_column=whole),
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
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _at: TracebackType | None,
    ) -> None:
        self._progress.stop()

    def show(self, event: Event) -> None:
        """Move the bar; what changes the run's course in the beginning is written above it."""
        for line in announced(event):
            self._progress.console.print(line, markup=False, highlight=False, soft_wrap=True)
        assert self._task is not None, "shown inside the context"
        history = self.history
        phase = {"new": "planning", "planned": "working"}.get(history.phase, "publishing")
        if self.starting and phase == "working":
            phase = f"starting {self.starting}"
        self._progress.update(
            self._task,
            description=phase,
            total=history.partitions or None,
            completed=self.settled,
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
        rest = self.settled < self.history.partitions
        if event["event"] == "settled" and rest and seconds - self._shown < LOG_EVERY_S:
            return
        for text in [self._text(event, seconds), *announced(event)]:
            if text:
                self._shown = seconds
                self._write(f"{seconds:8.1f} s  {text}")

    def _text(self, event: Event, seconds: float) -> str:
        settled = f"{self.settled:,} of {counted(self.history.partitions, 'partition')}"
        text = ""
        match event["event"]:
            case "attempt":
                text = "" if event.get("resumed") else f"run {event['run_id']}"
            case "planned":
                files = counted(event["files"], "file")
                text = f"planned {counted(event['partitions'], 'partition')} of {files}"
            case "settled":
                text = f"{settled}, {counts(self.history, seconds)}"
            case "publish_begin":
                text = "all checks passed; publishing"
            case "published":
                shown = OUTPUTS.get(event["effect"], event["effect"])
                text = f"published {shown}: {event['uri']}" if self._is_told(event) else ""
            case "failed" | "interrupted" | "done" as ended:
                text = ended
            case _:
                text = measures(event)
        return text

    def _is_told(self, event: Event) -> bool:
        """Whether there is a place to look at: a quarantine without rows has not even a folder."""
        return "uri" in event and (event["effect"] != "quarantine" or bool(event["rows"]))


class JsonLines(Watcher):
    """Every event as one line of JSON, as it stands in the ledger."""

    def __init__(self, write: Callable[[str], object]) -> None:
        super().__init__()
        self._write = write

    def show(self, event: Event) -> None:
        """Write the event."""
        self._write(json.dumps(event))


_MEASURES: dict[str, str] = {
    "retry": "partition {partition}: trying again after {kind}: {message}",
    "search": "partition {partition}: searching for the rows that kill its worker",
    "split": "partition {partition}: split into {parts} parts after {kind}",
    "speculate": "partition {partition} is slow: started a speculative attempt",
    "starting": "starting {what}",
    "started": "{what} started in {seconds:.1f} s",
    "stalled": "Waiting {seconds:.0f} s for {message}",
}


def measures(event: Event) -> str:
    """Return what is said of what was done about a partition, or about all; empty if nothing."""
    text = _MEASURES.get(event["event"], "")
    return text.format(**event, parts=len(event.get("children", ()))) if text else ""


def announced(event: Event) -> list[str]:
    """Return what is said of an event whatever the mode, a text for each line."""
    if event["event"] == "attempt":
        why = event.get("cluster_why")
        chosen = [f"cluster: {event['cluster']} ({why})"] if why else []
        said = resuming(event) if event.get("resumed") else warnings(event)
        return [*event.get("notes", ()), *said, *chosen]
    if event["event"] == "warned":
        return [f"warning: {event['message']}"]
    return inputs(event) if event["event"] == "inputs" else []


def watcher(mode: Mode, stream: TextIO | None = None) -> Watcher:
    """Return the watcher for a mode; `auto` is a bar on a terminal and lines elsewhere."""
    to = tolerant(stream or sys.stderr)

    def write(line: str) -> None:
        print(line, file=to, flush=True)

    if mode == "auto":
        mode = "bar" if to.isatty() else "log"
    if mode == "bar":
        return Bar(to)
    return JsonLines(write) if mode == "json" else Log(write)


def counts(history: History, seconds: float) -> str:
    """Say how many rows were read, how fast, and how many were rejected or tried again."""
    totals = history.totals
    parts = [counted(totals.records, "row")]
    if seconds > 0 and totals.records:
        parts.append(f"{totals.records / seconds:,.0f}/s")
    if totals.rejected:
        parts.append(f"{totals.rejected:,} rejected")
    if history.retries:
        parts.append(counted(history.retries.total(), "retry", "retries"))
    return ", ".join(parts)
