"""CSV and JSON Lines: nothing that is written may be read back as something else."""

import gzip
import json
from datetime import UTC, date, datetime, time
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal
from pydantic import ValidationError

from ingest.core.errors import ConfigError, FatalError
from ingest.sinks.csv import Csv
from ingest.sinks.directory.sink import DirectorySink
from ingest.sinks.jsonl import Jsonl


def staged(out: DirectorySink, rows: pl.DataFrame) -> bytes:
    (file,) = out.stage(rows, "run1", "1-0-1")
    return (out.place.staging("run1") / file.keep["name"]).read_bytes()


def csv(path: Path, **options: object) -> Csv:
    return Csv.model_validate(
        {"type": "csv", "path": str(path / "out"), "write_disposition": "append", **options}
    )


def jsonl(path: Path, **options: object) -> Jsonl:
    return Jsonl.model_validate(
        {"type": "jsonl", "path": str(path / "out"), "write_disposition": "append", **options}
    )


TEXTS = pl.DataFrame({"a": ["", None, 'q"', "c,d", "l\nm", "n\r"], "b": [1, 2, None, 4, 5, 6]})


def test_csv_keeps_null_and_the_empty_text_apart(tmp_path: Path) -> None:
    assert staged(csv(tmp_path), TEXTS) == (b'a,b\n"",1\n,2\n"q""",\n"c,d",4\n"l\nm",5\n"n\r",6\n')


def test_csv_options(tmp_path: Path) -> None:
    out = csv(tmp_path, header=False, delimiter=";", quoting="non_numeric", null_text="NULL")
    assert staged(out, TEXTS.head(2)) == b'"";1\nNULL;2\n'


def test_csv_is_written_in_chunks_with_one_header(tmp_path: Path) -> None:
    rows = pl.DataFrame({"a": range(120_000), "b": "x"})
    data = staged(csv(tmp_path), rows)
    assert_frame_equal(pl.read_csv(data), rows)


def test_a_text_that_is_the_null_text_fails(tmp_path: Path) -> None:
    with pytest.raises(FatalError, match='column "a" holds the text "NULL"'):
        staged(csv(tmp_path, null_text="NULL"), pl.DataFrame({"a": ["NULL"], "b": [1]}))


def test_one_column_needs_a_text_for_null(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"null_text: .*an empty line, which readers skip"):
        csv(tmp_path).check_schema({"a": pl.String()})
    csv(tmp_path, null_text="NULL").check_schema({"a": pl.String()})
    with pytest.raises(ConfigError, match="null_text"):
        csv(tmp_path, partition_by=["p"]).check_schema({"a": pl.String(), "p": pl.Int8()})


def test_csv_refuses_what_a_field_cannot_hold(tmp_path: Path) -> None:
    schema = {"a": pl.List(pl.Int8()), "b": pl.Binary(), "c": pl.Duration(), "d": pl.Int8()}
    with pytest.raises(ConfigError) as caught:
        csv(tmp_path).check_schema(schema)
    assert len(caught.value.lines) == 3
    assert 'column "a" is list<int8>, which CSV cannot store' in caught.value.lines[0]


@pytest.mark.parametrize("delimiter", ["", ",,", '"', "\n", "x", "é"])
def test_what_cannot_stand_between_fields(tmp_path: Path, delimiter: str) -> None:
    with pytest.raises(ValidationError):
        csv(tmp_path, delimiter=delimiter)


def test_gzip_is_the_same_every_time(tmp_path: Path) -> None:
    one, other = (staged(csv(tmp_path / name, compression="gz"), TEXTS) for name in "ab")
    assert one == other
    assert gzip.decompress(one) == staged(csv(tmp_path / "plain"), TEXTS)


def test_published_names_say_how_they_are_compressed(tmp_path: Path) -> None:
    assert csv(tmp_path, compression="gz").suffix == "csv.gz"
    assert jsonl(tmp_path, compression="zst").suffix == "jsonl.zst"


def test_jsonl_keeps_nested_columns_and_all_digits(tmp_path: Path) -> None:
    rows = pl.DataFrame(
        {
            "big": [2**63 - 1],
            "meta": [{"tags": ["a", None], "score": 0.1}],
            "money": [Decimal("1.10")],
            "day": [date(2013, 1, 1)],
            "at": [datetime(2013, 1, 1, 5, 15, tzinfo=UTC)],
            "clock": [time(5, 15)],
            "none": pl.Series([None], dtype=pl.String),
        }
    )
    assert json.loads(staged(jsonl(tmp_path), rows)) == {
        "big": 2**63 - 1,
        "meta": {"tags": ["a", None], "score": 0.1},
        "money": "1.10",
        "day": "2013-01-01",
        "at": "2013-01-01T05:15:00+00:00",
        "clock": "05:15:00",
        "none": None,
    }


@pytest.mark.parametrize(
    "values",
    [
        [1.0, float("nan")],
        [None, float("inf")],
        [[], [float("nan")]],
        [{"x": {"y": 1.0}}, {"x": {"y": float("-inf")}}],
    ],
)
def test_a_number_that_json_cannot_hold_fails_instead_of_becoming_null(
    tmp_path: Path, values: list[object]
) -> None:
    with pytest.raises(FatalError, match='column "a" contains NaN or infinity'):
        staged(jsonl(tmp_path), pl.DataFrame({"a": values}))


def test_nulls_among_numbers_are_fine(tmp_path: Path) -> None:
    rows = pl.DataFrame(
        {"a": [None, 1.5], "b": [[None], None]}, schema_overrides={"b": pl.List(pl.Float64)}
    )
    assert staged(jsonl(tmp_path), rows) == b'{"a":null,"b":[null]}\n{"a":1.5,"b":null}\n'


def test_jsonl_refuses_bytes_at_any_depth(tmp_path: Path) -> None:
    schema = {"a": pl.Struct({"x": pl.List(pl.Binary())}), "b": pl.Binary(), "c": pl.Int8()}
    with pytest.raises(ConfigError) as caught:
        jsonl(tmp_path).check_schema(schema)
    assert len(caught.value.lines) == 2
