"""Which staged files are put together, and what becomes of those that are damaged."""

from pathlib import Path

import polars as pl
import pytest
from obstore.store import MemoryStore

from ingest.core.errors import FatalError
from ingest.core.outcome import Staged
from ingest.sinks.base import Part
from ingest.sinks.directory.bucket.place import Prefix
from ingest.sinks.directory.small_files import are_too_small, groups
from ingest.sinks.directory.staged import StagedFile
from ingest.sinks.jsonl import Jsonl
from ingest.storage.bucket import Bucket
from ingest.storage.connections import usual

CONNECTION = usual("s3")
OBJECTS = Prefix("s3://b/out", CONNECTION, Bucket("s3://b", CONNECTION, MemoryStore()))


class InBucket(Jsonl):
    """A sink in a bucket in memory."""

    @property
    def place(self) -> Prefix:
        return OBJECTS


def part(partition: int, size: int, folder: str = "") -> Part:
    return Part(partition, 0, StagedFile(f"1-{partition}-1-0", folder, 1, size, "ab").packed())


def sizes(parts: list[Part], target: int) -> list[list[int]]:
    return [[each.staged.bytes for each in group] for group in groups(parts, target)]


def staged_in(out: Jsonl) -> list[Staged]:
    frames = [pl.DataFrame({"a": [number]}) for number in range(3)]
    return [out.stage(rows, "run1", f"1-{place}-1")[0] for place, rows in enumerate(frames)]


def test_many_files_are_too_small_and_a_few_never_are() -> None:
    assert are_too_small(65, 65 * 1000, 16_001)
    assert not are_too_small(65, 65 * 1000, 16_000)
    assert not are_too_small(64, 64, 16_001)


def test_a_group_is_as_large_as_the_target_allows() -> None:
    assert sizes([part(number, 40) for number in range(5)], 100) == [[40, 40], [40, 40]]
    assert sizes([part(0, 51), part(1, 40), part(2, 60), part(3, 9)], 100) == [[40, 9]]


def test_folders_are_apart_and_a_file_alone_stays() -> None:
    parts = [part(number, 10, f"day={number % 2}") for number in range(5)]
    assert [[each.partition for each in group] for group in groups(parts, 100)] == [
        [0, 2, 4],
        [1, 3],
    ]
    assert sizes([part(0, 10, "day=0"), part(1, 10, "day=1")], 100) == []


def test_files_in_a_bucket_become_one() -> None:
    page = {"type": "jsonl", "path": "s3://b/out", "write_disposition": "append"}
    out = InBucket.model_validate(page)
    whole = StagedFile.of(out.put_together(staged_in(out), "run1", "1-3-1"))
    with OBJECTS.measured_staged("run1", whole.name) as measured:
        assert measured.source.read() == b'{"a":0}\n{"a":1}\n{"a":2}\n'
        assert (measured.size, measured.sha256, whole.rows) == (whole.bytes, whole.sha256, 3)


def test_a_damaged_file_is_not_made_good(tmp_path: Path) -> None:
    page = {"type": "jsonl", "path": str(tmp_path / "out"), "write_disposition": "append"}
    out = Jsonl.model_validate(page)
    files, folder = staged_in(out), tmp_path / ".ingest-out" / "run1"
    before = {path.name for path in folder.iterdir()}
    (folder / files[1].keep["name"]).write_bytes(b'{"a":7}\n')
    with pytest.raises(FatalError, match="the staged file has changed"):
        out.put_together(files, "run1", "1-3-1")
    assert {path.name for path in folder.iterdir()} == before
