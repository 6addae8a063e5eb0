"""Files through fsspec: an in-memory file system stands for a bucket."""

from collections.abc import Iterator
from typing import Any

import fsspec
import polars as pl
import pytest

from ingest.core.errors import ConfigError, FatalError
from ingest.sources.csv import Csv
from ingest.sources.jsonl import Jsonl
from ingest.sources.parquet import Parquet
from ingest.testing.sources import layout_of, pack, plan, records_of, rows_of


@pytest.fixture
def bucket() -> Iterator[Any]:
    files = fsspec.filesystem("memory")
    yield files
    files.rm("/", recursive=True)


def test_folders_globs_and_files_are_listed(bucket: Any) -> None:
    for name in ("x/d=1/a.csv", "x/d=2/b.csv", "x/_tmp/c.csv", "x/notes.md"):
        bucket.pipe(f"/{name}", b"n\n1\n")

    def uris(path: str) -> list[str]:
        return [piece.uri for piece in Csv(type="csv", path=path).slices(100)]

    assert uris("memory://x") == ["memory:///x/d=1/a.csv", "memory:///x/d=2/b.csv"]
    assert uris("memory://x/*/a.csv") == ["memory:///x/d=1/a.csv"]
    assert uris("memory://x/d=2/b.csv") == ["memory:///x/d=2/b.csv"]
    for path in ("memory://nowhere", "memory://x/*.parquet"):
        with pytest.raises(ConfigError, match="no file or folder there"):
            uris(path)
    with pytest.raises(ConfigError, match="is not supported"):
        uris("nosuch://x")


def test_csv_is_cut_and_read_with_its_file_columns(bucket: Any) -> None:
    bucket.pipe("/x/d=1/a.csv", b"n,m\n1,2\n3\n5,6\n")
    source = Csv(type="csv", path="memory://x", include_file_columns=True)
    whole = records_of(source, *plan(source))
    cut = pack(list(source.slices(5)))
    assert len(cut.slices) == 3
    assert records_of(source, cut, layout_of(source)) == whole
    assert len(whole) == 3
    rows = rows_of(source.read(cut, layout_of(source)))
    assert rows["d"].to_list() == ["1", "1"]
    assert rows["_file_modified"].null_count() == 0


def test_jsonl_and_parquet_are_read(bucket: Any) -> None:
    bucket.pipe("/j/a.jsonl", b'{"a":1}\n')
    lines = Jsonl(type="jsonl", path="memory://j")
    assert rows_of(lines.read(*plan(lines))).rows() == [(1,)]
    with fsspec.open("memory://p/a.parquet", "wb") as file:
        pl.DataFrame({"a": range(10)}).write_parquet(file, row_group_size=3)
    source = Parquet(type="parquet", path="memory://p")
    whole = records_of(source, *plan(source))
    assert [what for _, _, what in whole] == [f"({n},)" for n in range(10)]
    cut = pack(list(source.slices(1)))
    assert len(cut.slices) == 4
    assert records_of(source, cut, layout_of(source)) == whole


def test_a_changed_object_is_an_error(bucket: Any) -> None:
    bucket.pipe("/x/a.csv", b"n\n1\n")
    source = Csv(type="csv", path="memory://x/a.csv")
    partition, layout = plan(source)
    bucket.pipe("/x/a.csv", b"n\n2\n")
    with pytest.raises(FatalError, match="input changed since planning"):
        source.read(partition, layout)
    bucket.rm("/x/a.csv")
    with pytest.raises(FatalError, match="and is gone"):
        source.read(partition, layout)
