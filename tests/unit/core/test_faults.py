"""What a person reads of a rejected row: the fault, for every reason that a check can give."""

import polars as pl
import pytest

from ingest.checks import CHECKS
from ingest.checks.contract import Contract
from ingest.core.faults import fault, fault_and_reason

SCHEMA = {"qty": pl.Int64(), "code": pl.String()}
SAID = [
    ({"type": "not_null", "columns": ["qty"]}, ["qty: is null"]),
    ({"type": "range", "column": "qty", "max": 2}, ["qty: not in range ..2"]),
    (
        {"type": "range", "column": "qty", "min": 0, "max": 9, "exclusive": True},
        ["qty: not in range 0..9 (exclusive)"],
    ),
    (
        {"type": "in_set", "column": "code", "values": ["a"]},
        ["code: not one of the allowed values"],
    ),
    ({"type": "matches", "column": "code", "pattern": "a: .*"}, ["code: does not match a: .*"]),
    ({"type": "length", "column": "code", "min": 2}, ["code: length not in range 2.."]),
    (
        {"type": "expression", "expression": "CAST(code AS int64) > qty"},
        ["not true: CAST(code AS int64) > qty", "cannot be computed: CAST(code AS int64) > qty"],
    ),
    (
        {"type": "unique_in_partition", "columns": ["qty", "code"]},
        ["qty, code: same key as an earlier row of the partition"],
    ),
]


@pytest.mark.parametrize(("check", "said"), SAID)
def test_the_reason_of_a_check_says_what_is_wrong(check, said):
    (made,) = Contract.model_validate({"checks": [check]}).checks
    assert [fault(one.reason) for one in made.violations(SCHEMA)] == said


def test_every_check_is_known_here():
    kinds = {kind.model_fields["type"].annotation.__args__[0] for kind in CHECKS.builtin}
    assert kinds == {check["type"] for check, _ in SAID}


@pytest.mark.parametrize("reason", ["qty: not int64", "too few fields", "my rule"])
def test_other_reasons_say_it_themselves(reason):
    assert fault(reason) == reason


def test_what_is_put_otherwise_is_shown_as_the_quarantine_has_it_too():
    said = "code: not one of the allowed values (reason = 'code: in_set')"
    assert fault_and_reason("code: in_set") == said
    assert fault_and_reason("expression a = 'b'").endswith("(reason = 'expression a = ''b''')")
    assert fault_and_reason("qty: not int64") == "qty: not int64"
