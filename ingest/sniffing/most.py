"""Columns of which nearly all values have one type: a few others are mistakes, or say something."""

import re
from collections.abc import Callable, Collection, Mapping, Sequence

import polars as pl

from ingest.core.dataclass import dataclass
from ingest.core.values.texts import failed
from ingest.sniffing.kind import Kind
from ingest.sniffing.moments import MOMENTS, common_form
from ingest.sniffing.notation import are_usual, signs_of

LEAST_VALUES = 20
LEAST_SHARE = 0.95
_LOOK_VALUES = 100
_LEAST_LOOK = 0.75
_NUMBERED = re.compile(r"\d+(?:[.-]\d+)+")
"""A number of a chapter or a version, `1.2.3`: not a number with a mistake in it."""


@dataclass(frozen=True, slots=True)
class Most:
    """The kind of nearly all texts of a column, and the distinct ones that are not of it.

    `sure` says that those are mistakes: the column has the type, and their rows are rejected.
    """

    kind: Kind
    others: frozenset[str]
    sure: bool


def most_numbers(texts: Collection[str]) -> list[str]:
    """Return the texts that are numbers, if nearly all are; else none."""
    if are_usual(texts):
        return list(texts)
    return _nearly_all(texts, lambda text: signs_of([text]) is not None)


def kind_of_most(
    counts: Mapping[str, int], kind_of: Callable[[Sequence[str]], Kind]
) -> Most | None:
    """Return of which kind nearly all texts are, at least 95 % of at least 20 values.

    Only where the same goes for the distinct ones, the others are surely mistakes: a fourth value
    beside three that come again and again may well mean something. So may digits among letters,
    `C536379`, in a column of whole numbers. In a column of dates or times nothing else does, nor
    does a day that no calendar has. `kind_of` tells the kind of texts that have one.
    """
    rows = sum(counts.values())
    if rows < LEAST_VALUES:
        return None
    texts = list(counts)
    form = common_form(_some(texts), _LEAST_LOOK)
    moments = frozenset(form.moments(texts)) if form else frozenset[str]()
    part = (
        _weighed(counts, lambda text: signs_of([text]) is not None)
        or _weighed(counts, lambda text: text.lower() in {"true", "false", "yes", "no"})
        or (_weighed(counts, moments.__contains__) if form else [])
    )
    kind = kind_of(part) if part else None
    if kind is None or kind.type == "string":
        return None
    others = counts.keys() - set(part)
    column = pl.Series(sorted(others), dtype=pl.String)
    if not failed(column, kind.values(column.to_list())).all():
        return None  # the source would read `007` as a number
    often = len(part) >= LEAST_SHARE * len(texts)
    return Most(kind, frozenset(others), often and not _may_mean(kind, others))


def _may_mean(kind: Kind, others: Collection[str]) -> bool:
    """Say whether texts beside those of a kind may be right, so that the column is text."""
    if kind.type == "int64":
        return any(any(map(str.isdigit, text)) for text in others)
    is_moment = kind.type.startswith(MOMENTS)
    return any(map(_NUMBERED.fullmatch, others)) and not is_moment


def _nearly_all(texts: Collection[str], test: Callable[[str], bool]) -> list[str]:
    return _weighed(dict.fromkeys(texts, 1), test) if len(texts) >= LEAST_VALUES else []


def _weighed(counts: Mapping[str, int], test: Callable[[str], bool]) -> list[str]:
    """Return the texts that pass a test, if nearly all values are such."""
    texts = list(counts)
    some = _some(texts)
    if sum(map(test, some)) < _LEAST_LOOK * len(some) and len(texts) > LEAST_VALUES:
        return []
    part = [text for text in texts if test(text)]
    rows = sum(counts[text] for text in part)
    return part if rows >= LEAST_SHARE * sum(counts.values()) else []


def _some(texts: Sequence[str]) -> Sequence[str]:
    """Return about a hundred of the texts, from everywhere."""
    return texts[:: max(1, len(texts) // _LOOK_VALUES)]
