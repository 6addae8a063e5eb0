"""Names that dbt and others have for rules lead to what is written here, and that works."""

import polars as pl
import pytest
from pydantic import TypeAdapter

from ingest.checks.contract import Contract
from ingest.checks.elsewhere import _INSTEAD, instead
from ingest.transforms.lookup import Lookup
from tests.unit.checks.written import pieces

SCHEMA = {
    "id": pl.Int64(), "country": pl.String(), "amount": pl.Int64(), "code": pl.String(),
    "country_name": pl.String(),
}  # fmt: skip


@pytest.mark.parametrize("text", sorted(set(_INSTEAD.values())))
def test_what_is_proposed_can_be_written_as_it_is(text):
    written = pieces(text)
    assert written or "ingest status RUN" in text
    checks = [page for page in written if page["type"] != "lookup"]
    contract = TypeAdapter(Contract).validate_python({"checks": checks})
    for check in contract.checks:
        assert check.violations(SCHEMA)
    for page in written:
        if page["type"] == "lookup":
            Lookup(**page)


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("unique", "unique_in_partition"), ("accepted_values", "in_set"), ("notNull", "not_null"),
        ("relationships", "lookup"), ("dbt_utils.accepted_range", "range"),
        ("dbt_utils.expression_is_true", "expression"),
        ("dbt_expectations.expect_column_values_to_match_regex", "matches"),
    ],
)  # fmt: skip
def test_a_rule_of_another_tool_is_named_in_ours(name, meant):
    assert f"{{type: {meant}" in instead(name)
    assert instead("nonsense") == ""
