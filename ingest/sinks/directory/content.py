"""What lies in a published directory: whose files they are, and in which form they were written."""

import re
from collections.abc import Mapping
from dataclasses import field
from typing import Any

from ingest.core.dataclass import dataclass
from ingest.sinks.directory import manifest
from ingest.sinks.directory.place import Place

_NAME = re.compile(r"(?P<run_id>.+)-\d{7,}-\d+(\.\w+)+")


@dataclass(frozen=True, slots=True)
class Form:
    """What a reader must know of files to read them as one table.

    `schema` has columns and types by name, None where an old manifest does not say; `reading` is
    what the format wants to be told besides: a delimiter, say.
    """

    type: str
    partition_by: tuple[str, ...]
    schema: Mapping[str, str] | None
    reading: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Standing:
    """A run of which some files are still there. `job` is empty if its manifest names none."""

    run_id: str
    job: str
    files: int
    rows: int
    form: Form


@dataclass(frozen=True, slots=True)
class Content:
    """The files of a directory: ours, those of them without rows, and those in no manifest.

    `runs` are the runs that ours are of, by id, so by the time they began.
    """

    ours: tuple[str, ...] = ()
    empty: tuple[str, ...] = ()
    foreign: tuple[str, ...] = ()
    runs: tuple[Standing, ...] = ()


@dataclass(slots=True)
class _Seen:
    """The manifest of a run, and what of it was found so far."""

    page: Mapping[str, Any]
    rows: dict[str, int]
    files: int = 0
    left: int = 0

    @classmethod
    def of(cls, place: Place, run_id: str) -> "_Seen":
        """Read a run's manifest; without one, nothing is its own."""
        if not run_id or not place.has_manifest(run_id):
            return cls({}, {})
        page = manifest.read(place, run_id)
        if not manifest.counts(place, run_id, page):  # cut off: what it has put is not its own yet
            return cls({}, {})
        rows = {file["name"]: int(file["rows"]) for file in page["files"]}
        return cls({key: page[key] for key in page if key not in {"files", "replaced"}}, rows)


@dataclass(slots=True)
class _Sorting:
    """The files of a directory while they are sorted."""

    place: Place
    runs: dict[str, _Seen] = field(default_factory=dict)
    ours: list[str] = field(default_factory=list)
    empty: list[str] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)

    def take(self, name: str) -> None:
        """Put a file where it belongs."""
        run_id = run_of(name)
        if run_id not in self.runs:
            self.runs[run_id] = _Seen.of(self.place, run_id)
        run = self.runs[run_id]
        if name not in run.rows:
            self.foreign.append(name)
            return
        self.ours.append(name)
        run.files += 1
        run.left += run.rows[name]
        if not run.rows[name]:
            self.empty.append(name)


def content(place: Place) -> Content:
    """Sort the files of a directory by whose they are.

    Reads only the manifests of runs that still have a file here, however many there were before.

    Raises:
        FatalError: one of these cannot be read.
    """
    sorting = _Sorting(place)
    for name in place.files():
        sorting.take(name)
    runs = (
        Standing(run_id, str(run.page.get("job", "")), run.files, run.left, _form(run.page))
        for run_id, run in sorted(sorting.runs.items())
        if run.files
    )
    return Content(tuple(sorting.ours), tuple(sorting.empty), tuple(sorting.foreign), tuple(runs))


def publishes_in(place: Place) -> bool:
    """Say whether files that runs have published lie in a place."""
    known = set(place.run_ids())
    return bool(known) and any(run_of(name) in known for name in place.files())


def published_runs(place: Place) -> set[str]:
    """Return the runs that files of a place are named for."""
    return {run_of(name) for name in place.files()} - {""}


def run_of(name: str) -> str:
    """Return the run that a file is named for; empty if the name is none of ours."""
    match = _NAME.fullmatch(name.rpartition("/")[2])
    return match["run_id"] if match else ""


def _form(page: Mapping[str, Any]) -> Form:
    return Form(
        type=str(page.get("type", "")),
        partition_by=tuple(page.get("partition_by", ())),
        schema=page.get("schema"),
        reading=page.get("reading", {}),
    )
