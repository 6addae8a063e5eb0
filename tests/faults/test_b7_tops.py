"""B7 to B10: what stands above rows, and how they end: names are kept, and the right rows come."""

from pathlib import Path

import pytest

from tests.faults.desk import Desk


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    monkeypatch.chdir(tmp_path)
    return Desk(tmp_path)


@pytest.mark.parametrize(
    "text",
    [
        "sep=;\nid;name\n1;a\n2;b\n",
        "sep=;\r\nid;name\r\n1;a\r\n2;b\r\n",
        "\ufeffsep=;\nid;name\n1;a\n2;b\n",
        '"sep=;"\nid;name\n1;a\n2;b\n',
        "SEP=,\nid,name\n1,a\n2,b\n",
        "sep=\t\nid\tname\n1\ta\n2\tb\n",
        "sep=|\nReport\nid|name\n1|a\n2|b\n",
    ],
)
def test_b7_a_line_that_names_the_delimiter_is_no_record(desk: Desk, text: str) -> None:
    desk.write("in/a.csv", text)
    assert desk.publish("in/a.csv") == [{"id": 1, "name": "a"}, {"id": 2, "name": "b"}]


def test_b7_in_utf16_and_in_several_files(desk: Desk) -> None:
    for number in (1, 2):
        desk.write(f"in/{number}.csv", f"sep=;\nid;name\n{number};x\n".encode("utf-16"))
    assert [row["id"] for row in desk.publish("in")] == [1, 2]


@pytest.mark.parametrize(
    "text", ["id,name\n1,a,\n2,b,\n", "id,name,\n1,a,\n2,b,\n", "id;name\n1;a;\n2;b;\n"]
)
def test_b8_delimiters_at_the_ends_of_lines_cost_no_name(desk: Desk, text: str) -> None:
    desk.write("in/a.csv", text)
    rows = desk.publish("in/a.csv")
    assert [(row["id"], row["name"]) for row in rows] == [(1, "a"), (2, "b")]
    assert list(rows[0]) == ["id", "name"]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ('"x","y"\n"1",5,"a"\n"2",6,"b"\n', [1, 2]),
        ('"x" "y"\n"Mazda RX4" 5 "a"\n"Valiant" 6 "b"\n'.replace(" ", ","), None),
        ("x\ty\nr1\t5\ta\nr2\t6\tb\n", ["r1", "r2"]),
    ],
)
def test_b8_row_names_of_r_have_a_column(desk: Desk, text: str, names: list[object] | None) -> None:
    text = text.replace("Mazda,RX4", "Mazda RX4")
    desk.write("in/a.csv", text)
    rows = desk.publish("in/a.csv")
    assert [(row["x"], row["y"]) for row in rows] == [(5, "a"), (6, "b")]
    assert [row["row_name"] for row in rows] == (names or ["Mazda RX4", "Valiant"])


def test_b8_a_title_is_no_short_header(desk: Desk) -> None:
    desk.write("in/a.csv", "Report,internal\nid,name,x\n1,a,2\n2,b,3\n")
    assert desk.publish("in/a.csv")[0] == {"id": 1, "name": "a", "x": 2}


@pytest.mark.parametrize("text", ["id,name\n1,a\nid,name\n3,c\n", "id,name\nid,name\n1,a\n3,c\n"])
def test_b9_a_repeated_header_is_neither_data_nor_a_reason_to_lose_the_names(
    desk: Desk, text: str
) -> None:
    desk.write("in/a.csv", text)
    assert desk.publish("in/a.csv") == [{"id": 1, "name": "a"}, {"id": 3, "name": "c"}]


def test_b9_of_words_alone_is_not_published_where_the_source_can_tell(desk: Desk) -> None:
    desk.write("in/a.csv", "city,name\nRom,a\ncity,name\nBonn,c\n")
    rows = desk.publish("in/a.csv")
    assert [row["city"] for row in rows] == ["Rom", "Bonn"]


@pytest.mark.parametrize("name", ["a.csv", "a.tsv"])
def test_b10_lines_that_end_in_cr_alone_are_read_or_refused(desk: Desk, name: str) -> None:
    desk.write(f"in/{name}", "id,name\r1,a\r2,b\r")
    assert desk.publish(f"in/{name}") == [{"id": 1, "name": "a"}, {"id": 2, "name": "b"}]


def test_b10_a_cr_within_a_value_ends_no_line(desk: Desk) -> None:
    desk.write("in/a.csv", 'id,name\n1,"a\rb"\n2,c\n')
    assert desk.publish("in/a.csv")[0] == {"id": 1, "name": "a\rb"}
