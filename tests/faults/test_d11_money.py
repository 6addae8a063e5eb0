"""D11: money is a decimal, and numbers that may be moments are shown as such."""

from decimal import Decimal
from pathlib import Path

import pytest

from tests.faults.desk import Desk


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    monkeypatch.chdir(tmp_path)
    return Desk(tmp_path)


@pytest.mark.parametrize(
    ("texts", "kind"),
    [
        (["1.234,50", "7,50"], "decimal(18,2)"),
        (["1.234,50 €", "7 €"], "decimal(18,2)"),
        (["CHF 1'234.50", "CHF 7.00"], "decimal(18,2)"),
        (["$1,234.50", "$7.00"], "decimal(18,2)"),
        (["12.345.678.901.234.567,50", "7,00"], "decimal(38,2)"),
    ],
)
def test_money_is_a_decimal(desk: Desk, texts: list[str], kind: str) -> None:
    desk.write("in/a.csv", "id;amount\n" + "".join(f"{n};{text}\n" for n, text in enumerate(texts)))
    rows = desk.publish("in/a.csv")
    assert desk.types["amount"] == kind
    assert "CAST" not in desk.text
    assert all(isinstance(row["amount"], Decimal) for row in rows)
    digits = ["".join(char for char in text if char.isdigit()) for text in texts]
    assert [f"{row['amount']:f}".replace(".", "").removesuffix("00") for row in rows] == [
        text.removesuffix("00") for text in digits
    ]


def test_measurements_are_floats(desk: Desk) -> None:
    desk.write("in/a.csv", "id;length\n1;7,5\n2;8,125\n3;1e3\n")
    assert [row["length"] for row in desk.publish("in/a.csv")] == [7.5, 8.125, 1000.0]


@pytest.mark.parametrize(("name", "column"), [("a.csv", "ts"), ("a.jsonl", "created_at")])
@pytest.mark.parametrize(
    ("form", "number"),
    [
        ("epoch_s", 1_700_000_000),
        ("epoch_ms", 1_700_000_000_123),
        ("epoch_us", 1_700_000_000_123_456),
    ],
)
def test_moments_that_are_numbers_are_shown(
    desk: Desk, name: str, column: str, form: str, number: int
) -> None:
    line = f"1,{number}\n" if name == "a.csv" else f'{{"id": 1, "{column}": {number}}}\n'
    desk.write(f"in/{name}", (f"id,{column}\n" if name == "a.csv" else "") + line)
    said = desk.init(f"in/{name}")
    assert f"{column}: may be {form}: then 2023-11-14 22:13:20" in said.unsure
    assert f"may be {form}" in desk.text
    assert desk.run().code == 0
    assert desk.rows()[0][column] == number


def test_what_is_said_of_moments_can_be_done(desk: Desk) -> None:
    desk.write("in/a.csv", "id,ts\n1,1700000000123\n")
    desk.init("in/a.csv")
    text = desk.text.replace("path: in/a.csv", "path: in/a.csv\n  columns: {ts: int64}")
    step = '[{type: cast, columns: {ts: {type: "timestamp(us, UTC)", format: epoch_ms}}}]'
    text = text.replace("transforms: []", f"transforms: {step}")
    text = text.replace("ts: {type: int64", 'ts: {type: "timestamp(us, UTC)"')
    (desk.place / "conf" / "job" / "j.yaml").write_text(text)
    assert desk.run().code == 0
    assert f"{desk.rows()[0]['ts']:%Y-%m-%d %H:%M:%S.%f}" == "2023-11-14 22:13:20.123000"


def test_numbers_of_things_are_no_moments(desk: Desk) -> None:
    desk.write("in/a.csv", "ean,customer_id,size\n4006381333931,1700000000,1700000001\n")
    assert "epoch" not in desk.init("in/a.csv").out
