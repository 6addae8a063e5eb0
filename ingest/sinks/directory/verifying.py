"""Counting again what a run has published: are the rows there, are they the same, and no others."""

import hashlib
import itertools
import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from dataclasses import field
from pathlib import Path
from typing import Any

import pyarrow as pa

from ingest.core.counts import counted
from ingest.core.dataclass import dataclass
from ingest.core.errors import FatalError
from ingest.sinks.base import Verified
from ingest.sinks.directory import manifest
from ingest.sinks.directory.content import content, run_of
from ingest.sinks.directory.place import Measured, Place
from ingest.sinks.directory.plan import PublishPlan
from ingest.sinks.directory.preflight import in_partition

_SHOWN = 10
_AT_ONCE = 100
IN_MEMORY_BYTES = 16 * 1024 * 1024
"""Up to which size a file is read once, and kept until its rows are counted."""

CountRows = Callable[[pa.NativeFile], int]


@dataclass(slots=True)
class Verifying:
    """One look at what a run has published, compared with what was prepared before the commit.

    Reads several files at a time.
    """

    place: Place
    plan: PublishPlan
    count_rows: CountRows
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def verified(self) -> Verified:
        """Look, and say what was found.

        Raises:
            FatalError: an earlier version of ingest has published here, or a manifest is damaged.
        """
        if earlier := self.place.earlier():
            raise FatalError(earlier)
        listed, part = list(self.plan.files()), self.place.files_in_turn
        missing = self.place.lacking(file["name"] for file in listed)
        replaced = manifest.replacers(self.place, missing)
        self.problems += _manifest(self.place, self.plan)
        self.problems += (
            f"{name}: missing, and no later run has replaced it"
            for name in missing
            if name not in replaced
        )
        away = set(missing)
        standing = [file for file in listed if file["name"] not in away]
        with ThreadPoolExecutor(self.place.readers) as pool:
            parts = (standing[i : i + part] for i in range(0, len(standing), part))
            while some := list(itertools.islice(parts, _AT_ONCE)):
                for problems in pool.map(self._compared, some):
                    self.problems += problems
        if len(replaced) < len(listed) or not listed:
            self._look_for_others()
        return Verified(
            files=len(listed),
            rows=sum(file["rows"] for file in listed),
            problems=tuple(self.problems),
            notes=tuple(self.notes),
            replaced=dict(Counter(replaced.values())),
            missing=len(missing) - len(replaced),
        )

    def _compared(self, files: Sequence[Mapping[str, Any]]) -> list[str]:
        return [
            f"{file['name']}: {problem}"
            for file in files
            for problem in differences(self.place.measured(file["name"]), file, self.count_rows)
        ]

    def _look_for_others(self) -> None:
        """Note files that readers see and that no run has published."""
        listed = set(self.plan.names())  # if its manifest is lost
        foreign = [name for name in content(self.place).foreign if name not in listed]
        own: list[str] = []
        others: list[str] = []
        for name in foreign:
            run_id = run_of(name)
            if run_id and self.place.is_staged(run_id):
                continue  # that run is being published right now
            (own if self._strange(name, run_id) else others).append(name)
        self.problems += _listed(own, "no run of ingest has published it, but readers see it")
        self.notes += _listed(others, "no run of ingest has published it")

    def _strange(self, name: str, run_id: str) -> bool:
        """Whether a file cannot have been there by right: where it would not be beside our own."""
        if run_id or self.plan.disposition == "overwrite":
            return True
        by = self.plan.manifest.get("partition_by", ())
        return self.plan.disposition == "overwrite_partitions" and in_partition(name, by)


def _listed(names: list[str], why: str) -> Iterator[str]:
    for name in names[:_SHOWN]:
        yield f"{name}: {why}. Move it away"
    if len(names) > _SHOWN:
        more = counted(len(names) - _SHOWN, "more file")
        yield f"and {more} that no run of ingest has published"


def _manifest(place: Place, plan: PublishPlan) -> Iterator[str]:
    """Say what of the manifest is not as it was committed."""
    name = f"{place.label}/manifests/{plan.run_id}.json"
    written = b"".join(
        manifest.encoded(plan.manifest, plan.files(), plan.removes(), plan.counts.rows)
    )
    try:
        data = place.manifest(plan.run_id)
        page = json.loads(data)
    except FileNotFoundError:
        yield f"{name}: the manifest is missing. Restore it from a backup"
        return
    except ValueError as error:
        yield f"{name}: the manifest is damaged: {error}"
        return
    if data == written:
        return
    committed = json.loads(written)
    keys = page.keys() | committed.keys() if isinstance(page, dict) else {"the page"}
    changed = [key for key in sorted(keys) if not _same(key, page, committed)]
    for key in changed:
        yield f"{name}: {key}: differs from the commit of the run{_values(key, page, committed)}"


def _same(key: str, page: Any, committed: Mapping[str, Any]) -> bool:
    absent = object()
    return isinstance(page, dict) and page.get(key, absent) == committed.get(key, absent)


def _values(key: str, page: Any, committed: Mapping[str, Any]) -> str:
    values = (page.get(key) if isinstance(page, dict) else page, committed.get(key))
    if any(isinstance(value, list | dict) for value in values):
        return ""
    return f": {json.dumps(values[0])}, the run wrote {json.dumps(values[1])}"


def compare(path: Path, file: Mapping[str, Any], count_rows: CountRows) -> Iterator[str]:
    """Say how a local file differs from what is on record of it; see `differences`."""
    return differences(measured(path), file, count_rows)


def differences(
    opened: AbstractContextManager[Measured], file: Mapping[str, Any], count_rows: CountRows
) -> Iterator[str]:
    """Say how a file differs from what is on record of it: bytes, `sha256`, rows."""
    with opened as content:
        if content.size != file["bytes"]:
            yield f"{content.size} bytes, the run wrote {file['bytes']}"
        if content.sha256 != file["sha256"]:
            yield f"sha256 {content.sha256}, the run wrote {file['sha256']}"
        try:
            rows = count_rows(content.source)
        except Exception as error:  # noqa: BLE001 - whatever a reader makes of a damaged file is the finding
            yield f"cannot be read: {error}"
            return
        if rows != file["rows"]:
            yield f"{rows} rows, the run wrote {file['rows']}"


@contextmanager
def measured(path: Path) -> Iterator[Measured]:
    """Read a local file: a small one once, a large one for its checksum and for its rows."""
    size = path.stat().st_size
    if size <= IN_MEMORY_BYTES:
        data = path.read_bytes()
        digest = hashlib.sha256(data).hexdigest()
        source: pa.NativeFile = pa.BufferReader(data)
    else:
        with path.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
        source = pa.OSFile(str(path))
    with source:
        yield Measured(size, digest, source)
