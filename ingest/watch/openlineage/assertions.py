"""What the contract asserts, and whether the rows of a run have kept it."""

from ingest.watch.openlineage.account import Account
from ingest.watch.openlineage.facets import Facet, known
from ingest.watch.rules import Rule, rules


def assertions(account: Account) -> Facet | None:
    """Return every rule of the contract, and each that rows have broken; None if there is none.

    A rule is kept if no row was rejected for it; until all rows were judged, only those that are
    broken are known.
    """
    history = account.history
    every = rules(account.job.get("contract") or {}, history.totals.errors)
    made = [_assertion(rule) for rule in every if rule.rejected or history.is_complete]
    return {"assertions": made} if made else None


def _assertion(rule: Rule) -> Facet:
    told = known({"assertion": rule.kind, "success": not rule.rejected, "column": rule.column})
    if not rule.rejected:
        return told
    return {
        **told,
        "severity": "error",
        "description": rule.reason,
        "expected": "0",
        "actual": str(rule.rejected),
    }
