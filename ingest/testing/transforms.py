"""What every step must keep, as laws that authors of steps run over their own.

@pytest.mark.parametrize("law", LAWS)
def test_my_step(law):
    law(Subject(step=MyStep(...), rows=pl.DataFrame(...), expected=pl.DataFrame(...)))
"""

import pickle
from collections.abc import Callable
from dataclasses import field

import polars as pl

from ingest.core.dataclass import dataclass
from ingest.core.errors import ConfigError
from ingest.core.rows import POSITION, REJECT, REJECT_COLUMN, visible
from ingest.transforms.base import StepContext, Transform


@dataclass(frozen=True, slots=True)
class Subject:
    """A step, rows that go in, and the rows that must come out, without the rejected ones.

    `rejected` are the numbers of the rows, from 0, that the step marks. `keeps_hidden` is False
    for a step that makes new rows of several; `names_columns` for one without a column among its
    options; `makes` are columns that its options do not name (the fields of a struct, say).
    """

    step: Transform
    rows: pl.DataFrame
    expected: pl.DataFrame
    rejected: tuple[int, ...] = ()
    keeps_hidden: bool = True
    names_columns: bool = True
    makes: frozenset[str] = frozenset()
    context: StepContext = field(default_factory=StepContext)

    def run(self, rows: pl.DataFrame | None = None, step: Transform | None = None) -> pl.DataFrame:
        """Return what the step makes of rows that carry hidden columns."""
        given = self.placed() if rows is None else rows
        return (step or self.step).apply(given.lazy(), self.context).collect()

    def placed(self) -> pl.DataFrame:
        """Return the rows with a position, and with a hidden column that no step knows."""
        numbers = pl.int_range(self.rows.height, dtype=pl.UInt64, eager=True)
        return self.rows.with_columns(
            numbers.alias(POSITION), (numbers * 7).alias("__ingest_of_a_later_version")
        )


def it_makes_the_expected_rows(subject: Subject) -> None:
    """The rows that are not rejected are those that were named, in order, types included."""
    good, _ = _parted(subject.run())
    found = good.select(visible(good.columns))
    assert found.schema == subject.expected.schema
    assert found.equals(subject.expected), found


def it_rejects_the_expected_rows(subject: Subject) -> None:
    """Exactly the named rows are marked, with a short reason and the column to blame."""
    _, bad = _parted(subject.run())
    assert bad.select(visible(bad.columns)).height == len(subject.rejected)
    if subject.rejected:
        assert bad[POSITION].to_list() == list(subject.rejected)
        assert all("\n" not in reason for reason in bad[REJECT])
        assert set(bad[REJECT_COLUMN]) <= {*subject.rows.columns, *subject.step.writes(), None}


def it_is_checked_before_rows_go_by(subject: Subject) -> None:
    """The schema that it promises for no rows is the one that comes out; nothing runs before."""

    def refuse(_: pl.DataFrame) -> pl.DataFrame:
        raise AssertionError("the step ran the frame when it was asked for a plan")

    rows = subject.placed()
    lazy = rows.lazy().map_batches(refuse, schema=rows.schema)
    promised = subject.step.apply(lazy, subject.context).collect_schema()
    assert promised == subject.run().schema
    assert promised == subject.run(rows.clear()).schema


def columns_that_are_not_there_are_refused(subject: Subject) -> None:
    """Over a frame with other columns, the plan is refused and the option named."""
    if subject.names_columns:
        others = pl.LazyFrame(schema={f"not_{name}": t for name, t in subject.rows.schema.items()})
        try:
            subject.step.apply(others, subject.context)
        except ConfigError as error:
            lines = error.lines
        else:
            raise AssertionError("columns that do not exist were taken")
        assert all(":" in line for line in lines)


def hidden_columns_pass_through(subject: Subject) -> None:
    """What the framework knows of a row stays with it."""
    before, after = subject.placed(), subject.run()
    hidden = {POSITION, "__ingest_of_a_later_version"}
    if not subject.keeps_hidden:
        assert not hidden & set(after.columns)
        return
    places = after.select(hidden)
    assert places.join(before, on=list(hidden), how="anti").is_empty()


def a_row_scope_looks_at_the_row_alone(subject: Subject) -> None:
    """However the rows are cut, the same come out, in the same order."""
    if subject.step.by_row:
        whole, rows = subject.run(), subject.placed()
        for cut in range(rows.height + 1):
            parts = [subject.run(rows.head(cut)), subject.run(rows.slice(cut))]
            assert pl.concat(parts).equals(whole)


def it_gives_the_same_again(subject: Subject) -> None:
    """A partition that is tried again gives the same rows."""
    assert subject.run().equals(subject.run())


def it_travels(subject: Subject) -> None:
    """A copy in another process is equal and does the same."""
    copy = pickle.loads(pickle.dumps(subject.step))  # noqa: S301 - our own bytes
    assert copy == subject.step
    assert subject.run(step=copy).equals(subject.run())


def it_says_what_it_writes(subject: Subject) -> None:
    """`writes` names columns that come out, all new ones and all that change their type."""
    before, after = subject.rows.schema, subject.expected.schema
    written = subject.step.writes()
    changed = {name for name, kind in after.items() if before.get(name) != kind}
    assert written <= set(after)
    assert changed <= written | subject.makes


def _parted(rows: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the rows that go on, and those that the framework takes out."""
    if REJECT not in rows.columns:
        return rows, rows.clear()
    good = rows.filter(pl.col(REJECT).is_null()).drop(REJECT, REJECT_COLUMN)
    return good, rows.filter(pl.col(REJECT).is_not_null())


LAWS: tuple[Callable[[Subject], None], ...] = (
    it_makes_the_expected_rows,
    it_rejects_the_expected_rows,
    it_is_checked_before_rows_go_by,
    columns_that_are_not_there_are_refused,
    hidden_columns_pass_through,
    a_row_scope_looks_at_the_row_alone,
    it_gives_the_same_again,
    it_travels,
    it_says_what_it_writes,
)
