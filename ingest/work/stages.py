"""The rows of a few partitions as they are read and as they leave each step, and what changed."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field

import polars as pl

from ingest.core.counts import counted
from ingest.core.dataclass import dataclass
from ingest.core.rows import POSITION, REJECT, REJECT_COLUMN, visible
from ingest.core.types import type_name
from ingest.sources.base import Read
from ingest.transforms.base import StepContext
from ingest.work.observe import divert
from ingest.work.pipeline import Steps
from ingest.work.poison import Poison

SOURCE, OUTPUT = "source", "output"


@dataclass(frozen=True, slots=True)
class Stage:
    """Rows at one place of the flow.

    `before` is how many rows came in, `rejected` how many of them were taken out as bad, `dropped`
    what it is called if others are left out. `changed` says of each column that is new, or has
    another type or another value in some row, how it changed; `gone` are those that are no more.
    `differing` are the rows in which something changed.
    """

    name: str
    rows: pl.DataFrame
    before: int
    rejected: int = 0
    dropped: str = ""
    changed: Mapping[str, str] = field(default_factory=dict)
    gone: tuple[str, ...] = ()
    differing: pl.DataFrame = field(default_factory=pl.DataFrame)

    @property
    def columns(self) -> list[str]:
        """The names of all columns that a user knows of."""
        return visible(self.rows.columns)

    def __str__(self) -> str:
        out = self.rows.height
        left = self.before - self.rejected - out
        noun = "record" if self.name == SOURCE else "row"
        counts = [f"{counted(self.before, noun)} in, {out:,} out"]
        counts += [f"{left:,} {self.dropped or 'left out'}"] if left > 0 else []
        counts += [f"{-left:,} added"] if left < 0 else []
        by = " by the contract" if self.name == OUTPUT else ""
        counts += [f"{self.rejected:,} rejected{by}"] if self.rejected else []
        if self.name in {SOURCE, OUTPUT}:
            return f"{self.name}: {', '.join(counts)}, {counted(len(self.columns), 'column')}"
        ways: dict[str, list[str]] = {}
        for name, how in (*self.changed.items(), *((name, "gone") for name in self.gone)):
            ways.setdefault(how, []).append(name)
        lines = [f"  {how}: {', '.join(names)}" for how, names in ways.items()]
        return "\n".join([f"{self.name}: {', '.join(counts)}", *(lines or ["  no column changed"])])


def stages(
    read: Read, steps: Steps, context: StepContext, poison: Sequence[Poison] = ()
) -> Iterator[Stage]:
    """Yield the rows as they were read, then as they leave each step; all of them in memory.

    `poison` are records that are taken out before the step that they would break.
    """
    rows = read.frame.collect()
    unread = read.rejects.frame.height if read.rejects else 0
    yield Stage(SOURCE, rows, read.records, unread, "filtered")
    for number, (name, step) in enumerate(zip(steps.names, steps.transforms, strict=True)):
        entered = rows.height
        breaking = [row.position for row in poison if row.step == number]
        rows = rows.filter(~pl.col(POSITION).is_in(breaking)) if breaking else rows
        made = step.apply(rows.lazy(), context).collect()
        good, bad = divert(made, REJECT, REJECT_COLUMN)
        before = _aligned(rows, good)
        changed = _changed(rows if before is None else before, good, values=before is not None)
        yield Stage(
            name,
            good,
            entered,
            bad.height + entered - rows.height,
            step.drops or "",
            changed,
            tuple(column for column in visible(rows.columns) if column not in good.columns),
            good if before is None else good.filter(_differing(before, good, changed)),
        )
        rows = good


def _aligned(before: pl.DataFrame, after: pl.DataFrame) -> pl.DataFrame | None:
    """Return, for each row after a step, the row that it was made of; None if that is not known."""
    if POSITION not in before.columns or POSITION not in after.columns:
        return None
    if before[POSITION].equals(after[POSITION]):
        return before
    if before[POSITION].is_duplicated().any():  # a step before has made several rows of a record
        return None
    places = pl.DataFrame({POSITION: before[POSITION], "place": range(before.height)})
    told = after.select(POSITION).join(places, on=POSITION, how="left", maintain_order="left")
    return before[told["place"]]


def _changed(before: pl.DataFrame, after: pl.DataFrame, *, values: bool) -> dict[str, str]:
    """Say of columns how they changed; of `values` only where each row's row before is known."""
    changed = {}
    for column in visible(after.columns):
        if column not in before.columns:
            changed[column] = "new"
        elif (was := before[column].dtype) != (now := after[column].dtype):
            changed[column] = f"{type_name(now)}, was {type_name(was)}"
        elif values and not before[column].equals(after[column], null_equal=True):
            changed[column] = "other values"
        elif not values and POSITION not in after.columns:
            changed[column] = "computed again"
    return changed


def _differing(before: pl.DataFrame, after: pl.DataFrame, changed: Mapping[str, str]) -> pl.Series:
    if any(how != "other values" for how in changed.values()):
        return pl.repeat(value=True, n=after.height, dtype=pl.Boolean, eager=True)
    found = pl.repeat(value=False, n=after.height, dtype=pl.Boolean, eager=True)
    for column in changed:
        found |= before[column].ne_missing(after[column])
    return found
