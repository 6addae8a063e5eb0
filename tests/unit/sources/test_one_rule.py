"""One rule for texts: all at once, line by line and in the contract, a field is the same value."""

from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest.core.errors import ConfigError
from ingest.core.rows import POSITION
from ingest.core.types import parse_type
from ingest.core.values.casting import converted
from ingest.sources.csv import Csv
from ingest.sources.jsonl import Jsonl
from ingest.sources.parquet import Parquet
from ingest.testing.sources import layout_of, plan, rows_of
from tests.unit.core.written import IMPOSSIBLE, KINDS, TEXTS, value_of

FIELDS = TEXTS.filter(lambda text: text.isprintable() and '"' not in text and "," not in text)


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(FIELDS, min_size=1, max_size=20), st.sampled_from(KINDS))
def test_both_ways_of_reading_and_the_contract_agree(
    tmp_path: Path, texts: list[str], kind: str
) -> None:
    good = [text for text in texts if text and value_of(text, kind) is not IMPOSSIBLE]
    every = [text for text in texts if text]
    frame = pl.DataFrame({"n": range(len(every)), "x": pl.Series(every, dtype=pl.String)})
    cast = frame.with_columns(converted(pl.col("x"), pl.String(), parse_type(kind)))
    expected = cast.filter(pl.col("x").is_not_null())
    for damage in ("", "broken\n"):
        found = _read(tmp_path, every, kind, damage)
        assert found.equals(expected)
    quick = _read(tmp_path, good, kind, "")
    assert quick["x"].equals(expected["x"])


def _read(folder: Path, texts: list[str], kind: str, damage: str) -> pl.DataFrame:
    path = folder / "a.csv"
    lines = "".join(f"{n},{text}\n" for n, text in enumerate(texts))
    path.write_text(f"n,x\n{lines}{damage}")
    reader = Csv(type="csv", path=str(path), columns={"n": "int64", "x": kind})
    found = reader.read(*plan(reader))
    return rows_of(found).drop(POSITION, strict=False)


@pytest.mark.parametrize("name", ["*", "^a$", "^.*$"])
def test_names_that_are_patterns_are_refused(tmp_path: Path, name: str) -> None:
    table = pl.DataFrame({name: [1], "a": [2]})
    for kind in ("csv", "ndjson", "parquet"):
        getattr(table, f"write_{kind}")(tmp_path / f"a.{kind}")
    sources: list[tuple[Csv | Jsonl | Parquet, str]] = [
        (Csv(type="csv", path=str(tmp_path / "a.csv")), "header: [name, …] with skip_rows: 1"),
        (Jsonl(type="jsonl", path=str(tmp_path / "a.ndjson")), "columns: {name: type, …}"),
        (Parquet(type="parquet", path=str(tmp_path / "a.parquet")), "columns: [name, …]"),
    ]
    for reader, remedy in sources:
        with pytest.raises(ConfigError) as caught:
            layout_of(reader)
        assert f'"{name}" is a pattern' in str(caught.value)
        assert remedy in str(caught.value)
    layout_of(Parquet(type="parquet", path=str(tmp_path / "a.parquet"), columns=("a",)))


def test_a_format_that_loses_something_is_no_column_form() -> None:
    for form in ("%Q", "%Y-%m-%d %H:%M:%S.%f", "%Y-%m-%d %H:%M%z"):
        with pytest.raises(ValueError, match="format"):
            Csv(type="csv", path="a", columns={"x": {"type": "timestamp", "format": form}})


@pytest.mark.parametrize(
    ("kind", "number", "fits"),
    [
        ("float64", "9007199254740992", True),
        ("float64", "9007199254740993", False),
        ("float64", "9007199254740993.0", True),
        ("float64", "1e400", False),
        ("float64", "1e-400", False),
        ("float64", "0e-400", True),
        ("float32", "16777216", True),
        ("float32", "16777217", False),
        ("float32", "0.1", True),
        ("float32", "1e39", False),
    ],
)
def test_json_numbers_keep_the_rule(tmp_path: Path, kind: str, number: str, fits: bool) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text(f'{{"x": {number}}}\n' * 3)
    reader = Jsonl(type="jsonl", path=str(path), columns={"x": kind})
    found = reader.read(*plan(reader))
    assert rows_of(found).height == (3 if fits else 0)
    assert found.records == 3
