"""D1: files of a folder that differ are named, with their columns, and a job is proposed."""

from pathlib import Path

import polars as pl
import pytest

from tests.faults.desk import Desk, Said

MONTHS = range(1, 13)


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    monkeypatch.chdir(tmp_path)
    return Desk(tmp_path)


def fill(desk: Desk, odd: str, header: str = "id,x", row: str = "{0},{0}") -> None:
    """Write twelve files, the seventh of which is another."""
    for month in MONTHS:
        desk.write(f"in/{month:02d}.csv", f"{header}\n{row.format(month)}\n")
    desk.write("in/07.csv", odd)


def said_where(said: Said) -> str:
    return said.unsure if said.code == 0 else said.err


def test_an_extra_column_in_one_of_twelve(desk: Desk) -> None:
    fill(desk, "id,x,note\n7,7,late\n")
    said = desk.init("in")
    assert 'column "note": only in ' in said_where(said)
    assert "in/07.csv (of 12 files)" in said_where(said)
    assert said.code == 0, said.err
    assert desk.run().code == 0
    rows = {row["id"]: row for row in desk.rows()}
    assert rows[7] == {"id": 7, "x": 7, "note": "late"}
    assert rows[1] == {"id": 1, "x": 1, "note": None}


def test_a_missing_column_in_one_of_twelve(desk: Desk) -> None:
    fill(desk, "id\n7\n")
    said = desk.init("in")
    assert 'column "x": not in ' in said_where(said)
    assert "in/07.csv (of 12 files)" in said_where(said)
    assert desk.run().code == 0
    assert {row["id"]: row["x"] for row in desk.rows()}[7] is None
    assert len(desk.rows()) == 12


def test_an_extra_column_in_a_file_whose_rows_are_not_sampled(desk: Desk) -> None:
    for number in range(60):
        desk.write(f"in/{number:02d}.csv", "id,x\n1,2\n" if number != 31 else "id,x,y\n1,2,3\n")
    assert 'column "y": only in ' in said_where(desk.init("in"))


def test_types_are_those_of_all_files_together(desk: Desk) -> None:
    fill(desk, "id,x\n7,7.5\n")
    rows = desk.publish("in")
    assert desk.types == {"id": "int64", "x": "float64"}
    assert {row["id"]: row["x"] for row in rows}[7] == 7.5
    assert len(rows) == 12


def test_the_notation_of_numbers_is_that_of_all_files_together(desk: Desk) -> None:
    fill(desk, "id;x\n7;7,25\n", "id;x", "{0};{0}.000")
    rows = desk.publish("in")
    assert {row["id"]: row["x"] for row in rows}[12] == 12000.0
    assert {row["id"]: row["x"] for row in rows}[7] == 7.25


def test_columns_in_another_order_are_the_same(desk: Desk) -> None:
    fill(desk, "x,id\n8,7\n")
    rows = desk.publish("in")
    assert {row["id"]: row["x"] for row in rows}[7] == 8


def test_files_without_a_column_in_common_are_refused_with_their_columns(desk: Desk) -> None:
    desk.write("in/1.csv", "a,b\n1,2\n")
    desk.write("in/2.csv", "c,d\n1,2\n")
    said = desk.init("in")
    assert said.code == 2
    for name in "abcd":
        assert f'column "{name}": only in ' in said.err
    assert desk.is_bare


def parquet(desk: Desk, *frames: pl.DataFrame) -> None:
    (desk.place / "in").mkdir()
    for number, frame in enumerate(frames, 1):
        frame.write_parquet(desk.place / "in" / f"{number}.parquet")


def test_parquet_of_unlike_types_is_named_and_proposed(desk: Desk) -> None:
    whole = pl.DataFrame({"id": [1], "amount": [1]})
    parquet(desk, whole, pl.DataFrame({"id": [2], "amount": [2.5]}))
    said = desk.init("in")
    assert 'column "amount": int64 in ' in said_where(said)
    assert "float64 in " in said_where(said)
    assert said.code == 0, said.err
    assert desk.run().code == 0
    assert sorted(row["amount"] for row in desk.rows()) == [1.0, 2.5]


def test_parquet_with_an_extra_column_is_named_and_proposed(desk: Desk) -> None:
    parquet(desk, pl.DataFrame({"id": [1]}), pl.DataFrame({"id": [2], "note": ["x"]}))
    said = desk.init("in")
    assert 'column "note": only in ' in said_where(said)
    assert desk.run().code == 0
    assert sorted(row["id"] for row in desk.rows()) == [1, 2]


def test_json_of_fields_that_only_some_files_have(desk: Desk) -> None:
    desk.write("in/1.jsonl", '{"id":1}\n')
    desk.write("in/2.jsonl", '{"id":2,"note":"x"}\n')
    assert {row["id"]: row["note"] for row in desk.publish("in")} == {1: None, 2: "x"}
