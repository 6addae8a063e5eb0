"""What is said when an unfinished run is resumed, and of inputs that are not as planned."""

from collections.abc import Iterable, Mapping

from ingest.core.counts import counted
from ingest.records.events import AttemptBegan


def resuming(began: AttemptBegan) -> list[str]:
    """Return what the beginning of an attempt at a resumed run tells, a text for each line."""
    first = f"resuming run {began.run_id} (attempt {began.number}): "
    if began.phase == "committed":
        first += "all partitions completed and checked; publishing the rest"
    else:
        partitions = counted(began.partitions, "partition")
        first += f"{began.settled:,} of {partitions} completed"
    return [first, *began.changes, *warnings(began)]


def warnings(began: AttemptBegan) -> list[str]:
    """Return the warnings at the beginning of an attempt, a text for each line."""
    return [f"warning: {text}" for text in began.warnings]


NEW = ": is new, "
"""Stands between name and facts of a new input file in an event `inputs`."""
_NAMED = 3
_HAPPENED = {"changed": "changed", "vanished": "disappeared"}


def happened(fate: str, count: int) -> str:
    """Return what happened to so many inputs: `2 input files changed`."""
    verb = "were touched (same size and time)" if count != 1 else "was touched (same size and time)"
    return f"{counted(count, 'input file')} {_HAPPENED.get(fate, verb)}"


def inputs(
    counts: Mapping[str, int], still_open: Mapping[str, int], examples: Iterable[str]
) -> list[str]:
    """Return how many inputs are not as planned, and whether they were read, by what happened.

    The arguments are those of an event `inputs`.
    """
    return [
        f"{arrived(count, examples)}; the next run reads {'it' if count == 1 else 'them'}"
        if fate == "new"
        else f"{happened(fate, count)} after the run was planned"
        f"{_read(count, still_open.get(fate, 0))}"
        for fate, count in counts.items()
    ]


def arrived(count: int, examples: Iterable[str]) -> str:
    """Say that so many input files are new since the run began, and which.

    `examples` are the lines of an event `inputs`, those of other files among them.
    """
    names = [line.partition(NEW)[0] for line in examples if NEW in line][:_NAMED]
    more = f" and {count - len(names):,} more" if names and count > len(names) else ""
    which = f" ({', '.join(names)}{more})" if names else ""
    are, they = ("is", "it") if count == 1 else ("are", "they")
    new = f"{counted(count, 'file')} {are} new since this run began{which}"
    return f"{new}: {they} {are} not part of this run"


def _read(count: int, still: int) -> str:
    them = "it" if count == 1 else "them"
    if not still:
        return f"; the run had already read {them}"
    if still == count:
        return f"; the run still has to read {them}"
    return f"; the run still has to read {still:,} of them"
