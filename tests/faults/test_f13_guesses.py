"""F13 and D10: `init` guesses types; what else the sample shows are comments, which drop no row."""

import json
from pathlib import Path

import pytest
import yaml

from tests.faults.desk import Desk

ROWS = "".join(f"{n},{n % 7},customer {n % 3},1.{n % 10}\n" for n in range(300))


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    monkeypatch.chdir(tmp_path)
    return Desk(tmp_path)


def test_a_next_file_with_other_values_loses_no_row(desk: Desk) -> None:
    desk.write("in/1.csv", "id,n,customer,x\n" + ROWS)
    assert len(desk.publish("in")) == 300
    desk.write("in/1.csv", "id,n,customer,x\n-5,123456789,a new one,\n,,,99999.5\n")
    assert desk.run("--fresh").code == 0
    assert len(desk.rows()) == 2
    assert desk.rejected == []


def test_the_same_of_json(desk: Desk) -> None:
    rows = [{"id": n, "kind": f"k{n % 3}", "x": n / 4} for n in range(300)]
    desk.write("in/1.jsonl", "".join(json.dumps(row) + "\n" for row in rows))
    assert len(desk.publish("in")) == 300
    desk.write("in/1.jsonl", '{"id": null, "kind": "new", "x": -1e9}\n{"id": 1}\n')
    assert desk.run("--fresh").code == 0
    assert len(desk.rows()) == 2


def test_what_the_sample_shows_stands_as_comments_that_can_be_taken_over(desk: Desk) -> None:
    desk.write("in/1.csv", "id,n,kind,x\n" + ROWS)
    desk.init("in")
    assert "checks" not in desk.job["contract"]
    assert all("nullable" not in column for column in desk.job["contract"]["columns"].values())
    for said in (
        "no nulls in 300 sampled rows",
        "{type: not_null, columns: [id, n, kind, x]}",
        '{type: in_set, column: kind, values: ["customer 0", "customer 1", "customer 2"]}',
        "which has 0 to 6",
        "{type: range, column: n, min: 0, max: 100}",
    ):
        assert said.replace('"', "") in desk.text.replace('"', "")
    taken_over = desk.text.replace("  # checks:", "  checks:").replace("  #     - {", "      - {")
    assert len(yaml.safe_load(taken_over)["contract"]["checks"]) >= 4
    (desk.place / "conf" / "job" / "j.yaml").write_text(taken_over)
    assert desk.run().code == 0
    assert len(desk.rows()) == 300


@pytest.mark.parametrize(("name", "value"), [("customer", "customer"), ("who", "Anna"), ("x", "")])
def test_names_are_no_set_of_values(desk: Desk, name: str, value: str) -> None:
    rows = "".join(f"{n},{value} {'ABC'[n % 3]}lfa\n" for n in range(300))
    desk.write("in/1.csv", f"id,{name}\n{rows}")
    desk.init("in")
    assert "in_set" not in desk.text


def test_a_round_of_16_beside_numbers_is_text(desk: Desk) -> None:
    numbers = "".join(f"{n % 3 + 1},1\n" for n in range(200))
    desk.write("in/1.csv", f"round,n\n{numbers}Round of 16,1\n")
    rows = desk.publish("in")
    assert len(rows) == 201
    assert rows[-1]["round"] == "Round of 16"
