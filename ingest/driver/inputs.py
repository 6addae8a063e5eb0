"""Whether the inputs of a run are still those of its plan, looked at before it is resumed."""

import shlex
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import field

from ingest.core.dataclass import dataclass
from ingest.core.errors import StalePlanError
from ingest.driver.cursors import refuse_moved, since
from ingest.driver.recorded import Run
from ingest.job import Job
from ingest.records.events import InputsDiffer
from ingest.records.history import History
from ingest.records.plans import Plan
from ingest.sources.base import Difference, Fate, Planned
from ingest.storage.objects import Store
from ingest.watch.resuming import NEW, arrived, happened

SHOWN = 5
_STARTS_OVER = "To read the files as they are now, run the job again: it starts over"
_RESTORE = (
    "To finish this run instead, restore the files as they were, then resume it with "
    "execution.touched_inputs=accept"
)
_STAYS = "To start over with the files as they are, add --fresh"
_TOUCHED = (
    "A file counts as touched if size and time are as planned, but its content may differ. If "
    "you know that it is the same (chmod, a hard link, a restored copy), resume with "
    "execution.touched_inputs=accept"
)
_READ = " (read before it changed)"
_WORST_FIRST: tuple[Fate, ...] = ("changed", "vanished", "touched")


@dataclass(slots=True)
class InputTally:
    """How many inputs differ, by what became of them, and the first few of each kind.

    `open` are those that are still to be read, `settled` those of which all is settled. `accepted`
    are the fates that do not stand in the way.
    """

    accepted: frozenset[str] = frozenset({"new"})
    open: Counter[str] = field(default_factory=Counter)
    settled: Counter[str] = field(default_factory=Counter)
    examples: dict[str, list[str]] = field(default_factory=dict)

    def add(self, one: Difference) -> None:
        """Count an input."""
        (self.open if one.open else self.settled)[one.fate] += 1
        shown = self.examples.setdefault(one.fate, [])
        text = f"{one.uri}: {one.text}{'' if one.open or one.fate == 'new' else _READ}"
        if one.open and len(shown) == SHOWN:  # those that stand in the way are shown first
            shown[:] = [line for line in shown if not line.endswith(_READ)]
        if len(shown) < SHOWN:
            shown.append(text)

    @property
    def refused(self) -> list[Fate]:
        """The fates of inputs that are still to be read and cannot be read as planned."""
        return [fate for fate in _WORST_FIRST if self.open[fate] and fate not in self.accepted]


def compared(run: Run, plan: Plan, store: Store, *, accept_touched: bool = False) -> InputTally:
    """Compare the inputs of a run with its plan, and new ones with the cursor in this state.

    In memory: a part of the plan, and what the source needs to list its inputs.

    Raises:
        ConfigError: the inputs may not be listed.
    """
    tally = InputTally(frozenset({"new", "touched"} if accept_touched else {"new"}))
    source, given = run.job.source, planned(plan, run.history)
    found = (
        source.compare(given, run.loaded_at, at.earlier)
        if (at := since(run.job, store))
        else source.compare(given, run.loaded_at)
    )
    for one in found:
        tally.add(one)
    return tally


def check_inputs(run: Run, plan: Plan, store: Store, *, accept_touched: bool = False) -> None:
    """Compare the inputs with the plan, put on record what differs, and refuse what cannot be.

    Raises:
        StalePlanError: inputs of partitions that are not completed have changed or vanished, or
            may have because they were touched, unless that is accepted; or the job's cursor is
            not where it was.
        ConfigError: the inputs may not be listed.
    """
    refuse_moved(run.job, store, plan)
    tally = compared(run, plan, store, accept_touched=accept_touched)
    if not tally.examples:
        return
    counts = {fate: tally.open[fate] + tally.settled[fate] for fate in tally.examples}
    lines = tuple(line for shown in tally.examples.values() for line in shown)
    run.ledger.append(InputsDiffer(counts=counts, open=dict(tally.open), examples=lines))
    if tally.refused:
        raise StalePlanError(refusal(tally))


def left_out(job: Job, then: str, count: int, examples: Sequence[str]) -> list[str]:
    """Warn of so many input files that have come since the run began, with what reads them.

    `then` is the command that runs the job as that run was asked for.

    A run that appends adds all that it reads, so it must be given the new files alone, unless its
    source is incremental.
    """
    if not count:
        return []
    names = [line.partition(NEW)[0] for line in examples if NEW in line]
    if job.sink.write_disposition == "append" and not job.source.is_incremental:
        files = ",".join(names) if count == len(names) else "FILE,FILE"
        then += f" {shlex.quote(f'source.path=[{files}]')}"
        then += " (this job appends, so name only the new files)"
    return [f"{arrived(count, examples)}. To read {'it' if count == 1 else 'them'}: {then}"]


def planned(plan: Plan, history: History) -> Iterator[Planned]:
    """Return each input of the plan once, and whether some of it is not settled."""
    children = history.children.items()
    again = {
        piece.uri for i, child in children if not history.is_closed(i) for piece in child.slices
    }
    last: Planned | None = None
    for index, uri, size, version, changed_ns in plan.pieces():
        is_open = not history.is_closed(index) or uri in again
        if last is not None and last.uri != uri:
            yield last
        elif last is not None:
            is_open = is_open or last.open
        last = Planned(uri, size, version, is_open, changed_ns)
    if last is not None:
        yield last


def refusal(tally: InputTally, over: str = "") -> str:
    """Return why a run cannot be finished, and what can be done about it.

    Once an attempt has failed by it, the next run starts over; before, it is said how to start
    `over`.
    """
    shown = [line for fate in tally.refused for line in tally.examples.get(fate, ())]
    shown = [f"  {line}" for line in shown if not line.endswith(_READ)][:SHOWN]
    more = sum(tally.open[fate] for fate in tally.refused) - len(shown)
    what = " and ".join(happened(fate, tally.open[fate]) for fate in tally.refused)
    them = "it" if sum(tally.open[fate] for fate in tally.refused) == 1 else "them"
    first = f"source.path: {what} after the run was planned, and the run still has to read {them}. "
    first += "If it read their new content, old and new rows would be mixed:"
    last = [_STAYS]
    if set(tally.refused) - {"touched"}:
        last = [over, _RESTORE] if over else [f"{_STARTS_OVER}. {_RESTORE}"]
    last += [_TOUCHED] if "touched" in tally.refused else []
    return "\n".join([first, *shown, *([f"  and {more:,} more"] if more > 0 else []), *last])
