"""What a run of ours says of itself: when it began to give results, and how fast it then was."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Work:
    """A settled partition: from when to when (seconds since the epoch), and its input bytes."""

    began: float
    settled: float
    bytes: int

    def done_by(self, moment: float) -> float:
        """Return how many of its bytes were worked by then, taken as evenly spread."""
        if moment >= self.settled:
            return self.bytes
        return self.bytes * max(0.0, moment - self.began) / (self.settled - self.began)


@dataclass(frozen=True)
class OurRun:
    """`first` is when the first partition was settled, `published` when all output stood."""

    first: float
    published: float
    steady_s: float


def read_run(folder: Path) -> OurRun:
    """Read the ledger of a run that is done."""
    events = list(_events(folder / "ledger"))
    works = _works(events)
    published = max(_seconds(event) for event in events if event["event"] == "published")
    first = min((work.settled for work in works), default=published)
    return OurRun(first, published, steady_s(works, published))


def steady_s(works: Iterable[Work], published: float) -> float:
    """Return how long all of the work takes at the rate from the first outcome on, in seconds.

    With t1 the first outcome, t2 the end of publishing, B all bytes and b those worked by t1:
    (t2 - t1) * B / (B - b). Into b goes also the share of what other workers have in hand at t1,
    or they would be given it for nothing. Where most is done by t1, as with a single partition,
    the time counts from the beginning of the first instead.
    """
    works = list(works)
    if not works:
        return 0.0
    first = min(work.settled for work in works)
    whole = sum(work.bytes for work in works)
    done = sum(work.done_by(first) for work in works)
    if done > whole / 2:
        return published - min(work.began for work in works)
    return (published - first) * whole / (whole - done)


def _works(events: Iterable[dict[str, Any]]) -> list[Work]:
    works: dict[int, Work] = {}
    for event in events:
        if event["event"] == "settled":
            outcome, settled = event["outcome"], _seconds(event)
            took = sum(outcome["seconds"].values())
            work = Work(settled - took, settled, outcome["bytes"])
            works.setdefault(outcome["key"][1], work)
    return list(works.values())


def _events(ledger: Path) -> Iterator[dict[str, Any]]:
    for file in sorted(ledger.glob("*.jsonl")):
        _header, *lines = file.read_text(encoding="utf-8").splitlines()
        yield from map(json.loads, lines)


def _seconds(event: dict[str, Any]) -> float:
    return datetime.fromisoformat(event["at"]).timestamp()
