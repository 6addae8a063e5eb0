"""The ways in which a run's progress is shown on the terminal."""

import sys
from typing import Literal, TextIO

from ingest.core.streams import cursor_moving, tolerant
from ingest.watch.progress import JsonLines, Log, Watcher

Mode = Literal["auto", "bar", "log", "json", "log-json"]
"""How progress is shown; `log-json` is that of `watch.logs`."""


def watcher(mode: Mode, stream: TextIO | None = None) -> Watcher:
    """Return the watcher for a mode; `auto` is a bar on a terminal and lines elsewhere."""
    to = tolerant(stream or sys.stderr)

    def write(line: str) -> None:
        print(line, file=to, flush=True)

    if mode == "auto":
        mode = "bar" if to.isatty() else "log"
    if mode == "bar":
        from ingest.watch.bar import Bar  # noqa: PLC0415 - Rich, which lines of text do without

        return Bar(cursor_moving(to))
    return JsonLines(write) if mode == "json" else Log(write)
