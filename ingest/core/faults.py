"""Reasons of rejected rows in the words of a person: what is wrong, not which check says so."""

import re

_SIMPLE = {
    "not_null": "is null",
    "in_set": "not one of the allowed values",
    "unique_in_partition": "same key as an earlier row of the partition",
}
_RULE = re.compile(
    r"(?P<what>.*?): (?:"
    r"(?P<simple>not_null|in_set|unique_in_partition)"
    r"|(?P<bounded>range|length) (?P<least>.*?)\.\.(?P<most>.*?)(?P<exclusive> exclusive)?"
    r"|matches (?P<pattern>.*)"
    r")",
    re.DOTALL,
)
_EXPRESSION = re.compile(
    r"expression (?P<condition>.*?)(?P<failed>: cannot be computed)?", re.DOTALL
)


def fault(reason: str) -> str:
    """Return what is wrong with a row: `qty: not in range ..2` for the reason `qty: range ..2`.

    Quarantine, ledger and receipts keep the reason as it is, which programs compare. What is no
    reason of a check is left as it is, because it says what is wrong itself.
    """
    if match := _RULE.fullmatch(reason):
        return f"{match['what']}: {_said(match)}"
    if match := _EXPRESSION.fullmatch(reason):
        return f"{'cannot be computed' if match['failed'] else 'not true'}: {match['condition']}"
    return reason


def fault_and_reason(reason: str) -> str:
    """Return what is wrong with a row and, if that is put otherwise there, how to find such rows.

    `qty: is null (reason = 'qty: not_null')`: by a condition on the quarantine, in SQL.
    """
    text = fault(reason)
    if text == reason:
        return text
    quoted = reason.replace("'", "''")
    return f"{text} (reason = '{quoted}')"


def _said(match: re.Match[str]) -> str:
    if match["simple"]:
        return _SIMPLE[match["simple"]]
    if match["pattern"] is not None:
        return f"does not match {match['pattern']}"
    what = "not in range" if match["bounded"] == "range" else "length not in range"
    exclusive = " (exclusive)" if match["exclusive"] else ""
    return f"{what} {match['least']}..{match['most']}{exclusive}"
