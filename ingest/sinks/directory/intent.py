"""Deciding what publishing into a directory will do: what is put, under which names, what goes."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Protocol

from ingest.core.errors import FatalError
from ingest.core.outcome import StagedFile
from ingest.sinks.base import PublishPlan
from ingest.sinks.directory import manifest
from ingest.sinks.directory.agreement import Replaces, owners
from ingest.sinks.directory.content import content
from ingest.sinks.directory.place import Place


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


def intent(
    sink: Publisher,
    files: Iterable[tuple[int, StagedFile]],
    run_id: str,
    facts: Mapping[str, Any],
) -> PublishPlan:
    """Return the plan to publish staged files; `facts` become part of the manifest.

    Raises:
        FatalError: a staged file has vanished, or what would be removed belongs to another job.
    """
    puts: list[tuple[str, str]] = []
    listed: list[dict[str, Any]] = []
    numbers: Counter[int] = Counter()
    for index, file in _standing(sink.place, files, run_id):
        name = manifest.published_name(file.folder, run_id, index, numbers[index], sink.suffix)
        numbers[index] += 1
        puts.append((file.staged, name))
        listed.append({"name": name, "rows": file.rows, "bytes": file.bytes, "sha256": file.sha256})
    removes = _replaced(sink, {name.rpartition("/")[0] for _, name in puts}, facts)
    return PublishPlan(
        run_id=run_id,
        disposition=sink.write_disposition,
        puts=tuple(puts),
        removes=removes,
        manifest={
            "format": manifest.FORMAT,
            "run_id": run_id,
            "type": sink.type,
            "disposition": sink.write_disposition,
            "partition_by": list(sink.partition_by),
            "reading": dict(sink.reading),
            "rows": sum(file["rows"] for file in listed),
            **facts,
            "files": listed,
            "replaced": list(removes),
        },
        exchange=sink.write_disposition == "overwrite" and sink.replace == "folder",
    )


def _standing(
    place: Place, files: Iterable[tuple[int, StagedFile]], run_id: str
) -> Iterator[tuple[int, StagedFile]]:
    """Pass on what was staged, if it is still there: once committed, a run must be finished."""
    staging = place.staging(run_id)
    for index, file in files:
        try:
            size = (staging / file.staged).stat().st_size
        except FileNotFoundError:
            size = None
        if size != file.bytes:
            now = "has vanished" if size is None else f"has {size} of {file.bytes} bytes"
            raise FatalError(
                f"{staging / file.staged}: staged: the file {now}. Nothing was published. "
                "Restore it and run again, or add --fresh to discard the run and start over"
            )
        yield index, file


def _replaced(sink: Publisher, touched: set[str], facts: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the names of the files that go; files without rows always do, once there are others.

    Owners are looked at once more: another job may have published since the run was planned.
    """
    standing = content(sink.place.root)
    if sink.write_disposition == "append":
        return standing.empty if touched else ()
    for problem in owners(str(sink.place.root), standing, facts.get("job", ""), sink.replaces_jobs):
        raise FatalError(f"sink.path: {problem}. Nothing was published")
    if sink.write_disposition == "overwrite":
        return standing.ours
    empty = set(standing.empty) if touched else set()
    return tuple(
        name for name in standing.ours if name in empty or name.rpartition("/")[0] in touched
    )
