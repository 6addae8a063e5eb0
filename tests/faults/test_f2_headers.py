"""F2: a header is never published as a record without a word, nor a record taken for one."""

from pathlib import Path

import pytest

from tests.faults.desk import Desk


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    monkeypatch.chdir(tmp_path)
    return Desk(tmp_path)


@pytest.mark.parametrize(
    ("text", "first", "sure"),
    [
        ("state,2022\nAL,-29.6\nAK,-14.6\n", {"state": "AL", "2022": -29.6}, False),
        ("country,year,2020\nDE,2019,5.3\nFR,2018,6.1\n",
         {"country": "DE", "year": 2019, "2020": 5.3}, True),
        ("x,2020,2021,2022\na,1,2,3\nb,2,3,4\n", {"x": "a", "2020": 1, "2021": 2, "2022": 3}, True),
        ("name,2013-01-31\na,1\nb,2\n", {"name": "a", "2013-01-31": 1}, False),
        ("PREAMBLE,,\nid,name,x\n1,a,2\n2,b,3\n", {"id": 1, "name": "a", "x": 2}, True),
        ("PREAMBLE,\nid,name\n1,a\n2,b\n", {"id": 1, "name": "a"}, True),
        (",,\nTable 1,,\nid,name,x\n1,a,2\n2,b,3\n", {"id": 1, "name": "a", "x": 2}, True),
        ("id,name\nid,name\n1,a\n2,b\n", {"id": 1, "name": "a"}, False),
        ("length,mass\ncm,kg\n1.5,2\n2.5,3\n", {"length cm": 1.5, "mass kg": 2}, False),
        ("name,city\nAnna,Rom\nBen,Bonn\n", {"name": "Anna", "city": "Rom"}, False),
        ("1,a,2.5\n2,b,3.5\n", {"column_1": 1, "column_2": "a", "column_3": 2.5}, True),
        ("AL,12\nAK,14.5\nAZ,13.2\n", {"column_1": "AL", "column_2": 12.0}, True),
    ],
)  # fmt: skip
def test_the_first_line_is_what_it_is(
    desk: Desk, text: str, first: dict[str, object], *, sure: bool
) -> None:
    desk.write("in/a.csv", text)
    said = desk.init("in/a.csv")
    assert said.code == 0, said.err
    assert ("header" in said.unsure) is not sure
    assert ("not sure: header" in desk.text) is not sure
    assert desk.run().code == 0
    assert desk.rows()[0] == first


@pytest.mark.parametrize("text", ["id,name,amount\n", "id,name,amount", "country,2019,2020\n"])
def test_a_file_of_a_header_alone_has_names_and_no_rows(desk: Desk, text: str) -> None:
    desk.write("in/a.csv", text)
    said = desk.init("in/a.csv")
    assert said.code == 0
    assert "There are no records to infer types from" in said.unsure
    assert list(desk.types) == text.strip().split(",")
    assert desk.run().code == 0
    assert desk.rows() == []


def test_a_single_record_is_no_header(desk: Desk) -> None:
    desk.write("in/a.csv", "1,Anna,2013-01-31\n")
    said = desk.init("in/a.csv")
    assert "is read as a record" in said.unsure
    assert desk.run().code == 0
    assert len(desk.rows()) == 1


def test_files_that_share_a_first_line_share_a_header(desk: Desk) -> None:
    desk.write("in/1.csv", "a,b\nx,y\n")
    desk.write("in/2.csv", "a,b\nz,x\n")
    desk.write("in/3.csv", "a,b\n")
    assert [row["a"] for row in desk.publish("in")] == ["x", "z"]
