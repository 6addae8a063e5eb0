"""The audit: what must hold of the whole run before any of it becomes visible."""

import itertools

from ingest.checks.contract import Contract
from ingest.core.errors import ContractError
from ingest.core.outcome import places
from ingest.driver.loop import most_common
from ingest.records.history import History
from ingest.records.totals import Totals

SHOWN = 3
"""How many of the rejected rows an error names, by file and line."""


def audit(history: History, contract: Contract) -> None:
    """Open the gate, or say why it stays shut.

    Raises:
        ContractError: a partition is missing, the books do not balance, or the error budget is
            exceeded. Nothing has been published.
    """
    totals = history.totals
    if totals.partitions != history.partitions:
        raise ContractError(
            f"audit: {totals.partitions} of {history.partitions} partitions completed. "
            "All must be. This is a bug in ingest: report it with the run's ledger",
            held="row_counts",
        )
    check_books(totals, contract)
    exceeded = contract.within_budget(totals.rejected, totals.records)
    if exceeded:
        first = f"contract.{exceeded}. Nothing was published. "
        first += f"Most frequent: {most_common(totals.errors)}"
        shown = [f"  {place}" for place in places(totals.examples[:SHOWN])]
        raise ContractError("\n".join([first, *shown]))


def check_books(totals: Totals, contract: Contract) -> None:
    """Follow the rows from what was read to what was staged: no step may lose or invent one.

    Raises:
        ContractError: they do not add up; the text says at which step.
    """
    problems = [
        f"step {book.step}: {book.rows} in + {book.added} added - {book.dropped} != {book.out} out"
        for book in totals.books.values()
        if not book.balanced
    ]
    chain = list(totals.books.values())
    problems += [
        f"{one.out} rows left step {one.step}, but {other.rows} entered step {other.step}"
        for one, other in itertools.pairwise(chain)
        if one.out != other.rows
    ]
    left = chain[-1].out if chain else 0
    if left != totals.rows.get("main", 0):
        problems.append(
            f"{left} rows left the contract, but {totals.rows.get('main', 0)} were staged"
        )
    quarantined = totals.dropped("quarantined")
    if contract.on_error == "quarantine" and quarantined != totals.rows.get("quarantine", 0):
        staged = totals.rows.get("quarantine", 0)
        problems.append(
            f"{quarantined} rows were rejected, but {staged} were staged for the quarantine"
        )
    if problems:
        raise ContractError(
            "row counts: they do not add up: " + "; ".join(problems) + ". Nothing was published. "
            "This is a bug in a step or in ingest: report it with the run's ledger",
            held="row_counts",
        )
