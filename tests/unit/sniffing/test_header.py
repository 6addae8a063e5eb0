"""Names or data: what a first record is, and how sure that is."""

import pytest

from ingest.sniffing.header import is_second_line, joined, judge_header


@pytest.mark.parametrize(
    ("first", "rows", "header", "sure"),
    [
        (["id", "name"], [["1", "x"]], True, True),
        (["1", "x"], [["2", "y"]], False, True),
        (["x", "2013-01-01"], [["y", "2013-01-02"]], False, True),
        (["x", "y"], [["x", "z"], ["z", "z"]], False, True),
        (["country", "2019", "2020"], [["de", "1", "2"]], True, True),
        (["country", "year", "2020"], [["DE", "2019", "5.3"], ["FR", "2018", "6.1"]], True, True),
        (["state", "2022"], [["AL", "-29.6"], ["AK", "-14.6"]], True, False),
        (["name", "5"], [["a", "2013-01-01"], ["b", "2013-01-02"]], True, False),
        (["AL", "12"], [["AK", "14.5"], ["AZ", "13.2"]], False, True),
        (["id", ""], [["1", ""]], True, True),
        (["00001", "x"], [["00002", "y"]], False, True),
        (["no", "12:30:00"], [["1", "2"], ["NA", "3"]], True, True),
        (["name", "name"], [["x", "y"]], True, False),
        (["name", "city"], [["Anna", "Berlin"], ["Ben", "Rom"]], True, False),
        (["id", "name"], [["1", "a"], ["id", "name"], ["3", "c"]], True, True),
        (["id", "name", "amount"], [], True, False),
        (["country", "2019", "2020"], [], True, False),
        (["1", "Anna", "2020-01-01"], [], False, False),
    ],
)
def test_headers(first: list[str], rows: list[list[str]], *, header: bool, sure: bool) -> None:
    found = judge_header(first, rows)
    assert (found.there, not found.doubt) == (header, sure)


def test_units_below_names_are_part_of_the_header() -> None:
    rows = [["1.5", "20", "x"], ["2.5", "30", "y"]]
    assert is_second_line(["cm", "kg", ""], rows)
    assert is_second_line(["cm", "kg", "text"], rows)
    assert joined(["length", "weight", "note"], ["cm", "kg", ""]) == [
        "length cm",
        "weight kg",
        "note",
    ]


def test_a_name_over_several_columns_is_over_each_of_them() -> None:
    assert joined(["2019", "", "2020"], ["a", "b", "a"]) == ["2019 a", "2019 b", "2020 a"]


def test_a_first_row_with_an_unknown_value_is_a_row() -> None:
    assert not is_second_line(["1", "n.a."], [["2", "1.5"], ["3", "2.5"]])
    assert not is_second_line(["Anna", "unknown"], [["Ben", "1.5"], ["Cleo", "2.5"]])
