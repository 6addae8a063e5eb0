"""What a worker reports of a partition: counts per step, staged files, timings, or an error."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, Self

from ingest.core.faults import fault

ErrorKind = Literal[
    "throttled", "connection", "lost_worker", "timeout", "out_of_memory", "bug",
    "bad_row", "contract", "stale_plan", "fatal", "config",
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
class StagedFile:
    """A file that a worker has written and that is not published yet.

    `output` is `main` or `quarantine`; `folder` is the place below the published directory
    (`month=1`, or empty); `staged` is the file's name in the staging directory.
    """

    output: str
    staged: str
    folder: str
    rows: int
    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Failure:
    """A classified error: what the driver decides by (`kind`) and what a person reads.

    `retry_after_s` is how long whoever refused asked to be left alone.
    """

    kind: ErrorKind
    message: str
    traceback: str = ""
    retry_after_s: float | None = None


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
    files: tuple[StagedFile, ...] = ()
    errors: dict[str, int] = field(default_factory=dict)
    examples: tuple[dict[str, Any], ...] = ()
    seconds: dict[str, float] = field(default_factory=dict)
    cpu: dict[str, float] = field(default_factory=dict)
    bytes: int = 0
    peak_bytes: int = 0
    worker: str = ""
    failure: Failure | None = None

    def to_json(self) -> dict[str, Any]:
        """Return plain data, as it is written into the ledger."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        """Build an outcome from what `to_json` returned."""
        failure = data.get("failure")
        return cls(
            **{
                **data,
                "key": tuple(data["key"]),
                "books": tuple(Book(**book) for book in data["books"]),
                "files": tuple(StagedFile(**file) for file in data["files"]),
                "examples": tuple(data["examples"]),
                "failure": Failure(**failure) if failure else None,
            }
        )


def places(examples: Iterable[Mapping[str, Any]]) -> list[str]:
    """Say of each rejected row in a line where it is and why it was rejected; see `Outcome`."""
    return [f"{_place(row)}: {fault(row['reason'])}" for row in examples]


def _place(row: Mapping[str, Any]) -> str:
    line = f":{row['line']}" if row["line"] is not None else ""
    return f"{row['file'] or 'a row made from several'}{line}"
