"""F11: what a decoder cannot read is a damaged file, not a storage that did not answer."""

import gzip
from pathlib import Path

import polars as pl
import pyarrow as pa
import pytest

from tests.faults.desk import Desk


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "in").mkdir()
    return Desk(tmp_path)


@pytest.mark.parametrize("compression", ["snappy", "zstd", "gzip", "uncompressed"])
def test_pages_of_noise(desk: Desk, compression: str) -> None:
    path = desk.place / "in" / "a.parquet"
    frame = pl.DataFrame({"x": [f"text {n}" for n in range(5000)]})
    frame.write_parquet(path, compression=compression)
    data = bytearray(path.read_bytes())
    data[4:2000] = b"\xaa" * 1996
    path.write_bytes(data)
    said = desk.init("in/a.parquet")
    assert said.code == 2
    assert "storage" not in said.err
    assert "damaged Parquet" in said.err
    assert desk.is_bare


@pytest.mark.parametrize("name", ["a.csv.gz", "a.jsonl.gz", "a.csv.zst"])
def test_archives_of_noise(desk: Desk, name: str) -> None:
    text = b'{"id": 1}\n' * 9999
    pack = (
        gzip.compress
        if name.endswith("gz")
        else lambda data: pa.compress(data, "zstd", asbytes=True)
    )
    data = bytearray(pack(text))
    data[20:40] = b"\xaa" * 20
    desk.write(f"in/{name}", bytes(data))
    said = desk.init(f"in/{name}")
    assert said.code == 2
    assert "storage" not in said.err
    assert "archive is damaged" in said.err or "truncated" in said.err


def test_a_footer_of_noise(desk: Desk) -> None:
    path = desk.place / "in" / "a.parquet"
    pl.DataFrame({"x": [1]}).write_parquet(path)
    data = bytearray(path.read_bytes())
    data[-40:-8] = b"\xaa" * 32
    path.write_bytes(data)
    said = desk.init("in/a.parquet")
    assert said.code == 2
    assert "storage" not in said.err
