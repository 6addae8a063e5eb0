"""Deciding what publishing into a directory will do: what is put, under which names, what goes."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Protocol

from ingest.core.errors import FatalError
from ingest.core.outcome import Staged
from ingest.sinks.base import Delivery, Line
from ingest.sinks.directory import manifest
from ingest.sinks.directory.agreement import Replaces, owners
from ingest.sinks.directory.content import content
from ingest.sinks.directory.place import Place
from ingest.sinks.directory.plan import Counts, PublishPlan, Put
from ingest.sinks.directory.staged import StagedFile


class Publisher(Protocol):
    """What is asked of a sink to decide it."""

    @property
    def place(self) -> Place:
        """Where published and staged files are."""
        ...

    @property
    def type(self) -> str:
        """The sink's type."""
        ...

    @property
    def write_disposition(self) -> str:
        """What becomes of the rows that are there."""
        ...

    @property
    def replace(self) -> str:
        """What `overwrite` replaces: the folder, or the files in it."""
        ...

    @property
    def replaces_jobs(self) -> Replaces:
        """Whose rows may go besides the job's own."""
        ...

    @property
    def partition_by(self) -> tuple[str, ...]:
        """The columns that become folders."""
        ...

    @property
    def reading(self) -> Mapping[str, Any]:
        """What a reader must be told besides."""
        ...

    @property
    def suffix(self) -> str:
        """What the files' names end in."""
        ...


def prepared(
    sink: Publisher, staged: Iterable[tuple[int, Staged]], delivery: Delivery
) -> Iterator[Line]:
    """Yield the lines of a `PublishPlan` for what was staged.

    Raises:
        FatalError: a staged file has vanished, or what would be removed belongs to another job.
    """
    run_id, files, rows, size = delivery.run_id, 0, 0, 0
    yield PublishPlan.begin(
        run_id,
        sink.write_disposition,
        _facts(sink, delivery),
        exchange=sink.place.exchanges
        and sink.write_disposition == "overwrite"
        and sink.replace == "folder",
    )
    touched: set[str] = set()
    index, number = -1, 0
    for partition, file in _standing(sink.place, staged, run_id):
        index, number = partition, number + 1 if partition == index else 0
        name = manifest.published_name(file.folder, run_id, index, number, sink.suffix)
        files, rows, size = files + 1, rows + file.rows, size + file.bytes
        touched.add(file.folder)
        yield Put(file.name, name, file.rows, file.bytes, file.sha256).line
    removed = 0
    for name in _replaced(sink, touched, delivery.job):
        removed += 1
        yield {"remove": name}
    yield PublishPlan.end(Counts(files, rows, size, removed))


def _facts(sink: Publisher, delivery: Delivery) -> dict[str, Any]:
    return {
        "format": manifest.FORMAT,
        "run_id": delivery.run_id,
        "type": sink.type,
        "disposition": sink.write_disposition,
        "partition_by": list(sink.partition_by),
        "reading": dict(sink.reading),
        "job": delivery.job,
        "owner": delivery.owner,
        "output": delivery.output,
        "schema": dict(delivery.schema),
    }


def _standing(
    place: Place, staged: Iterable[tuple[int, Staged]], run_id: str
) -> Iterator[tuple[int, StagedFile]]:
    """Pass on what was staged, if it is still there: once committed, a run must be finished."""
    sizes = place.staged_sizes(run_id)
    for index, each in staged:
        file = StagedFile.of(each)
        size = sizes(file.name, file.bytes)
        if size != file.bytes:
            now = "has vanished" if size is None else f"has {size} of {file.bytes} bytes"
            raise FatalError(
                f"{place.staged_uri(run_id, file.name)}: staged: the file {now}. Nothing was "
                "published. Restore it and run again, or add --fresh to discard the run and start "
                "over"
            )
        yield index, file


def _replaced(sink: Publisher, touched: set[str], job: str) -> Iterable[str]:
    """Return the names of the files that go; files without rows always do, once there are others.

    Owners are looked at once more: another job may have published since the run was planned.
    """
    standing = content(sink.place)
    if sink.write_disposition == "append":
        return standing.empty if touched else ()
    for problem in owners(sink.place.uri, standing, job, sink.replaces_jobs):
        raise FatalError(f"sink.path: {problem}. Nothing was published")
    if sink.write_disposition == "overwrite":
        return standing.ours
    empty = set(standing.empty) if touched else set()
    return (name for name in standing.ours if name in empty or name.rpartition("/")[0] in touched)
