"""Whether the inputs of a run are still those of its plan, looked at before it is gone on with."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from ingest.core.errors import FatalError
from ingest.records.history import History
from ingest.records.ledger import Ledger
from ingest.records.plans import Plan
from ingest.sources.base import Difference, Planned, Source

SHOWN = 5


@dataclass(slots=True)
class Tally:
    """How many inputs differ, by what became of them, and the first few of each kind.

    `open` are those that are still to be read, `settled` those of which all is settled.
    """

    open: Counter[str] = field(default_factory=Counter)
    settled: Counter[str] = field(default_factory=Counter)
    examples: dict[str, list[str]] = field(default_factory=dict)

    def add(self, one: Difference) -> None:
        """Count an input."""
        (self.open if one.open else self.settled)[one.fate] += 1
        shown = self.examples.setdefault(one.fate, [])
        text = f"{one.uri}: {one.text}{'' if one.open or one.fate == 'new' else ' (settled)'}"
        if one.open and len(shown) == SHOWN:  # those that stand in the way are shown first
            shown[:] = [line for line in shown if not line.endswith("(settled)")]
        if len(shown) < SHOWN:
            shown.append(text)

    @property
    def broken(self) -> int:
        """How many inputs that are still to be read cannot be read as planned."""
        return self.open["changed"] + self.open["vanished"]


def check_inputs(
    source: Source, plan: Plan, history: History, ledger: Ledger, since: datetime
) -> None:
    """Compare the inputs with the plan, put on record what differs, and refuse what cannot be.

    In memory: a part of the plan, and what the source needs to list its inputs.

    Raises:
        FatalError: inputs of partitions that are not settled have changed or vanished.
        ConfigError: the inputs may not be listed.
    """
    tally = Tally()
    for one in source.compare(planned(plan, history), since):
        tally.add(one)
    if not tally.examples:
        return
    counts = {fate: tally.open[fate] + tally.settled[fate] for fate in tally.examples}
    lines = [line for shown in tally.examples.values() for line in shown]
    ledger.append("inputs", counts=counts, open=dict(tally.open), examples=lines)
    if tally.broken:
        raise FatalError(_refusal(tally))


def planned(plan: Plan, history: History) -> Iterator[Planned]:
    """Return each input of the plan once, and whether some of it is not settled."""
    children = history.children.items()
    again = {
        piece.uri for i, child in children if not history.is_closed(i) for piece in child.slices
    }
    last: Planned | None = None
    for index, uri, size, version in plan.pieces():
        is_open = not history.is_closed(index) or uri in again
        if last is not None and last.uri != uri:
            yield last
        elif last is not None:
            is_open = is_open or last.open
        last = Planned(uri, size, version, is_open)
    if last is not None:
        yield last


def _refusal(tally: Tally) -> str:
    lines = [line for fate in ("changed", "vanished") for line in tally.examples.get(fate, ())]
    lines = [line for line in lines if not line.endswith("(settled)")]
    more = tally.broken - len(lines[:SHOWN])
    found = " and ".join(
        f"{tally.open[fate]:,} {fate}" for fate in ("changed", "vanished") if tally.open[fate]
    )
    first = (
        f"source.path: the input has changed since the plan was made: {found}, of which not all "
    )
    first += "is settled. A run reads what it was planned on, or its rows would be a mixture:"
    last = "Put the planned version back (same size and time) and go on; or give the plan up, and "
    last += "all that is settled with it, and plan anew with --fresh"
    shown = [f"  {line}" for line in lines[:SHOWN]]
    return "\n".join([first, *shown, *([f"  and {more:,} more"] if more > 0 else []), last])
