"""Places of rows by what reading has seen: the same as by reading again."""

import gzip
from pathlib import Path

import polars as pl
import pytest

from ingest.core.errors import FatalError
from ingest.core.partition import Partition
from ingest.core.rows import POSITION
from ingest.sources.base import Layout, Read, Source
from ingest.sources.csv import Csv
from ingest.sources.jsonl import Jsonl
from ingest.sources.text import files, line_index, reading
from ingest.testing.sources import layout_of, pack

LINES = 400


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have several blocks for each slice, and lines near and far from each other."""
    for module in (files, reading):
        monkeypatch.setattr(module, "BLOCK_BYTES", 2000)
    monkeypatch.setattr(line_index, "_LEAST_BYTES", 100)
    monkeypatch.setattr(line_index, "_GAP_BYTES", 60)


def lines_of(number: int, folder: Path) -> Source:
    for file in range(2):
        lines = [f"{place},é{place:03}{'x' * (place % 40)}" for place in range(LINES)]
        lines[7], lines[150] = "1,2,3", "?"
        end = "\n" if file else ""
        (folder / f"{file}.csv").write_text("a,b\n" + "\n".join(lines) + end, encoding="utf-8")
    return Csv(type="csv", path=f"{folder}/*.csv", columns={"a": "int64"}, skip_footer=number)


def documents(folder: Path) -> Source:
    lines = [f'{{"a": {place}, "b": "{"x" * (place % 40)}"}}' for place in range(LINES)]
    lines[3] = "no"
    (folder / "a.jsonl").write_text("\n".join(lines) + "\n")
    return Jsonl(type="jsonl", path=f"{folder}/*.jsonl")


def read(reader: Source, target: int) -> tuple[Partition, Layout, Read, pl.Series]:
    partition, layout = pack(list(reader.slices(target))), layout_of(reader)
    found = reader.read(partition, layout)
    return partition, layout, found, found.frame.collect()[POSITION].sort()


@pytest.mark.parametrize("target", [1 << 40, 3000, 900])
@pytest.mark.parametrize("kind", ["csv", "footer", "jsonl"])
def test_rows_are_located_as_by_reading_again(tmp_path: Path, kind: str, target: int) -> None:
    reader = documents(tmp_path) if kind == "jsonl" else lines_of(int(kind == "footer"), tmp_path)
    partition, layout, found, positions = read(reader, target)
    assert found.locate is not None
    for wanted in (positions, positions[::7], positions[[1, 5, 6, -1]], positions.head(0)):
        again = reader.locate(partition, layout, wanted)
        assert found.locate(wanted).equals(again, null_equal=True)


@pytest.mark.parametrize("target", [1 << 40, 3000, 900])
def test_records_of_several_lines_are_located_too(tmp_path: Path, target: int) -> None:
    records = [f'{place},"é{place}{chr(10) * (place % 3)}""x"""' for place in range(LINES)]
    records[5], records[100] = '6,"stray"x', "?"
    (tmp_path / "a.csv").write_text("a,b\n" + "\n".join(records), encoding="utf-8")
    reader = Csv(type="csv", path=f"{tmp_path}/*.csv", multiline=True, columns={"a": "int64"})
    partition, layout, found, positions = read(reader, target)
    assert (len(partition.slices) > 1) == (target < 1 << 40)
    assert found.locate is not None
    for wanted in (positions, positions[::7], positions[[1, 5, 6, -1]], positions.head(0)):
        again = reader.locate(partition, layout, wanted)
        assert found.locate(wanted).equals(again, null_equal=True)


def test_packed_files_and_records_in_other_dialects_are_read_again(tmp_path: Path) -> None:
    lines_of(0, tmp_path)
    reader = Csv(type="csv", path=f"{tmp_path}/*.csv", multiline=True, comment="#")
    assert read(reader, 1 << 40)[2].locate is None
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress((tmp_path / "1.csv").read_bytes()))
    packed = Csv(type="csv", path=f"{tmp_path}/*.gz")
    assert read(packed, 1 << 40)[2].locate is None


def test_a_file_that_has_changed_since_is_refused(tmp_path: Path) -> None:
    _, _, found, positions = read(lines_of(0, tmp_path), 1 << 40)
    (tmp_path / "0.csv").write_text("a,b\n")
    assert found.locate is not None
    with pytest.raises(FatalError, match="changed"):
        found.locate(positions.head(3))
