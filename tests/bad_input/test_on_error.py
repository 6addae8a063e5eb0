"""What becomes of a malformed row, as the contract has it, and of a run with too many of them."""

import json

import pytest

from tests.bad_input.bench import HEADER, assert_refused, assert_rejected

CONTRACT = {"columns": {"id": "int64", "n": "int8"}}


@pytest.fixture
def messy(bench):
    """Ten records, of which one is too short and one holds a word for a number."""
    bench.fill(1)
    bench.write("2.csv", HEADER + "200,a,2\nbroken\n202,c,three\n203,d,4\n204,e,5\n205,f,6\n")
    return bench


def settle(bench, **contract):
    bench.describe(contract={**CONTRACT, **contract})
    return bench.run()


def test_fail(messy):
    said = f"{messy.place}/in/2.csv:3: too few fields\n{messy.place}/in/2.csv:4: n: not an int8: "
    assert_rejected(messy, settle(messy, on_error="fail"), said, "contract.on_error=quarantine")
    assert messy.quarantine == []


def test_skip(messy):
    result = settle(messy, on_error="skip")
    assert result.code == 0
    assert "dropped (on_error: skip)" in result.out
    assert len(messy.rows) == 8
    assert messy.history.totals.dropped("skipped") == 2
    assert not (messy.place / "out_quarantine").exists()


def test_quarantine(messy):
    result = settle(messy, on_error="quarantine")
    assert result.code == 0
    assert "rejected" in result.out
    assert f"{messy.place}/out_quarantine" in result.out
    assert len(messy.rows) == 8
    rows = [json.loads(row)[-9:] for row in messy.quarantine]
    assert [row[:1] + row[2:4] + row[5:6] for row in rows] == [
        [3, None, "too few fields", "broken"],
        [4, "n", "n: not an int8", "202,c,three"],
    ]
    assert messy.staged == set()


@pytest.mark.parametrize("on_error", ["skip", "quarantine"])
@pytest.mark.parametrize(
    ("budget", "said"),
    [
        ({"max_errors": 1}, "contract.max_errors: 2 rows rejected so far, 1 allowed."),
        (
            {"max_error_ratio": 0.1},
            "max_error_ratio: 2 of 10 records (20 %) were rejected; at most",
        ),
    ],
)
def test_a_budget_that_is_exceeded(messy, on_error, budget, said):
    result = settle(messy, on_error=on_error, **budget)
    assert_rejected(messy, result, said, "Nothing was published", "too few fields (1 row)")
    assert messy.quarantine == []


@pytest.mark.parametrize("budget", [{"max_errors": 2}, {"max_error_ratio": 0.2}])
def test_a_budget_that_just_suffices(messy, budget):
    assert settle(messy, on_error="quarantine", **budget).code == 0
    assert (len(messy.rows), len(messy.quarantine)) == (8, 2)


def test_too_few_records_for_a_ratio(messy):
    assert settle(messy, on_error="skip", max_error_ratio=0.1, min_records=11).code == 0


def test_with_another_contract_it_starts_over_and_removes_what_was_staged(messy):
    result = settle(messy, on_error="quarantine", max_errors=1)
    assert_rejected(messy, result)
    assert messy.staged
    messy.describe(contract={**CONTRACT, "on_error": "quarantine", "max_errors": 2})
    result = messy.run()
    assert result.code == 0
    assert "it failed its contract, and the job has changed since. Starting over" in (result.err)
    assert (len(messy.rows), len(messy.quarantine)) == (8, 2)
    assert messy.staged == set()
    assert messy.history.attempt == 1


def test_a_contract_for_a_column_that_is_not_there(messy):
    messy.describe(contract={"columns": {"nmae": "string"}})
    said = 'contract.columns.nmae: no such column "nmae". Did you mean "name"?'
    assert_refused(messy, messy.run(), "conf/job/orders.yaml:", said)
