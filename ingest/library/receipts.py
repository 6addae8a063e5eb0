"""The receipt of a run, typed: a view of `receipt.json`."""

from collections.abc import Mapping
from dataclasses import field, fields
from datetime import datetime
from typing import Any, TypeVar

from ingest.core.dataclass import dataclass
from ingest.core.outcome import Book
from ingest.records.totals import Totals


@dataclass(frozen=True, slots=True, kw_only=True)
class RowCounts:
    """The row counts of a run. They always add up: `ingest.run` fails if they do not."""

    read: int
    """Records that were read."""
    written: int
    """Rows of the main output."""
    rejected: int
    """Rows that break the format or the contract: quarantined or skipped."""
    dropped: Mapping[str, int]
    """Dropped rows by reason: filtered, deduplicated, quarantined, and so on."""
    added: int
    """Rows that steps such as `explode` added."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StepCounts:
    """The row counts of one step."""

    step: str
    """Name of the step: `source`, `0.filter`, `contract`, and so on."""
    rows: int
    """Rows that came in."""
    added: int
    """Rows that it added."""
    dropped: Mapping[str, int]
    """Rows that it dropped, by reason."""
    out: int
    """Rows that it passed on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedOutput:
    """An output that is visible now."""

    uri: str
    """Its place: an absolute path or a URI."""
    type: str
    """The sink's type: `parquet`, `csv`, `jsonl`."""
    disposition: str
    """Its `write_disposition`."""
    rows: int
    """Rows that the run has published there."""
    bytes: int
    """Their size in bytes, as stored."""
    files: int
    """Files that the run has published there."""
    removed: int
    """Files of earlier runs that the run has replaced."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """The account of a run that is published. Can be pickled; `print` shows the summary."""

    run_id: str
    """Name of the run; sorts by time. `ingest status RUN` and `ingest verify RUN` take it."""
    job: str
    """Name of the job."""
    started_at: datetime
    """When the first attempt began, UTC."""
    attempts: int
    """Number of attempts; more than 1 if the run was resumed."""
    cluster: str
    """Where the last attempt ran: `inline`, `processes`, `local`, or `address` and the address."""
    rows: RowCounts
    """Row counts of the whole run."""
    steps: tuple[StepCounts, ...]
    """Row counts of each step, in order."""
    errors: Mapping[str, int]
    """Rejected rows by reason, such as `country: in_set`."""
    warnings: tuple[str, ...]
    """Warnings."""
    outputs: Mapping[str, PublishedOutput]
    """`main`, and `quarantine` if the contract has one."""
    schema: Mapping[str, str]
    """Columns of the main output and their types."""
    path: str
    """The place of `receipt.json`: an absolute path, or a URI."""
    page: dict[str, Any] = field(repr=False)
    """All of `receipt.json`, as plain data; described in [Files on disk](files.md#receiptjson)."""
    state: str = field(repr=False)
    """The state in which the run is recorded, as named in the job."""
    state_connection: str = field(default="", repr=False)
    """The connection that the state is reached by, if it has one."""

    def __str__(self) -> str:
        """Return the summary that the command prints."""
        from ingest.watch.summary import summary  # noqa: PLC0415 - unpickled without Polars

        return summary(self.page, self.state, self.state_connection)


View = TypeVar("View", StepCounts, PublishedOutput)


def receipt_of(page: dict[str, Any], path: str, state: str, state_connection: str = "") -> Receipt:
    """Return the typed view of a receipt that lies at that path."""
    outputs = {name: _view(PublishedOutput, facts) for name, facts in page["outputs"].items()}
    steps = tuple(_view(StepCounts, book) for book in page["books"])
    return Receipt(
        run_id=page["run_id"],
        job=page["job"]["name"],
        started_at=datetime.fromisoformat(page["started_at"]),
        attempts=page["attempts"],
        cluster=page["cluster"]["name"],
        rows=_rows(page["books"], outputs["main"].rows),
        steps=steps,
        errors=dict(page["errors"]),
        warnings=tuple(page["warnings"]),
        outputs=outputs,
        schema=dict(page["schema"]),
        path=path,
        page=page,
        state=state,
        state_connection=state_connection,
    )


def _view(kind: type[View], page: dict[str, Any]) -> View:
    """Return those facts of a page that a view has fields for."""
    return kind(**{each.name: page[each.name] for each in fields(kind)})


def _rows(books: list[dict[str, Any]], written: int) -> RowCounts:
    totals = Totals(books={page["step"]: Book(**page) for page in books})
    reasons = dict.fromkeys(reason for page in books for reason in page["dropped"])
    return RowCounts(
        read=totals.records,
        written=written,
        rejected=totals.rejected,
        dropped={reason: totals.dropped(reason) for reason in reasons},
        added=sum(book.added for book in totals.books.values()),
    )
