"""What the contract asserts, and whether the rows of a run have kept it."""

from openlineage.client.facet_v2 import data_quality_assertions_dataset as quality

from ingest.watch.openlineage.account import Account
from ingest.watch.rules import Rule, rules

Assertion = quality.Assertion


def assertions(account: Account) -> quality.DataQualityAssertionsDatasetFacet | None:
    """Return every rule of the contract, and each that rows have broken; None if there is none.

    A rule is kept if no row was rejected for it.
    """
    every = rules(account.job.get("contract") or {}, account.history.totals.errors)
    made = list(map(_assertion, every))
    return quality.DataQualityAssertionsDatasetFacet(made) if made else None


def _assertion(rule: Rule) -> Assertion:
    if not rule.rejected:
        return Assertion(rule.kind, success=True, column=rule.column)
    return Assertion(
        rule.kind,
        success=False,
        column=rule.column,
        severity="error",
        description=rule.reason,
        expected="0",
        actual=str(rule.rejected),
    )
