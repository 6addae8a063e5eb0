"""The flow of a run as a graph: source, steps, contract, outputs, with what went through each."""

import json
from collections.abc import Iterator
from dataclasses import field
from typing import Any

from ingest.core.counts import counted
from ingest.core.dataclass import dataclass
from ingest.core.outcome import Book
from ingest.records.totals import Totals
from ingest.watch.page.following import Followed
from ingest.watch.parts import WRITING, share
from ingest.watch.summary import REASONS

LONGEST = 120
_TIMED = {"source": ("read", "decode"), "contract": ("contract", "locate"), "main": WRITING}
_SHOWN_ELSEWHERE = {"type", "columns", "checks", "name", "description", "on_error"}


@dataclass(frozen=True, slots=True)
class Node:
    """A part of the flow. `rows` went in and `out` came out; `removed` says how many went, and why.

    `share` is its part of the workers' time, `rate` are rows/s into it. `branch` are the nodes that
    leave the flow here: the quarantine.
    """

    key: str
    kind: str
    title: str
    detail: str = ""
    rows: int | None = None
    out: int | None = None
    added: int = 0
    removed: tuple[tuple[int, str], ...] = ()
    share: float = 0.0
    seconds: float = 0.0
    rate: float | None = None
    place: str = ""
    branch: tuple["Node", ...] = field(default=())


def flow(followed: Followed) -> list[Node]:
    """Return the nodes of a run in the order of the rows' way."""
    job, story = followed.job_page, followed.story
    totals = story.telling.history.totals
    rates = _rates(followed)
    places = followed.facts.get("places", {})
    source, sink = job.get("source") or {}, job.get("sink") or {}
    contract = job.get("contract") or {}
    make = _Maker(totals, rates)
    quarantine = Node(
        "quarantine", "quarantine", "quarantine", rows=totals.rows.get("quarantine", 0),
        place=str(places.get("quarantine", "")),
    )  # fmt: skip
    branch = (quarantine,) if "quarantine" in places else ()
    steps = [
        make.step(_key(number, step, totals), "step", str(step.get("type", "step")), _detail(step))
        for number, step in enumerate(job.get("transforms") or [])
    ]
    names = {"source", "contract", *(node.key for node in steps)}
    others = [make.step(key, "step", key) for key in totals.books if key not in names]
    return [
        make.step("source", "source", str(source.get("type", "source")), _detail(source)),
        *steps,
        *others,
        make.step("contract", "contract", _contract(contract), _on_error(contract), branch),
        Node(
            "main", "output", str(sink.get("type", "output")), _detail(sink),
            rows=totals.rows.get("main", 0), place=str(places.get("main", "")),
            share=make.share("main"), seconds=make.seconds("main"),
        ),
    ]  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Maker:
    totals: Totals
    rates: dict[str, float]

    def step(
        self, key: str, kind: str, title: str, detail: str = "", branch: tuple[Node, ...] = ()
    ) -> Node:
        book = self.totals.books.get(key, Book(key, 0, 0))
        return Node(
            key, kind, title, detail, rows=book.rows, out=book.out, added=book.added,
            removed=tuple(_removed(book)), share=self.share(key), seconds=self.seconds(key),
            rate=self.rates.get(key), branch=branch,
        )  # fmt: skip

    def seconds(self, key: str) -> float:
        return sum(self.totals.seconds.get(part, 0.0) for part in _TIMED.get(key, (key,)))

    def share(self, key: str) -> float:
        return share(self.seconds(key), sum(self.totals.seconds.values()))


def _rates(followed: Followed) -> dict[str, float]:
    """Return rows/s by step: lately if the run is not over, else over the time of its work.

    That of several attempts is all their time: an attempt that was killed has not said how long
    it processed rows.
    """
    history = followed.story.telling.history
    if followed.state == "running" and not history.ended:
        return followed.story.pace.rates(history, followed.quiet_s)
    work = history.timings.get("work", 0.0) if history.attempt == 1 else 0.0
    seconds = work or followed.story.telling.attempts.seconds
    books = history.totals.books.values()
    return {book.step: book.rows / seconds for book in books} if seconds else {}


def _key(number: int, step: dict[str, Any], totals: Totals) -> str:
    """Return what a step is called in the row counts: `0.filter`."""
    named = (key for key in totals.books if key.startswith(f"{number}."))
    return next(named, f"{number}.{step.get('type', '')}")


def _removed(book: Book) -> Iterator[tuple[int, str]]:
    for reason, count in book.dropped.items():
        named = book.filtered if reason == "filtered" else {}
        yield from ((number, why) for why, number in named.items())
        if rest := count - sum(named.values()):
            yield rest, REASONS.get(reason, reason)


def _detail(part: dict[str, Any]) -> str:
    """Return the settings of a part in a line; of nested ones their names."""
    named = list(part.get("columns") or ())
    told = [f"{key}: {_short(value)}" for key, value in part.items()
            if key not in _SHOWN_ELSEWHERE and value not in (None, [], {}, "")]  # fmt: skip
    told += [", ".join(map(str, named))] if named else []
    text = " · ".join(told)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


def _short(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(map(str, value))
    return value if isinstance(value, str) else json.dumps(value, default=str)


def _contract(contract: dict[str, Any]) -> str:
    """Return in words how much a contract asks for."""
    columns, checks = len(contract.get("columns") or ()), len(contract.get("checks") or ())
    return f"{counted(columns, 'column')}, {counted(checks, 'check')}"


def _on_error(contract: dict[str, Any]) -> str:
    return f"on_error: {contract.get('on_error', 'fail')}"
