"""The laws of checks, for every listed check."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal

import polars as pl
import pytest

from ingest.checks import CHECKS
from ingest.checks.expression import Expression
from ingest.checks.in_set import InSet
from ingest.checks.length import Length
from ingest.checks.matches import Matches
from ingest.checks.not_null import NotNull
from ingest.checks.range import Range
from ingest.checks.unique_in_partition import UniqueInPartition
from ingest.testing.checks import LAWS, Subject

ROWS = pl.DataFrame(
    {
        "number": [1, 8, None, -3, 8],
        "float": [0.5, float("nan"), None, float("inf"), 2.0],
        "text": ["AB12", "ab12", None, "", "AB123"],
        "day": [date(2013, 1, 1), date(2014, 1, 1), None, date(2012, 12, 31), date(2013, 12, 31)],
        "money": pl.Series(["1.10", "9.99", None, "-0.01", "10.00"]).cast(pl.Decimal(6, 2)),
        "list": [[1], [1, 2, 3], None, [], [1, 2]],
        "flag": [True, False, None, True, True],
    }
)
SUBJECTS = [
    Subject(NotNull(type="not_null", columns=("number", "text")), ROWS, (2,)),
    Subject(Range(type="range", column="number", min=1, max=8), ROWS, (3,)),
    Subject(Range(type="range", column="number", min=1, max=8, exclusive=True), ROWS, (0, 1, 3, 4)),
    Subject(Range(type="range", column="float", min=0), ROWS, (1,)),
    Subject(Range(type="range", column="float", max=2), ROWS, (1, 3)),
    Subject(Range(type="range", column="day", min="2013-01-01", max="2013-12-31"), ROWS, (1, 3)),
    Subject(Range(type="range", column="money", min="0", max=9.99), ROWS, (3, 4)),
    Subject(InSet(type="in_set", column="number", values=(1, 8)), ROWS, (3,)),
    Subject(InSet(type="in_set", column="text", values=("AB12", "")), ROWS, (1, 4)),
    Subject(InSet(type="in_set", column="day", values=("2013-01-01",)), ROWS, (1, 3, 4)),
    Subject(InSet(type="in_set", column="flag", values=(True,)), ROWS, (1,)),
    Subject(Matches(type="matches", column="text", pattern=r"[A-Z]{2}\d{2}|"), ROWS, (1, 4)),
    Subject(Matches(type="matches", column="text", pattern=r"(?i)ab\d+"), ROWS, (3,)),
    Subject(Length(type="length", column="text", min=1, max=4), ROWS, (3, 4)),
    Subject(Length(type="length", column="list", max=2), ROWS, (1,)),
    Subject(Expression(type="expression", expression="number > 0 AND flag"), ROWS, (1, 3)),
    Subject(UniqueInPartition(type="unique_in_partition", columns=("number",)), ROWS, (4,)),
    Subject(UniqueInPartition(type="unique_in_partition", columns=("number", "text")), ROWS, ()),
]


def test_every_check_is_under_test() -> None:
    assert {type(subject.check) for subject in SUBJECTS} == set(CHECKS.builtin)


@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.__name__)
@pytest.mark.parametrize("subject", SUBJECTS, ids=lambda subject: subject.check.type)
def test_law(subject: Subject, law: Callable[[Subject], None]) -> None:
    law(subject)


def test_a_decimal_bound_is_exact() -> None:
    check = Range(type="range", column="money", max="9.98")
    assert Subject(check, ROWS, ()).breaks(ROWS) == [1, 4]
    assert ROWS["money"][1] == Decimal("9.99")
