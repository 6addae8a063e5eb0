"""Changing a job's cursor by hand: files that count as read, or none that do."""

import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from typing import Any, Literal

import polars as pl

from ingest.core.dataclass import dataclass
from ingest.core.errors import ConfigError
from ingest.core.partition import Slice
from ingest.driver.cursors import cursor_of, since
from ingest.driver.holding import leases
from ingest.driver.recorded import read_history
from ingest.job import Job
from ingest.records.cursors import FILES, Cursor, Entry, Move
from ingest.records.environment import who
from ingest.records.succession import Succession
from ingest.sources.columns.options import modified_at
from ingest.sources.file_source import FileSource
from ingest.sources.files.unread import CHANGED, SAME, stand
from ingest.sources.incremental import Earlier
from ingest.storage.objects import Store
from ingest.storage.store import state_option


@dataclass(frozen=True, slots=True)
class Choice:
    """Which of the files that are there now are meant: all, or those that meet both conditions."""

    before: datetime | None = None
    matching: str = ""

    def takes(self, piece: Slice, source: FileSource) -> bool:
        """Say whether a file is meant; a pattern without a `/` is that of a name."""
        name = piece.uri if "/" in self.matching else piece.uri.rpartition("/")[2]
        if self.matching and not fnmatchcase(name, self.matching):
            return False
        return self.before is None or _modified(piece, source) < self.before


@dataclass(frozen=True, slots=True)
class Marked:
    """Files to be marked as read: so many of those that are listed; `read` ones are already.

    `known` are those that the cursor has in another version.
    """

    files: Sequence[Slice]
    listed: int
    read: int
    known: int


def refuse_without(job: Job) -> None:
    """Refuse a job that has no cursor.

    Raises:
        ConfigError: it reads all of its input in each run.
    """
    if not job.source.is_incremental:
        raise ConfigError(
            f"source.incremental: not set, so job {job.name} has no cursor: each run reads all of "
            "its input. To read only new files, write `incremental: files` under source"
        )


@contextmanager
def held(job: Job, store: Store) -> Iterator[Cursor]:
    """Hold a job while its cursor is changed, and give the cursor.

    Raises:
        LeaseHeldError: a run of it is in progress.
        ConfigError: a run has begun to publish, and will move the cursor.
    """
    with leases(store, job):
        for run_id, uri in Succession(store, job.name).publishing().items():
            if uri == job.sink.uri and read_history(store, run_id).phase == "committed":
                raise ConfigError(
                    f"run {run_id}: it has begun to publish and is unfinished, and moves the "
                    f"cursor. Finish it first: ingest resume {run_id}"
                    f"{state_option(store.uri(), job.state_connection_name)}"
                )
        yield cursor_of(job, store)


def unfinished(job: Job, store: Store) -> list[str]:
    """Return the unfinished runs to the job's output, which start over once its cursor changes."""
    succession = Succession(store, job.name)
    main = {"main": job.sink.uri}
    return [run for run in succession.unfinished() if succession.meets(run, main)]


def choose(job: Job, store: Store, choice: Choice) -> Marked:
    """List the files that are there now and hold those that are meant against the cursor.

    Raises:
        ConfigError: nothing is there, or the source reads no files.
    """
    source = job.source
    if not isinstance(source, FileSource):
        raise ConfigError(f"source: type {source.type} reads no files, so none can be marked")
    listed = source.inputs().slices
    meant = [piece for piece in listed if choice.takes(piece, source)]
    at = since(job, store)
    fates = stand(meant, at.earlier if at else Earlier()).fates
    files = [piece for piece, fate in zip(meant, fates.tolist(), strict=True) if fate != SAME]
    known = int((fates == CHANGED).sum())
    return Marked(files, len(listed), len(meant) - len(files), known)


def mark(cursor: Cursor, marked: Marked, choice: Choice) -> Entry:
    """Have files count as read."""
    meant = {
        "before": choice.before.isoformat() if choice.before else "",
        "matching": choice.matching,
    }
    move = _move(cursor, "set", known=marked.known, about=meant)
    rows = [(piece.uri, piece.size, piece.version) for piece in marked.files]
    return cursor.move(move, lambda: [pl.DataFrame(rows, schema=FILES, orient="row")])


def reset(cursor: Cursor) -> Entry:
    """Have no file count as read."""
    return cursor.move(_move(cursor, "reset", drops=True), tuple)


def _move(
    cursor: Cursor,
    by: Literal["set", "reset"],
    *,
    known: int = 0,
    drops: bool = False,
    about: dict[str, Any] | None = None,
) -> Move:
    at = datetime.now(UTC).isoformat(timespec="milliseconds")
    return Move(
        token=secrets.token_hex(8),
        base=cursor.number(),
        by=by,
        known=known,
        drops=drops,
        about={**(about or {}), "at": at, **who()},
    )


def _modified(piece: Slice, source: FileSource) -> datetime:
    when = modified_at(piece, source.connection)
    if when is None:
        raise ConfigError(
            f"--before: {piece.uri}: the storage does not say when it was written. Use --matching"
        )
    return when
