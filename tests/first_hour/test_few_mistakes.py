"""A few values that are no numbers do not make text of a column: their rows are rejected."""

from pathlib import Path

import pytest

from tests.faults.desk import Desk


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    monkeypatch.chdir(tmp_path)
    return Desk(tmp_path)


def orders(wrong: dict[int, str], *, rows: int = 300, head: str = "id,amount") -> str:
    lines = (f"{n},{wrong.get(n, f'{n}.{n % 90 + 10}')}\n" for n in range(rows))
    return f"{head}\n" + "".join(lines)


@pytest.mark.parametrize("rows", [20, 300, 5000])
def test_a_few_mistakes_are_rejected_and_shown_with_their_place(desk: Desk, rows: int) -> None:
    desk.write("in/a.csv", orders({11: "oops"}, rows=rows))
    said = desk.init("in/a.csv")
    assert desk.types["amount"] == "decimal(18,2)"
    text = f'1 of {rows:,} values does not fit decimal(18,2) ("oops" in in/a.csv, line 13)'
    assert f"amount: {text}: its row is rejected" in said.unsure
    assert text in desk.text.replace("\n    # ", " ")
    assert desk.run().code == 0
    assert len(desk.rows()) == rows - 1
    assert desk.rejected == ["amount: not a decimal(18,2)"]


def test_many_mistakes_at_the_beginning_are_within_the_budget(desk: Desk) -> None:
    desk.write("in/a.csv", orders({n: f"oops {n}" for n in range(40)}, rows=1000))
    said = desk.init("in/a.csv")
    assert said.code == 0
    assert '"oops 0" in in/a.csv, line 2; "oops 1" in in/a.csv, line 3;' in said.unsure
    assert "and 37 more" in said.unsure
    assert desk.run().code == 0
    assert len(desk.rejected) == 40


def test_a_repeated_mistake_may_be_a_null(desk: Desk) -> None:
    desk.write("in/a.csv", orders(dict.fromkeys((5, 7), "unknown")))
    assert 'If "unknown" means null, add it to null_values' in desk.init("in/a.csv").unsure


def test_mistakes_in_a_private_column_are_not_shown(desk: Desk) -> None:
    wrong = {n: f"19{n % 80 + 10}-01-{n % 28 + 1:02}" for n in range(300)} | {9: "oops"}
    desk.write("in/a.csv", orders(wrong, head="id,birth_date"))
    said = desk.init("in/a.csv")
    assert desk.types["birth_date"] == "date"
    assert (
        "1 of 300 values does not fit date (in/a.csv, line 11): its row is rejected" in said.unsure
    )
    assert "oops" not in said.out + desk.text
    assert desk.run().code == 0
    assert desk.rejected == ["birth_date: not a date"]


@pytest.mark.parametrize(
    ("good", "other"),
    [
        (lambda n: f"{536365 + n}", "C536379"),  # a cancelled order, not a mistake
        (lambda n: f"{10115 + n}", "01067"),  # a postal code
        (lambda n: f"{n // 20}.{n % 20}", "1.2.3"),  # a version
        (lambda n: f"{n % 12 + 1:02}/{n % 28 + 1:02}/{2000 + n % 20}", "31/01/2013"),
        (lambda n: f"{n % 3}", "Round of 16"),
    ],
)
def test_what_may_be_right_stays_text(desk: Desk, good, other: str) -> None:
    desk.write("in/a.csv", orders({n: good(n) for n in range(300)} | {30: other}, head="id,x"))
    assert desk.init("in/a.csv").code == 0
    assert desk.types["x"] == "string"
    assert desk.run().code == 0
    assert len(desk.rows()) == 300


def test_what_may_be_right_is_named(desk: Desk) -> None:
    desk.write("in/a.csv", orders({n: f"{n}" for n in range(300)} | {30: "C30"}))
    text = (
        '1 of 300 values does not fit int64 ("C30" in in/a.csv, line 32), and may be right: kept as'
    )
    assert text in desk.init("in/a.csv").unsure


def test_a_file_of_other_values_is_no_mistake(desk: Desk) -> None:
    for number in range(24):
        desk.write(f"in/{number:02}.csv", orders({}, rows=50))
    desk.write("in/07.csv", orders(dict.fromkeys(range(50), "low"), rows=50))
    assert desk.init("in").code == 0
    assert desk.types["amount"] == "string"


def test_a_number_beside_mistakes_tells_the_notation(desk: Desk) -> None:
    rows = "".join(f"{n};1.{n % 900 + 100:03},{n % 90 + 10}\n" for n in range(300))
    desk.write("in/a.csv", f"id;amount\n999;a long mistake\n{rows}301;NA\n")
    rows = desk.publish("in/a.csv")
    assert "numbers are written as 1.100,10" in desk.text
    assert desk.types["amount"] == "decimal(18,2)"
    assert len(rows) == 301
    assert rows[-1]["amount"] is None
    assert desk.rejected == ["amount: not a decimal(18,2)"]


def test_a_wrong_delimiter_is_told_in_one_line(desk: Desk) -> None:
    desk.write("in/a.csv", orders({}))
    desk.init("in/a.csv")
    desk.write("in/a.csv", orders({}).replace(",", ";"))
    planned = desk.plan()
    assert planned.code == 2
    assert len(planned.err.splitlines()) == 1
    assert 'source.delimiter: with ",", the header is a single column.' in planned.err
    assert 'The files seem to use ";". Write: delimiter: ";"' in planned.err


def test_a_name_that_contains_a_comma_is_a_name(desk: Desk) -> None:
    desk.write("in/a.csv", '"amount, in EUR"\n1.50\n2.50\n')
    job = "name: j\nowner: a@b.org\ndescription: d\n"
    job += 'source: {type: csv, path: in/a.csv, delimiter: ";"}\n'
    job += "sink: {type: parquet, path: data/j, write_disposition: overwrite}\n"
    desk.write("conf/job/j.yaml", f"# @package _global_\n{job}")
    assert desk.run().code == 0
