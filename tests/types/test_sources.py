"""Every listed source passes the public suite."""

import gzip
from pathlib import Path

import polars as pl

from ingest.sources import SOURCES
from ingest.sources.base import Source
from ingest.sources.csv import Csv
from ingest.sources.fixed_width import FixedWidth
from ingest.sources.jsonl import Jsonl
from ingest.sources.parquet import Parquet
from ingest.sources.postgres import Postgres
from ingest.testing.sources import SourceSuite

CSV_B = (
    b'id,name,day\r\n1,"a,b",2024-01-01\r\n2,x\r\n\r\nx,y,2024-01-01\n'
    b'3,\xff,\n4,"un,\n5,,2024-13-01\n6,,'
)
JSONL_B = b'{"a":1,"b":"x"}\n{"b":"y","a":2}\n{"a":"3"}\n\n{"a":1,"a":2}\n{"c":1}\n{"a":4,\n{"a":5}'


class TestCsv(SourceSuite):
    def make(self, folder: Path) -> Source:
        (folder / "b.csv").write_bytes(CSV_B)
        (folder / "a.csv").write_bytes(b"\xef\xbb\xbfname,day,id\nz,,9\nlast,2024-02-02,10\n")
        (folder / "c.csv.gz").write_bytes(gzip.compress(b"id,name,day\n11,q,\n12\n", mtime=0))
        (folder / "d.csv").write_bytes(b"")
        columns = {"id": "int64", "day": "date"}
        return Csv(type="csv", path=str(folder), columns=columns, include_file_columns=True)


class TestCsvWithPreamble(SourceSuite):
    def make(self, folder: Path) -> Source:
        body = b"made by x\nline two\n# note\n\nid;n\n# more\n1;'a;\nb'\n\n2;b\r\n3;''''\n4;'x'y\n"
        (folder / "a.csv").write_bytes(body)
        return Csv(
            type="csv", path=str(folder), delimiter=";", quote="'", skip_rows=2, comment="#",
            blank_lines="skip",
        )  # fmt: skip


class TestCsvMultiline(SourceSuite):
    def make(self, folder: Path) -> Source:
        (folder / "a.csv").write_bytes(b'id,n\n1,"a\r\nb"\n2,"\n\n"\n3,"x"y\n4,\n5,"open\n6,z\n')
        (folder / "b.csv").write_bytes(b'n,id\n"\n",7\n')
        return Csv(type="csv", path=str(folder), multiline=True)


class TestCsvOfOneColumn(SourceSuite):
    def make(self, folder: Path) -> Source:
        (folder / "a.csv").write_bytes(b'n\na\n\n"b"\n""\n\n')
        return Csv(type="csv", path=str(folder / "a.csv"))


class TestCsvInLatin1(SourceSuite):
    def make(self, folder: Path) -> Source:
        (folder / "a.csv").write_bytes("n,é\nä,1\nö,2\n".encode("latin-1"))
        return Csv(type="csv", path=str(folder), encoding="latin-1")


class TestCsvInUtf16(SourceSuite):
    def make(self, folder: Path) -> Source:
        (folder / "a.csv").write_bytes("n,é\nä,1\nö\n\U0001f600,2\n".encode("utf-16"))
        return Csv(type="csv", path=str(folder), encoding="utf-16")


class TestCsvInADialect(SourceSuite):
    def make(self, folder: Path) -> Source:
        (folder / "a.csv").write_bytes(
            b'sep=||\rp||q||\r1||"a\\"||b"||\rsum||1\r2||x\r\r3|| y\nz||\r'
            b'"4\r5||6\rp||q\r7\r8,9,\rend\r'
        )
        return Csv(
            type="csv", path=str(folder), delimiter="||", escape="\\", line_end="cr",
            skip_space=True, trailing_delimiter="ignore", short_rows=None, ignore_rows="^sum",
            repeated_headers="ignore", skip_footer=1,
        )  # fmt: skip


class TestFixedWidth(SourceSuite):
    def make(self, folder: Path) -> Source:
        body = b"title\n  1anna 2024-01-01\n 22b\xc3\xb6rn 2024-02-30\n  3carl\n\nend\n"
        (folder / "b.txt").write_bytes(body)
        (folder / "a.dat").write_bytes(b"x\n 4 \xff   2024-01-01\r\n  5dora 2024-01-02more\nend")
        columns = {
            "n": {"width": 3, "type": "int64"},
            "day": {"start": 9, "width": 10, "type": "date"},
            "name": {"start": 4, "width": 5},
        }
        return FixedWidth(
            type="fixed_width", path=str(folder), columns=columns, skip_rows=1, skip_footer=1
        )


class TestJsonl(SourceSuite):
    def make(self, folder: Path) -> Source:
        deep = folder / "dt=2024-01-01"
        deep.mkdir()
        (deep / "b.jsonl").write_bytes(JSONL_B)
        (deep / "a.jsonl").write_bytes(b'\xef\xbb\xbf{"b":"\xc3\xa9","a":null}\r\n{}\r\n')
        return Jsonl(type="jsonl", path=str(folder), columns={"a": "int64", "b": "string"})


class TestParquet(SourceSuite):
    def make(self, folder: Path) -> Source:
        frame = pl.DataFrame({"id": range(100), "name": [f"n{i}" for i in range(100)]})
        frame.write_parquet(folder / "b.parquet", row_group_size=13)
        small = frame.head(5).with_columns(pl.col("id").cast(pl.Int16))
        small.write_parquet(folder / "a.parquet")
        return Parquet(type="parquet", path=str(folder))


class TestParquetWithWhere(SourceSuite):
    filters = True

    def make(self, folder: Path) -> Source:
        frame = pl.DataFrame({"id": range(100), "name": [f"n{i}" for i in range(100)]})
        frame.write_parquet(folder / "a.parquet", row_group_size=13)
        where = "id % 3 = 0 AND id > 20"
        return Parquet(type="parquet", path=str(folder), columns=("name",), where=where)


def test_every_listed_source_has_a_suite() -> None:
    suites = [suite for suite in globals().values() if isinstance(suite, type)]
    suites = [suite for suite in suites if issubclass(suite, SourceSuite)]
    files = [source for source in SOURCES.builtin if source is not Postgres]  # see tests/services
    assert {Csv, FixedWidth, Jsonl, Parquet} == set(files)
    assert {suite.__name__.removeprefix("Test").lower() for suite in suites} >= {
        source.__name__.lower() for source in files
    }
