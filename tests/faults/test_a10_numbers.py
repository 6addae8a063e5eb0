"""A10: `1.234` beside `1.234,56` is 1234, wherever a text becomes a number."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from ingest.commands.run import main
from tests.bad_input.bench import Bench

GERMAN = {"decimal_separator": ",", "thousands_separator": "."}
ROWS = "id;quantity;amount\n1;1.234;1.234,56\n2;12;7,5\n3;;-0,10\n"
TYPES = {"quantity": "int64", "amount": "decimal(12,2)"}


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    monkeypatch.chdir(tmp_path)
    return Bench(tmp_path)


def work(
    bench: Bench, source: dict[str, Any], *, types: dict[str, str] | None = None, **page: Any
) -> pl.DataFrame:
    """Run a job and return what it publishes, in order of `id`."""
    contract = {"columns": types or {}, "on_error": "quarantine", "max_error_ratio": 1.0}
    bench.describe(source={"path": "in", **source}, contract=contract, **page)
    assert main(bench.arguments()) == 0
    files = list((bench.place / "out").glob("*.parquet"))
    return pl.concat([pl.read_parquet(file) for file in files]).sort("id")


def rejected(bench: Bench) -> list[str]:
    files = list((bench.place / "out_quarantine").glob("*.parquet"))
    frame = pl.concat([pl.read_parquet(file) for file in files]).sort("line")
    return frame["reason"].to_list()


@pytest.mark.parametrize("more", [{}, {"multiline": True}, {"encoding": "latin-1"}])
def test_a_csv_source_is_told_how_its_numbers_are_written(
    bench: Bench, more: dict[str, Any]
) -> None:
    """By the fast path, by joined lines, and by lines of another encoding."""
    bench.write("a.csv", ROWS)
    rows = work(bench, {"type": "csv", "delimiter": ";", **GERMAN, **more}, types=TYPES)
    assert rows["quantity"].to_list() == [1234, 12, None]
    assert rows["amount"].to_list() == [Decimal("1234.56"), Decimal("7.50"), Decimal("-0.10")]


def test_a_column_has_its_own_notation(bench: Bench) -> None:
    bench.write("a.csv", "id;share;price;plain\n1;12,5 %;€ 1.234,50;1.5\n2;7 %;3,00 €;-2.25\n")
    columns = {
        "share": {"type": "decimal(5,4)", "percent": True},
        "price": {"type": "decimal(12,2)", "currency": "€"},
        "plain": {"type": "float64", "decimal_separator": "."},
    }
    source = {"type": "csv", "delimiter": ";", "columns": columns, **GERMAN}
    assert work(bench, source).rows() == [
        ("1", Decimal("0.1250"), Decimal("1234.50"), 1.5),
        ("2", Decimal("0.0700"), Decimal("3.00"), -2.25),
    ]


def test_a_number_of_another_notation_is_rejected_never_read(bench: Bench) -> None:
    bench.write("a.csv", "id;n;x\n1;1.23;1\n2;1;1.5\n3;1,5;2\n4;1.234;2,5\n")
    types = {"n": "int64", "x": "float64"}
    rows = work(bench, {"type": "csv", "delimiter": ";", **GERMAN}, types=types)
    assert rows.rows() == [("4", 1234, 2.5)]
    assert rejected(bench) == ["n: not an int64", "x: not a float64", "n: not an int64"]


def test_types_are_inferred_in_the_notation_of_the_source(bench: Bench) -> None:
    bench.write("a.csv", ROWS)
    rows = work(bench, {"type": "csv", "delimiter": ";", "infer": True, **GERMAN})
    assert rows.schema == {"id": pl.Int64(), "quantity": pl.Int64(), "amount": pl.Float64()}
    assert rows["amount"].to_list() == [1234.56, 7.5, -0.1]


def test_json_strings_are_numbers_of_that_notation_and_json_numbers_are_their_own(
    bench: Bench,
) -> None:
    records = [
        {"id": 1, "n": "1.234", "amount": "1.234,56", "x": 1.5},
        {"id": 2, "n": "7", "amount": "-0,5", "x": 2},
        {"id": 3, "n": "1.23", "amount": "1", "x": 2},
        {"id": 4, "n": "1", "amount": 1.234, "x": 2},
    ]
    bench.write("a.jsonl", "".join(json.dumps(record) + "\n" for record in records))
    types = {"n": "int64", "amount": "decimal(12,2)", "x": "float64"}
    rows = work(bench, {"type": "jsonl", **GERMAN}, types=types)
    assert rows.rows() == [(1, 1234, Decimal("1234.56"), 1.5), (2, 7, Decimal("-0.50"), 2.0)]
    assert rejected(bench) == ["n: not an int64", "amount: not a string"]


def test_a_json_column_has_its_own_notation(bench: Bench) -> None:
    bench.write("a.jsonl", '{"id": 1, "share": "12,5%"}\n{"id": 2, "share": 0.5}\n')
    columns = {
        "id": "int64",
        "share": {"type": "float64", "percent": True, "decimal_separator": ","},
    }
    assert work(bench, {"type": "jsonl", "columns": columns}).rows() == [(1, 0.125)]
    assert rejected(bench) == ["share: not a string"]


def test_a_step_reads_the_same_notation(bench: Bench) -> None:
    bench.write("a.csv", "id;price;loss\n1;1.234,56 €;(5,00)\n2;1.23 €;1,00\n")
    to = {
        "price": {"type": "decimal(12,2)", "currency": "€", **GERMAN},
        "loss": {"type": "decimal(12,2)", "negative": "parentheses", **GERMAN},
    }
    steps = [{"type": "cast", "columns": to}]
    rows = work(bench, {"type": "csv", "delimiter": ";"}, transforms=steps)
    assert rows.rows() == [("1", Decimal("1234.56"), Decimal("-5.00"))]
    assert rejected(bench) == ["price: not a decimal(12,2)"]


def test_a_folder_key_has_its_columns_notation(bench: Bench) -> None:
    folder = bench.place / "in" / "rate=1,5"
    folder.mkdir()
    (folder / "a.csv").write_text("id\n1\n")
    columns = {"rate": {"type": "float64", "decimal_separator": ","}}
    assert work(bench, {"type": "csv", "columns": columns}).rows() == [("1", 1.5)]


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ({"thousands_separator": "."}, 'thousands_separator: "." is also the decimal separat'),
        (
            {"columns": {"id": {"type": "date", "decimal_separator": ","}}},
            "columns.id.decimal_separator: only works for",
        ),
        (
            {"columns": {"id": {"type": "int64", "percent": True}}},
            "columns.id.percent: 50 % is 0.5",
        ),
        ({"decimal_separator": ";"}, 'no such choice ";". Known choices: ., ,'),
    ],
)
def test_a_notation_that_means_nothing_is_refused(
    bench: Bench, source: dict[str, Any], said: str
) -> None:
    bench.describe(source={"type": "csv", "path": "in", **source})
    result = bench.run()
    assert result.code == 2
    assert said in result.err
    assert "value error" not in result.err
