"""Limits on hostile input: length, width, expansion and secrets are bounded, each by its name."""

import gzip
from pathlib import Path

import polars as pl
import pyarrow as pa
import pytest

from ingest.commands.base import guarded
from ingest.commands.init import main as init
from ingest.commands.plan import main as plan
from ingest.core.credentials import masked
from ingest.core.errors import BadRowError, ConfigError
from ingest.driver.flow import MOST_COLUMNS
from ingest.expressions import resolve
from ingest.sources.json.shape import compiles, pattern
from ingest.sources.jsonl import Jsonl
from ingest.sources.text import reading
from ingest.testing.sources import plan as planned
from tests.bad_input.bench import Bench

MEBIBYTE = 1024**2


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    monkeypatch.chdir(tmp_path)
    bench = Bench(tmp_path)
    bench.describe(source={"type": "jsonl", "path": "in"}, contract={"on_error": "quarantine"})
    return bench


def expression(written: str, **columns: object) -> tuple[object, bool]:
    frame = pl.DataFrame({name: [value] for name, value in columns.items()})
    found = resolve(written, frame.schema)
    fails = found.fails if found.fails is not None else pl.lit(value=False)
    return frame.select(found.value.alias("v"), fails.alias("f")).row(0)


@pytest.mark.parametrize(
    ("written", "columns"),
    [
        ("replace(x, 'a', y)", {"x": "a" * MEBIBYTE, "y": "b" * 1000}),
        ("replace(x, 'a', 'bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb')", {"x": "a" * 2 * MEBIBYTE}),
        (
            "regexp_replace(x, 'a', 'bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb', 'g')",
            {"x": "a" * 2 * MEBIBYTE},
        ),
        (
            r"regexp_replace(x, '(a+)', '\\1\\1\\1\\1\\1\\1\\1\\1\\1', 'g')",
            {"x": "a" * 8 * MEBIBYTE},
        ),
    ],
)
def test_a_text_that_would_multiply_has_no_value(written, columns):
    assert expression(written, **columns) == (None, True)


def test_texts_that_grow_a_little_are_as_they_were():
    assert expression("replace(x, 'a', y)", x="banana", y="oo") == ("boonoonoo", False)
    assert expression("replace(x, '-', '--')", x="a-b" * MEBIBYTE) == ("a--b" * MEBIBYTE, False)
    assert expression("replace(x, 'a', y)", x="a", y=None) == (None, False)
    assert expression(r"regexp_replace(x, '([0-9])', '<\1>', 'g')", x="a1b2") == ("a<1>b<2>", False)


@pytest.mark.parametrize("function", ["lpad", "rpad"])
def test_a_pad_has_a_greatest_size(function):
    with pytest.raises(ConfigError, match="a whole number from 0 to 10,000"):
        resolve(f"{function}(x, 2000000000)", {"x": pl.String()})


@pytest.mark.parametrize(
    ("document", "value"),
    [
        ('{"a":' + "[" * 100_000 + "]" * 100_000 + "}", None), ('{"a":NaN}', None),
        ('{"a":1e400}', None), ('{"a":' + "9" * 5000 + "}", None),
        ('{"a":"\\ud800"}', '"\\ud800"'), ('{"a":[1,"é"]}', '[1,"é"]'),
    ],
)  # fmt: skip
def test_json_functions_outlive_hostile_documents(document, value):
    assert expression("json_extract(d, '$.a')", d=document) == (value, False)
    expression("json_extract_string(d, '$.a')", d=document)


@pytest.mark.parametrize("codec", ["gzip", "zstd"])
def test_one_line_without_end_in_an_archive_is_a_reject(bench, codec):
    data = b'{"a":1}\n{"a":"' + b"x" * 40 * MEBIBYTE + b'"}\n{"a":2}\n'
    sink = pa.BufferOutputStream()
    with pa.CompressedOutputStream(sink, codec) as stream:
        stream.write(data)
    bench.write(f"a.jsonl.{'gz' if codec == 'gzip' else 'zst'}", bytes(sink.getvalue()))
    result = bench.run()
    assert result.code == 0, result.err
    assert bench.table == [{"a": 1}, {"a": 2}]
    assert [(bad["line"], bad["reason"]) for bad in bench.rejected] == [(2, "record too long")]


def test_an_archive_grows_no_further_than_256_mebibytes_or_a_hundredfold(bench):
    bench.write("a.jsonl.gz", gzip.compress(b'{"a":1}\n' + b" " * 300 * MEBIBYTE, 1))
    result = bench.run()
    assert result.code == 1
    assert "unpack to more than" in result.err
    assert "source.max_decompressed_bytes" in result.err


def test_a_flood_of_bad_records_is_an_error_and_no_quarantine(tmp_path, monkeypatch):
    monkeypatch.setattr(reading, "MOST_REJECTS", 1000)
    (tmp_path / "a.jsonl").write_bytes(b'{"a":1}\n' + b"\n" * 2000)
    source = Jsonl(type="jsonl", path=str(tmp_path))
    with pytest.raises(
        BadRowError, match=r"more than 1,000 records of one partition cannot be read.*blank line"
    ):
        source.read(*planned(source))


def test_a_header_without_end_is_an_error(bench):
    bench.write("a.csv", b"x" * 20 * MEBIBYTE)
    bench.describe(source={"type": "csv", "path": "in", "max_record_bytes": MEBIBYTE}, contract={})
    result = bench.run()
    assert result.code == 2
    assert "the header does not end within" in result.err


@pytest.mark.slow
def test_a_table_is_no_wider_than_100_000_columns(bench, capsys):
    names = ",".join(f"c{n}" for n in range(MOST_COLUMNS + 1))
    bench.write("a.csv", f"{names}\n")
    bench.describe(source={"type": "csv", "path": "in"}, contract={})
    assert guarded(plan, ["--conf", "conf", "+job=orders"]) == 2
    assert "100,001 columns, but a table may have at most 100,000" in capsys.readouterr().err


def test_a_pattern_of_many_fields_is_not_even_tried():
    wide = pattern({f"c{n}": pl.String() for n in range(100_000)})
    assert not compiles(wide)


@pytest.mark.parametrize(
    "uri",
    [
        "s3://AKIA:sec/ret@b/x.csv",
        "s3://user:secret@b/dt=1",
        "s3://secret@b/x",
        "https://u:secret@h/x",
    ],
)
def test_credentials_in_a_uri_are_refused_and_never_shown(bench, capsys, uri):
    ways = [
        ["+job=orders", f"source.path={uri}"], ["+job=orders", f'source.path="{uri}"'],
        ["+job=orders", f'sink.path="{uri}"'], ["+job=orders", f'state="{uri}"'],
    ]  # fmt: skip
    bench.write("a.jsonl", '{"a":1}\n')
    for arguments in ways:
        assert guarded(plan, ["--conf", "conf", *arguments]) == 2
        said = capsys.readouterr()
        assert "sec" not in said.out + said.err
        assert "***@" in said.err
    if uri.startswith("s3"):
        assert guarded(init, [uri]) == 2
        assert "sec" not in capsys.readouterr().err
    assert not (bench.place / "state").exists()


@pytest.mark.parametrize(
    "uri", ["s3://bucket/a@b", "memory://x:9000/y@z", "/local/a:b@c", "s3://b/a:b@c"]
)
def test_other_signs_are_no_credentials(uri):
    assert masked(uri) == uri
