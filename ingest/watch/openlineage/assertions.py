"""What the contract asserts, and whether the rows of a run have kept it."""

from collections.abc import Iterator
from typing import Any

from openlineage.client.facet_v2 import data_quality_assertions_dataset as quality

from ingest.watch.openlineage.account import Account

Assertion = quality.Assertion


def assertions(account: Account) -> quality.DataQualityAssertionsDatasetFacet | None:
    """Return every rule of the contract, and each that rows have broken; None if there is none.

    A rule is kept if no row was rejected for it.
    """
    kept = {
        (column, kind): Assertion(kind, success=True, column=column)
        for column, kind in _declared(account.job.get("contract") or {})
    }
    made = [*(kept | dict(_broken(account.history.totals.errors))).values()]
    return quality.DataQualityAssertionsDatasetFacet(made) if made else None


def _broken(errors: dict[str, int]) -> Iterator[tuple[tuple[str | None, str], Assertion]]:
    """Yield what was broken, by column and kind of rule; reasons are `column: rule and bounds`."""
    for reason, count in errors.items():
        column, colon, rule = reason.rpartition(": ")
        kind = rule if rule.startswith("not ") else rule.split(" ", 1)[0] if colon else rule
        told = Assertion(
            kind,
            success=False,
            column=column or None,
            severity="error",
            description=reason,
            expected="0",
            actual=str(count),
        )
        yield (column or None, kind), told


def _declared(contract: dict[str, Any]) -> Iterator[tuple[str | None, str]]:
    """Yield the rules that are written in a contract, by column and kind."""
    for name, column in (contract.get("columns") or {}).items():
        if isinstance(column, dict) and column.get("nullable") is False:
            yield name, "not_null"
    for check in contract.get("checks") or []:
        for column in check.get("columns") or [check.get("column")]:
            yield column, check["type"]
