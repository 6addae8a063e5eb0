"""A run's progress as a bar on a terminal."""

import time
from collections.abc import Iterable
from types import TracebackType
from typing import Self, TextIO

from rich.console import Console, RenderableType
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
from rich.text import Text

from ingest.records.events import Event
from ingest.watch.progress import Watcher, announced, counts


class _Detailed(Progress):
    """A progress bar with a line of text below it."""

    detail = ""

    def get_renderables(self) -> Iterable[RenderableType]:
        """Return the bar, and the line if it says anything."""
        yield self.make_tasks_table(self.tasks)
        if self.detail:
            yield Text(f"  {self.detail}", style="dim", no_wrap=True, overflow="ellipsis")


class Bar(Watcher):
    """A progress bar with true totals, and a line with what it has no room for.

    In the bar: the phase, partitions, rows, rate, rejected rows, retries and time left. Below:
    bytes, workers, quarantined rows, and which completed partition took longest.
    """

    def __init__(self, stream: TextIO) -> None:
        super().__init__()
        whole = Column(no_wrap=True)
        self._progress = _Detailed(
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
        phase = {"new": "planning", "planned": "processing"}.get(history.phase, "publishing")
        if self.starting and phase == "processing":
            phase = f"starting {self.starting}"
        self._progress.detail = self.detail
        self._progress.update(
            self._task,
            description=phase,
            total=history.partitions or None,
            completed=self.settled,
            rows=counts(history, time.monotonic() - self._began),
        )
