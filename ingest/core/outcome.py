"""What a worker reports of a partition: counts per step, staged files, timings, or an error."""

from collections.abc import Iterable, Mapping
from dataclasses import field
from typing import Any, Literal

from ingest.core.dataclass import dataclass
from ingest.core.faults import fault

ErrorKind = Literal[
    "throttled", "connection", "lost_worker", "timeout", "out_of_memory", "bug",
    "bad_row", "contract", "stale_plan", "job", "fatal", "config",
]  # fmt: skip
"""What a failure is, which decides what is done about it: see `driver.retry`."""
Cause = Literal["lost_worker", "timeout", "out_of_memory"]
"""What kind of end a worker has met."""


@dataclass(frozen=True, slots=True)
class Book:
    """The row counts of a step: `out = rows + added - sum(dropped)`.

    `dropped` counts by reason: filtered, deduplicated, skipped, quarantined, sampled, unmatched,
    aggregated. `filtered` breaks down the filtered rows, such as repeated headers, if the step or
    source distinguishes them.
    """

    step: str
    rows: int
    out: int
    added: int = 0
    dropped: dict[str, int] = field(default_factory=dict)
    filtered: dict[str, int] = field(default_factory=dict)

    @property
    def balanced(self) -> bool:
        """Whether every row that came in is accounted for."""
        explained = sum(self.filtered.values()) <= self.dropped.get("filtered", 0)
        return explained and self.out == self.rows + self.added - sum(self.dropped.values())


@dataclass(frozen=True, slots=True)
class Staged:
    """Rows that a worker has staged and that are not published yet: a file, say.

    `output` is `main` or `quarantine`. `keep` is what the sink that staged them needs to publish
    them: plain data that only this sink reads. `nulls` are the partition columns that are null in
    all of these rows.
    """

    output: str
    rows: int
    bytes: int
    keep: dict[str, Any]
    nulls: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Failure:
    """A classified error: what the driver decides by (`kind`) and what a person reads.

    `retry_after_s` is for how long the service that refused asked not to be called again. `place`
    is where in the job the step was written that failed; empty if it was no step.
    """

    kind: ErrorKind
    message: str
    traceback: str = ""
    retry_after_s: float | None = None
    place: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of one try at a partition; `failure` is None if it was completed.

    `errors` counts rejected rows by reason (`<column>: <check>`); `examples` holds up to ten
    places of rejected rows, without their values. `seconds` is the time of each part, `cpu` the
    processor time of the same parts, and `peak_bytes` the worker's highest resident memory.
    """

    key: tuple[int, int, int]
    partition: str
    books: tuple[Book, ...] = ()
    staged: tuple[Staged, ...] = ()
    errors: dict[str, int] = field(default_factory=dict)
    examples: tuple[dict[str, Any], ...] = ()
    seconds: dict[str, float] = field(default_factory=dict)
    cpu: dict[str, float] = field(default_factory=dict)
    bytes: int = 0
    peak_bytes: int = 0
    worker: str = ""
    failure: Failure | None = None


def places(examples: Iterable[Mapping[str, Any]]) -> list[str]:
    """Say of each rejected row in a line where it is and why it was rejected; see `Outcome`."""
    return [f"{_place(row)}: {fault(row['reason'])}" for row in examples]


def _place(row: Mapping[str, Any]) -> str:
    line = f":{row['line']}" if row["line"] is not None else ""
    return f"{row['file'] or 'a row made from several'}{line}"
