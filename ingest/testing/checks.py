"""What every check must keep, as laws that authors of checks run over their own.

@pytest.mark.parametrize("law", LAWS)
def test_my_check(law):
    law(Subject(check=MyCheck(...), rows=pl.DataFrame(...), broken=(1, 3)))
"""

import pickle
from collections.abc import Callable

import polars as pl

from ingest.checks.base import BROKEN, Check, Violation
from ingest.core.dataclass import dataclass


@dataclass(frozen=True, slots=True)
class Subject:
    """A check, rows to judge, and the numbers of those that break it, counted from 0."""

    check: Check
    rows: pl.DataFrame
    broken: tuple[int, ...]

    def breaks(self, rows: pl.DataFrame) -> list[int]:
        """Return the numbers of the rows that break the check."""
        marked = rows.with_columns(pl.lit(None, dtype=pl.UInt16).alias(BROKEN))
        conditions = [violation.broken for violation in self.violations()]
        found = marked.select(pl.any_horizontal(c.fill_null(value=False) for c in conditions))
        return found.to_series().arg_true().to_list()

    def violations(self) -> list[Violation]:
        """Return what the check makes of the rows' schema."""
        return self.check.violations(dict(self.rows.schema))


def it_finds_the_broken_rows(subject: Subject) -> None:
    """Exactly the rows that were named break it."""
    assert subject.breaks(subject.rows) == list(subject.broken)


def its_conditions_are_boolean(subject: Subject) -> None:
    """Each violation is true, false or null for a row."""
    schema = {**subject.rows.schema, BROKEN: pl.UInt16()}
    for violation in subject.violations():
        kinds = pl.LazyFrame(schema=schema).select(violation.broken).collect_schema().dtypes()
        assert kinds == [pl.Boolean()]


def its_reasons_are_short_and_stable(subject: Subject) -> None:
    """A reason is one line that does not depend on the rows; two violations have two."""
    reasons = [violation.reason for violation in subject.violations()]
    assert all(reason and "\n" not in reason for reason in reasons)
    assert len(set(reasons)) == len(reasons)
    assert reasons == [violation.reason for violation in subject.violations()]


def no_rows_break_nothing(subject: Subject) -> None:
    """It can be used on an empty partition."""
    assert subject.breaks(subject.rows.clear()) == []


def nulls_break_only_not_null(subject: Subject) -> None:
    """A row of nulls keeps every check, as in SQL."""
    nulls = subject.rows.clear(2)
    if subject.check.type != "not_null":
        assert subject.breaks(nulls) == []


def a_row_scope_looks_at_the_row_alone(subject: Subject) -> None:
    """However the rows are cut, the same ones break it."""
    if subject.check.scope == "row":
        alone = [subject.breaks(subject.rows[number]) for number in range(subject.rows.height)]
        assert [number for number, found in enumerate(alone) if found] == list(subject.broken)


def rows_broken_before_are_left_out(subject: Subject) -> None:
    """A check of scope `partition` does not judge rows that break another rule."""
    if subject.check.scope == "partition":
        marked = subject.rows.with_columns(pl.lit(0, dtype=pl.UInt16).alias(BROKEN))
        for violation in subject.violations():
            assert not marked.select(violation.broken.fill_null(value=False)).to_series().any()


def it_travels(subject: Subject) -> None:
    """A copy in another process judges the same."""
    copy = Subject(pickle.loads(pickle.dumps(subject.check)), subject.rows, ())  # noqa: S301
    assert copy.breaks(subject.rows) == list(subject.broken)


LAWS: tuple[Callable[[Subject], None], ...] = (
    it_finds_the_broken_rows,
    its_conditions_are_boolean,
    its_reasons_are_short_and_stable,
    no_rows_break_nothing,
    nulls_break_only_not_null,
    a_row_scope_looks_at_the_row_alone,
    rows_broken_before_are_left_out,
    it_travels,
)
