"""What a sample says of a column: its type, its nulls, its range, its few values."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import time
from math import isnan
from typing import Any

import polars as pl

from ingest.core.texts import parse_texts
from ingest.core.types import parse_type, type_name
from ingest.sniffing.kinds import ALWAYS_NULL, NULL_BESIDE_VALUES, NULLS, TEXT, Kind, kind_of

FEW_VALUES = 12
_MUCH = 4  # a trend: the later half goes beyond the first by a quarter of the range

_MOMENTS = ("date", "time", "timestamp")

_DATE_NAME = re.compile(r"(?i)date|datum|(?:^|_)(?:day|dt|ymd)(?:_|$)")


@dataclass(frozen=True, slots=True)
class Column:
    """A column as the sample shows it.

    `rows` are the sampled ones, `nulls` those of them without a value. `values` counts the
    distinct values if they are few, in order of first appearance; `settled` says that the later
    half of the sample brought no new one. `least` and `most` bound numbers and dates; `falls` and
    `grows` say that the later half went far beyond the first. `unique` says that no value came
    twice.
    """

    name: str
    kind: Kind
    rows: int
    nulls: int
    values: Mapping[str, int] = field(default_factory=dict)
    settled: bool = False
    least: Any = None
    most: Any = None
    falls: bool = False
    grows: bool = False
    unique: bool = False
    note: str = ""

    @property
    def type(self) -> str:
        """The name of its type."""
        return self.kind.type


def find_nulls(columns: Iterable[Sequence[str]], names: Sequence[str]) -> list[str]:
    """Return the tokens that stand for null in a table, besides the empty one.

    A token that could be a value counts only if some column is no text without it.
    """
    found: dict[str, None] = {}
    for name, texts in zip(names, columns, strict=True):
        distinct = dict.fromkeys(texts)
        found.update((token, None) for token in ALWAYS_NULL if token in distinct)
        tokens = [token for token in NULL_BESIDE_VALUES if token in distinct]
        if tokens and _kind_without(distinct, name).type != "string":
            found.update(dict.fromkeys(tokens))
    return list(found)


def describe(
    name: str, texts: Sequence[str], nulls: Iterable[str], *, blanks: bool = False
) -> Column:
    """Return what the texts of a column are, when some of them stand for null.

    With `blanks`, the empty text may be a value too, as it is for the CSV source in quotes.
    """
    gone = set(nulls)
    counts = Counter(texts)
    known = [text for text in counts if text not in gone]
    kind = _kind(known, name) if known else Kind("string", note="holds nothing in the sample")
    missing = sum(counts[text] for text in gone)
    first_half = set(texts[: len(texts) // 2])
    early = len(first_half - gone)  # known texts come in order of first appearance
    values = {text: counts[text] for text in known}
    if blanks and "" in counts and kind.type == "string":
        values[""] = counts[""]
    return Column(
        name=name,
        kind=kind,
        rows=len(texts),
        nulls=missing,
        values=values if len(values) <= FEW_VALUES else {},
        settled=early == len(known),
        **_bounds(_values(known, kind), early),
        unique=len(known) + missing == len(texts) and not missing and len(texts) > 1,
        note=kind.note or _spaces(known),
    )


def _kind_without(distinct: Iterable[str], name: str) -> Kind:
    known = [text for text in distinct if text not in NULLS]
    return _kind(known, name) if known else TEXT


def _kind(known: Sequence[str], name: str) -> Kind:
    return kind_of(known, named_date=_DATE_NAME.search(name) is not None)


def _values(known: Sequence[str], kind: Kind) -> list[Any]:
    """Return the numbers or dates that texts stand for; none of other kinds."""
    if kind.type in {"string", "boolean"} or kind.decimal:
        return []
    texts = pl.Series(known, dtype=pl.String)
    return parse_texts(texts, parse_type(kind.type), kind.format).to_list()


def _bounds(values: Sequence[Any], early: int) -> dict[str, Any]:
    """Return the bounds of values, and whether those after the first few go far beyond these."""
    if not values:
        return {}
    least, most = min(values), max(values)
    if isinstance(least, time) or not early:
        return {"least": least, "most": most}
    much = (most - least) / _MUCH
    return {
        "least": least,
        "most": most,
        "falls": min(values[:early]) - least > much,
        "grows": most - max(values[:early]) > much,
    }


def _spaces(known: Sequence[str]) -> str:
    padded = any(text != text.strip() for text in known)
    return "has spaces around values: add the step normalize_text to trim them" if padded else ""


def describe_values(
    name: str, dtype: pl.DataType, values: Sequence[Any], *, dates: bool = True
) -> Column:
    """Return what the values of a typed column are; with `dates`, texts that are dates become such.

    Nothing is made of other texts: in a typed format a text that looks like a number is a text.
    """
    known = [value for value in values if value is not None]
    if dtype == pl.String and known:
        return _moments_only(describe(name, known, ()), values, dates=dates)
    ordered = dtype.is_numeric() or dtype.is_temporal()
    ordered = ordered and not (dtype.is_float() and any(map(isnan, known)))  # NaN has no place
    return Column(
        name=name,
        kind=Kind(type_name(dtype)),
        rows=len(values),
        nulls=len(values) - len(known),
        **_bounds(known if ordered else [], len(known) // 2),
        unique=dtype.is_integer() and len(set(known)) == len(values) > 1,
    )


def _moments_only(column: Column, values: Sequence[Any], *, dates: bool) -> Column:
    """Take back what was made of texts, unless they are dates or times."""
    nulls = sum(value is None for value in values)
    column = replace(column, rows=len(values), nulls=nulls, unique=column.unique and not nulls)
    if dates and column.type.startswith(_MOMENTS) and column.kind.format != "%Y%m%d":
        return column
    return replace(column, kind=TEXT, least=None, most=None, falls=False, grows=False, note="")
