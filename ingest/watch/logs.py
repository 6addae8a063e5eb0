"""A run's log: its events as lines, of text or JSON. A fold over its ledger.

What is in a ledger is in it without secrets and without values of private columns; what comes from
elsewhere (`Stream`, `Formatter`) is text that commands and this package's own loggers print.
"""

import json
import logging
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any, Literal, TextIO, cast

from ingest.core.counts import counted
from ingest.core.credentials import masked
from ingest.core.dataclass import dataclass
from ingest.core.streams import tolerant
from ingest.records.events import (
    AttemptBegan,
    AttemptFailed,
    AttemptInterrupted,
    Combined,
    Committed,
    EffectPublished,
    Event,
    FailedTry,
    InputsDiffer,
    PlanFrozen,
    RunAbandoned,
    RunDone,
    Settled,
    Speculated,
    Stalled,
    Timed,
    Warned,
)
from ingest.records.history import History
from ingest.watch.modes import Mode, watcher
from ingest.watch.progress import Watcher, announced, measures
from ingest.watch.summary import OUTPUTS

Level = Literal["debug", "info", "warning", "error"]
LEVELS: tuple[Level, ...] = ("debug", "info", "warning", "error")


@dataclass(frozen=True, slots=True)
class LogLine:
    """A line of a log. `partition` is the id of one, empty if the line is about no single one.

    `event` is the name of the ledger's event, empty if it is none.
    """

    timestamp: str
    level: Level
    message: str
    event: str = ""
    job: str = ""
    run_id: str = ""
    attempt: int = 0
    partition: str = ""

    def to_json(self) -> str:
        """Return it as one line of JSON, without what is empty."""
        return json.dumps({name: value for name, value in asdict(self).items() if value})

    def __str__(self) -> str:
        """Return it for a person."""
        where = f" [{self.partition}]" if self.partition else ""
        attempt = f" attempt {self.attempt}" if self.attempt else ""
        return f"{self.timestamp} {self.level:<7}{attempt}{where} {self.message}"


class Log:
    """Makes lines of the events of one run, one after the other."""

    def __init__(self, run_id: str = "", job: str = "") -> None:
        self._run_id, self._job, self._attempt = run_id, job, 0

    def lines(self, event: Event) -> Iterator[LogLine]:
        """Yield the lines of an event: of most there is one."""
        if isinstance(event, AttemptBegan):
            self._attempt = max(self._attempt + 1, event.number)
            self._run_id, self._job = event.run_id or self._run_id, event.job or self._job
        for level, message in _said(event):
            yield LogLine(
                event.at, level, message, event.name, self._job, self._run_id, self._attempt,
                _partition(event),
            )  # fmt: skip


class JsonLog(Watcher):
    """Each event as a line of JSON for people's log tools, with run, attempt and partition."""

    def __init__(self, to: TextIO) -> None:
        super().__init__()
        self._log, self._to = Log(), to

    def __call__(self, event: Event, history: History) -> None:
        """Write the event's lines."""
        super().__call__(event, history)
        for line in self._log.lines(event):
            print(line.to_json(), file=self._to, flush=True)


def lines_of(events: Iterable[Event], run_id: str, job: str) -> Iterator[LogLine]:
    """Yield the log of a run."""
    log = Log(run_id, job)
    for event in events:
        yield from log.lines(event)


class Stream:
    """A text stream that writes each line of text as a line of JSON."""

    def __init__(self, to: TextIO) -> None:
        self.below, self._rest = to, ""

    def write(self, text: str) -> int:
        """Take text, and write the lines that are whole."""
        *lines, self._rest = f"{self._rest}{text}".split("\n")
        for line in lines:
            if line.strip():
                self._line(line)
        return len(text)

    def flush(self) -> None:
        """Hand on what was written."""
        self.below.flush()

    def isatty(self) -> bool:
        """Say that nobody looks at it: what is written is for a program."""
        return False

    def close_line(self) -> None:
        """Write what has no end of line."""
        if self._rest.strip():
            self.write("\n")

    def __getattr__(self, name: str) -> Any:
        """Be the stream itself in all else."""
        return getattr(self.below, name)

    def _line(self, text: str) -> None:
        levels: dict[str, Level] = {"error:": "error", "warning:": "warning"}
        level = levels.get(text.partition(" ")[0], "info")
        print(LogLine(_now(), level, masked(text)).to_json(), file=self.below, flush=True)


class Formatter(logging.Formatter):
    """Formats records of `logging` as the other lines."""

    def format(self, record: logging.LogRecord) -> str:
        """Return a record as one line of JSON."""
        name = record.levelname.lower()
        level: Level = next((each for each in LEVELS if each == name), "error")
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        return LogLine(at, level, masked(record.getMessage())).to_json()


@contextmanager
def logged(mode: Mode) -> Iterator[Watcher]:
    """Give the watcher for a mode. With `log-json`, all that is written to stderr is lines of JSON.

    Not what worker processes print themselves: they have their own stderr.
    """
    if mode != "log-json":
        yield watcher(mode)
        return
    with lines_of_json() as to, json_logging(to):
        yield JsonLog(to)


@contextmanager
def lines_of_json() -> Iterator[TextIO]:
    """Have every line that is written to stderr be JSON; yield what is below, for those that are.

    Where that is so already, it stays so.
    """
    before = sys.stderr
    if isinstance(before, Stream):
        yield before.below
        return
    stream = Stream(tolerant(before))
    sys.stderr = cast("TextIO", stream)
    try:
        yield stream.below
    finally:
        stream.close_line()
        sys.stderr = before


@contextmanager
def json_logging(to: TextIO) -> Iterator[None]:
    """Have this package's loggers write JSON to a stream."""
    handler = logging.StreamHandler(to)
    handler.setFormatter(Formatter())
    logger = logging.getLogger("ingest")
    before = logger.propagate
    logger.addHandler(handler)
    logger.propagate = False
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.propagate = before


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def _partition(event: Event) -> str:
    if isinstance(event, Settled):
        return event.outcome.partition
    return event.partition if isinstance(event, FailedTry | Speculated) else ""


def _said(event: Event) -> Iterator[tuple[Level, str]]:
    """Yield what there is to say of an event, with how much it matters."""
    match event:
        case AttemptBegan():
            where = f" on {event.host}, process {event.pid}" if event.host else ""
            yield "info", f"{'resumed' if event.resumed else 'started'}{where}"
            for text in announced(event):
                yield ("warning" if text.startswith("warning:") else "info"), _plain(text)
        case Warned():
            yield "warning", event.message
        case InputsDiffer():
            yield from (("warning", text) for text in announced(event))
        case FailedTry():
            yield "warning", measures(event) or event.message
        case Speculated() | Stalled():
            yield "warning", measures(event)
        case AttemptFailed():
            yield "error", event.error
        case AttemptInterrupted():
            yield "warning", f"stopped by {event.by}" if event.by else "stopped"
        case _:
            yield from _course(event)


def _course(event: Event) -> Iterator[tuple[Level, str]]:
    """Yield what is said of a run that takes its course."""
    match event:
        case PlanFrozen():
            files = counted(event.files, "file")
            yield "info", f"planned {counted(event.partitions, 'partition')} of {files}"
        case Settled():
            yield "info", _settled(event)
        case Combined():
            yield "debug", f"combined {counted(len(event.parts), 'small file')}"
        case Committed():
            yield "info", f"committed: publishing {', '.join(event.effects) or 'nothing'}"
        case EffectPublished():
            place = f" to {event.uri}" if event.uri else ""
            name = OUTPUTS.get(event.effect, event.effect)
            yield "info", f"published {name}: {counted(event.rows, 'row')}{place}"
        case Timed():
            yield "debug", f"{event.what} took {event.seconds:.1f} s"
        case RunDone():
            yield "info", "done"
        case RunAbandoned():
            yield "warning", "discarded"
        case _:
            yield "info", measures(event) or event.name


def _settled(event: Settled) -> str:
    outcome = event.outcome
    read = outcome.books[0].rows if outcome.books else 0
    written = sum(staged.rows for staged in outcome.staged if staged.output == "main")
    text = f"completed: {counted(read, 'row')} read, {written:,} written"
    if rejected := sum(outcome.errors.values()):
        text += f", {rejected:,} rejected"
    by = f" by worker {outcome.worker}" if outcome.worker else ""
    return f"{text}, {sum(outcome.seconds.values()):.2f} s{by}"


def _plain(text: str) -> str:
    return text.removeprefix("warning: ")
