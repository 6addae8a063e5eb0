"""The rules of a contract, and how many rows have broken each."""

from collections.abc import Iterator
from typing import Any

from ingest.core.dataclass import dataclass


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule, and what rows came to. `rejected` rows broke it; `reason` is that of theirs.

    `text` has its bounds, as they are written. `is_declared`: it is a check or a column of the
    contract; others are what readers and types refuse.
    """

    column: str | None
    kind: str
    text: str
    rejected: int = 0
    reason: str = ""
    is_declared: bool = True


def rules(contract: dict[str, Any], errors: dict[str, int]) -> list[Rule]:
    """Return every rule of a contract, and each other that rows have broken.

    `errors` counts rejected rows by reason: `column: rule and bounds`.
    """
    every = {(rule.column, rule.kind): rule for rule in _declared(contract)}
    for reason, count in errors.items():
        column, colon, text = reason.rpartition(": ")
        kind = text if text.startswith("not ") else text.split(" ", 1)[0] if colon else text
        key = (column or None, kind)
        rule = every.get(key)
        before = rule.rejected if rule else 0
        every[key] = Rule(
            *key, rule.text if rule else text, before + count, reason,
            is_declared=rule is not None and rule.is_declared,
        )  # fmt: skip
    return list(every.values())


def _declared(contract: dict[str, Any]) -> Iterator[Rule]:
    for name, column in (contract.get("columns") or {}).items():
        if isinstance(column, dict) and column.get("nullable") is False:
            yield Rule(name, "not_null", "not_null")
    for check in contract.get("checks") or []:
        bounds = (
            f"{key}: {value}" for key, value in check.items()
            if key not in {"type", "column", "columns"}
        )  # fmt: skip
        text = ", ".join([check["type"], *bounds])
        for column in check.get("columns") or [check.get("column")]:
            yield Rule(column, check["type"], text)
