"""Texts are written as views, and files say the types that every reader knows."""

import io
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from ingest.formats.parquet.writing import ParquetFormat
from ingest.sinks.directory.staging import HashedFile

ROWS = pl.DataFrame(
    {
        "text": ["short", "a text of more than twelve bytes", None, ""],
        "bytes": [b"1", None, b"2" * 20, b""],
        "list": [["a text of more than twelve bytes"], [], None, ["a"]],
        "struct": [{"t": "x", "n": 1}, None, {"t": None, "n": None}, {"t": "y" * 20, "n": 2}],
    }
)


def test_files_name_types_that_every_reader_knows_and_hold_the_rows(tmp_path: Path) -> None:
    parts = pl.concat([ROWS, ROWS.slice(1, 2), ROWS.filter(pl.col("text") != "")], rechunk=False)
    path = tmp_path / "a.parquet"
    file = HashedFile(path, None)
    encoder = ParquetFormat(type="parquet").encoder(file, parts)
    encoder.write(parts)
    encoder.close()
    file.finish()
    assert pl.read_parquet(io.BytesIO(path.read_bytes())).equals(parts)
    schema = pq.read_schema(path)
    assert schema.field("text").type == pa.string()
    assert schema.field("bytes").type == pa.binary()
    assert schema.field("list").type == pa.large_list(pa.large_string())
