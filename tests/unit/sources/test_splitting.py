"""Partitions that are too much for a worker are cut in two."""

import gzip

import polars as pl
import pytest

from ingest.core.partition import Partition, Slice, partition_id
from ingest.sources.csv import Csv
from ingest.sources.parquet import Parquet


def whole(source):
    slices = tuple(source.slices(1 << 40))
    return Partition(0, partition_id(slices), slices)


def test_files_are_parted_by_their_bytes_and_not_by_their_number():
    sizes = [10, 10, 10, 100, 10]
    slices = tuple(Slice(f"f{i}", size, "v", bytes=size) for i, size in enumerate(sizes))
    left, right = Csv(type="csv", path="x").split(Partition(0, "", slices))
    assert [len(left), len(right)] == [3, 2]


def test_text_is_cut_in_the_middle(tmp_path):
    (tmp_path / "a.csv").write_text("id\n1\n2\n3\n")
    source = Csv(type="csv", path=str(tmp_path / "a.csv"))
    parts = source.split(whole(source))
    assert [(part[0].start, part[0].end) for part in parts] == [(0, 4), (4, 9)]


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("a.csv.gz", {}),
        ("a.csv", {"multiline": True, "comment": "#"}),
        ("a.csv", {"encoding": "utf-16"}),
    ],
)
def test_text_that_cannot_be_cut_is_not(tmp_path, name, options):
    text = "id\n1\n2\n".encode(options.get("encoding", "utf-8"))
    (tmp_path / name).write_bytes(gzip.compress(text, mtime=0) if name.endswith("gz") else text)
    source = Csv(type="csv", path=str(tmp_path / name), **options)
    assert source.split(whole(source)) == ()


def test_parquet_is_cut_between_row_groups_down_to_single_ones(tmp_path):
    pl.DataFrame({"x": range(300)}).write_parquet(tmp_path / "a.parquet", row_group_size=100)
    source = Parquet(type="parquet", path=str(tmp_path / "a.parquet"))
    parts = [part[0] for part in source.split(whole(source))]
    assert [(p.start, p.end) for p in parts] in [[(0, 1), (1, 3)], [(0, 2), (2, 3)]]
    assert all(p.bytes > 0 for p in parts)
    single = next(p for p in parts if p.end - p.start == 1)
    assert source.split(Partition(0, "", (single,))) == ()
