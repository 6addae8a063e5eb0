"""What each attempt at a run came to. A fold over its ledger."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from ingest.records.ledger import Event

ENDS = {"done", "failed", "interrupted", "abandoned"}
COUNTED = ("search", "split", "speculate", "stalled")


@dataclass(slots=True)
class AttemptPage:
    """One attempt. `ended` is how: done, failed, interrupted, abandoned; empty if nobody said.

    `retries` counts by class of failure, `events` whatever else was done about partitions;
    `notes` are what was told in the beginning, `changes` and `warnings` what was not as when the
    run was made.
    """

    number: int
    started_at: str
    host: str = ""
    pid: int = 0
    user: str = ""
    settled: int = 0
    retries: dict[str, int] = field(default_factory=dict)
    events: dict[str, int] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    changes: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    cluster: str = ""
    cluster_why: str = ""
    last_at: str = ""
    ended: str = ""
    error: str = ""


def attempts(events: Iterable[Event]) -> list[AttemptPage]:
    """Return the attempts in their order."""
    pages: list[AttemptPage] = []
    for event in events:
        kind = event["event"]
        if kind == "attempt":
            pages.append(_begun(len(pages) + 1, event))
        if not pages:
            continue
        page = pages[-1]
        page.last_at = event["at"]
        if kind == "settled":
            page.settled += 1
        elif kind == "retry":
            page.retries[event["kind"]] = page.retries.get(event["kind"], 0) + 1
        elif kind == "warned":
            page.warnings.append(event["message"])
        elif kind in COUNTED:
            page.events[kind] = page.events.get(kind, 0) + 1
        elif kind in ENDS:
            page.ended, page.error = kind, event.get("error", "")
    return pages


def _begun(number: int, event: Event) -> AttemptPage:
    return AttemptPage(
        number=number,
        started_at=event["at"],
        host=event.get("host", ""),
        pid=event.get("pid", 0),
        user=event.get("user", ""),
        notes=list(event.get("notes", ())),
        changes=list(event.get("changes", ())),
        warnings=list(event.get("warnings", ())),
        cluster=event.get("cluster", ""),
        cluster_why=event.get("cluster_why", ""),
    )
