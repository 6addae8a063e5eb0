"""A11: a total and a source line below a table are no records, and `init` says so."""

from pathlib import Path

import pytest

from ingest.sniffing.dialect import Record
from ingest.sniffing.footers import find_footers
from tests.faults.desk import Desk

ROWS = """nr;artikel;menge;preis;betrag
1;Tisch;2;10,50;21,00
2;Stuhl;12;7,25;87,00
3;Bank;1;1.234,56;1.234,56
"""
TOTAL = "Summe;;;;134.889,48\n"
NOTE = "Quelle: Vertrieb, Stand 31.12.2013\n"


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    monkeypatch.chdir(tmp_path)
    return Desk(tmp_path)


def records(*lines: str, sign: str = ",") -> list[Record]:
    return [Record(tuple(line.split(sign)), sound=True, text=line) for line in lines]


@pytest.mark.parametrize("footer", [TOTAL, TOTAL + NOTE, TOTAL + "\n" + NOTE, NOTE])
def test_what_stands_below_a_table_is_said(desk: Desk, footer: str) -> None:
    desk.write("in/sales.csv", ROWS + footer)
    said = desk.init("in/sales.csv")
    assert said.code == 0, said.err
    for line in filter(None, footer.splitlines()):
        assert f'the line "{line[:60]}" looks like ' in said.unsure
    assert desk.types["nr"] == "int64"
    assert desk.types["betrag"] == "decimal(18,2)"
    assert desk.run().code == 0
    assert [row["nr"] for row in desk.rows()] == [1, 2, 3]


def test_lines_that_begin_so_are_no_records(desk: Desk) -> None:
    desk.write("in/sales.csv", ROWS + TOTAL + NOTE)
    desk.publish("in/sales.csv")
    assert desk.job["source"]["ignore_rows"] == "^Summe;|^Quelle:"
    assert desk.rejected == []
    assert len(desk.rows()) == 3


def test_a_next_file_without_a_total_keeps_all_its_rows(desk: Desk) -> None:
    desk.write("in/1.csv", ROWS + TOTAL)
    desk.publish("in")
    desk.write("in/1.csv", ROWS + "4;Summer hat;1;2,00;2,00\n")
    assert desk.run("--fresh").code == 0
    assert [row["nr"] for row in desk.rows()] == [1, 2, 3, 4]


def test_totals_by_their_words_and_their_gaps() -> None:
    found = find_footers(records("a,1,2", "b,2,3", "Total,,5"), 3, ended=True)
    assert [(one.pattern, one.sure) for one in found] == [("^Total,", True)]


def test_a_total_without_gaps_is_one_by_its_sum() -> None:
    rows = ["a,1", "b,2", "c,4"]
    sums = find_footers(records(*rows, "Total,7"), 2, ended=True)
    differs = find_footers(records(*rows, "Total,8"), 2, ended=True)
    assert [one.sure for one in sums] == [True]
    assert [one.sure for one in differs] == [False]


def test_a_word_where_others_have_numbers_is_one() -> None:
    found = find_footers(records("1,x,2", "2,y,3", "Zusammen,,5"), 3, ended=True)
    assert [one.sure for one in found] == [True]
    assert find_footers(records("1,x,2", "2,y,3", "NA,,5"), 3, ended=True) == []


def test_totals_in_the_middle_are_found_too() -> None:
    found = find_footers(records("a,x,2", "Total,,2", "b,y,3", "c,z,3", "d,z,3"), 3, ended=False)
    assert [one.record.text for one in found] == ["Total,,2"]


def test_a_category_called_total_is_a_row() -> None:
    rows = [f"{sex},{age},{age * 2}" for age in range(30) for sex in ("male", "female", "Total")]
    assert find_footers(records(*rows), 3, ended=False) == []
    assert find_footers(records(*rows), 3, ended=True) == []


def test_the_end_of_a_cut_file_is_no_note() -> None:
    cut = [Record(("3", "ab"), sound=True, text="3,ab")]
    assert find_footers([*records("1,a,2", "2,b,3", "4,b,3"), *cut], 3, ended=True) == []
