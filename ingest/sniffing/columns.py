"""What a sample says of a column: its type, its nulls, its range, its few values."""

import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import field, replace
from datetime import time
from typing import Any

from ingest.core.dataclass import dataclass
from ingest.sniffing.epochs import epoch_note
from ingest.sniffing.kind import ALWAYS_NULL, NULL_BESIDE_VALUES, NULLS, TEXT, Kind
from ingest.sniffing.kinds import kind_of
from ingest.sniffing.most import Most, kind_of_most, most_numbers
from ingest.sniffing.notation import UNTOLD, Verdict, judge, signs_of
from ingest.sniffing.private import why_private

FEW_VALUES = 12
_MUCH = 4  # a trend: the later half goes beyond the first by a quarter of the range

NOTHING = Kind("string", note="is empty in the sample")

_DATE_NAME = re.compile(r"(?i)date|datum|(?:^|_)(?:day|dt|ymd)(?:_|$)")


@dataclass(frozen=True, slots=True)
class Column:
    """A column as the sample shows it.

    `rows` are the sampled ones, `nulls` those of them without a value. `values` counts the
    distinct values if they are few, in order of first appearance; `settled` says that the later
    half of the sample brought no new one. `least` and `most` bound numbers and dates; `falls` and
    `grows` say that the later half went far beyond the first. `unique` says that no value came
    twice. `private` says why it probably holds personal data, if it does: then none of its values
    stand in here.
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
    private: str = ""
    nearly: Most | None = None
    others: tuple[int, ...] = ()

    @property
    def misfits(self) -> tuple[int, ...]:
        """The numbers of the rows that are rejected, because a value is not of its type."""
        return self.others if self.nearly is not None and self.nearly.sure else ()

    @property
    def type(self) -> str:
        """The name of its type."""
        return self.kind.type

    def reserved(self, texts: Collection[str]) -> "Column":
        """Return the column without values, if these distinct ones or its name say it is private.

        A note on moments tells the first and the last: there is none.
        """
        why = why_private(self.name, self.type, texts)
        if not why:
            return self
        note = self.note if self.type != "int64" else ""
        return replace(self, values={}, least=None, most=None, note=note, private=why)


def find_nulls(columns: Iterable[Sequence[str]], names: Sequence[str]) -> list[str]:
    """Return the tokens that stand for null in a table, besides the empty one.

    A token that could be a value counts only if some column is no text without it.
    """
    tokens: dict[str, None] = {}
    for name, texts in zip(names, columns, strict=True):
        distinct = dict.fromkeys(texts)
        tokens.update((token, None) for token in ALWAYS_NULL if token in distinct)
        others = [token for token in NULL_BESIDE_VALUES if token in distinct]
        if others and _is_no_text([text for text in texts if text not in NULLS], name):
            tokens.update(dict.fromkeys(others))
    return list(tokens)


def find_own_nulls(
    columns: Mapping[str, Sequence[str]], nulls: Sequence[str]
) -> dict[str, list[str]]:
    """Return the tokens that are null in columns of texts among which some could be values.

    Those are the columns that do not go by the table's tokens, `nulls`.
    """
    own: dict[str, list[str]] = {}
    for name, texts in columns.items():
        known = [text for text in texts if text not in NULLS]
        if known and _values_among(texts, nulls) and not _is_no_text(known, name):
            own[name] = [token for token in nulls if token in ALWAYS_NULL]
    return own


def note_of_values(texts: Sequence[str], nulls: Sequence[str]) -> str:
    """Say how often tokens that are null in other columns are values in this one."""
    tokens = _values_among(texts, nulls)
    counts = Counter(texts)
    each = ", ".join(f'"{token}" ({counts[token]:,} of {len(texts):,} rows)' for token in tokens)
    return (
        f"{each} kept as text here, null in other columns. If that is wrong, remove this column's "
        "null_values"
    )


def _values_among(texts: Sequence[str], nulls: Sequence[str]) -> list[str]:
    there = set(texts)
    return [token for token in nulls if token in there and token in NULL_BESIDE_VALUES]


def find_notation(columns: Iterable[Sequence[str]]) -> Verdict:
    """Return what all columns together say of how numbers are written."""
    known = ([text for text in dict.fromkeys(texts) if text not in NULLS] for texts in columns)
    return judge(most_numbers(texts) or texts for texts in known if texts)


def describe(
    name: str,
    texts: Sequence[str],
    nulls: Iterable[str],
    verdict: Verdict = UNTOLD,
    *,
    blanks: bool = False,
    strict: bool = True,
) -> Column:
    """Return what the texts of a column are, when some of them stand for null.

    Unless `strict`, a few that are surely mistakes do not count.

    `verdict` says how numbers are written. With `blanks`, the empty text may be a value too, as it
    is for the CSV source in quotes.
    """
    gone = set(nulls)
    counts = Counter(texts)
    known = [text for text in counts if text not in gone]
    kind = _kind(known, name, verdict) if known else NOTHING
    nearly = None
    if not strict and kind == TEXT:
        nearly = kind_of_most(
            {text: counts[text] for text in known}, lambda part: _kind(part, name, verdict)
        )
    others = nearly.others if nearly else frozenset[str]()
    all_known = known
    if nearly and nearly.sure:
        kind, known = nearly.kind, [text for text in known if text not in others]
    missing = sum(counts[text] for text in gone)
    first_half = set(texts[: len(texts) // 2])
    early = len(first_half.intersection(known))  # known texts come in order of first appearance
    values = {text: counts[text] for text in known}
    if blanks and "" in counts and kind.type == "string":
        values[""] = counts[""]
    bounds = bounds_of(_values(known, kind), early)
    return Column(
        name=name,
        kind=kind,
        rows=len(texts),
        nulls=missing,
        values=values if len(values) <= FEW_VALUES else {},
        settled=early == len(known),
        **bounds,
        unique=len(known) + missing == len(texts) and not missing and len(texts) > 1,
        note=kind.note or _spaces(known) or epoch_of(name, kind.type, bounds, text=True),
        nearly=nearly,
        others=tuple(row for row, text in enumerate(texts) if text in others) if others else (),
    ).reserved(all_known)


def _is_no_text(texts: Sequence[str], name: str) -> bool:
    """Say whether texts are of a type, or are numbers at least of which it is not sure which."""
    counts = Counter(texts)
    known = list(counts)
    if not known:
        return False
    if _kind(known, name, UNTOLD).type != "string" or signs_of(known) is not None:
        return True
    nearly = kind_of_most(counts, lambda part: _kind(part, name, UNTOLD))
    return nearly is not None and nearly.sure


def _kind(known: Sequence[str], name: str, verdict: Verdict) -> Kind:
    return kind_of(known, name, verdict, named_date=_DATE_NAME.search(name) is not None)


def _values(known: Sequence[str], kind: Kind) -> list[Any]:
    """Return the numbers or dates that texts stand for; none of other kinds."""
    return [] if kind.type in {"string", "boolean"} else kind.values(known).to_list()


def epoch_of(name: str, kind: str, bounds: Mapping[str, Any], *, text: bool) -> str:
    """Say as which moments the numbers of a column could be read; see `epoch_note`."""
    if kind != "int64" or not bounds:
        return ""
    return epoch_note(name, bounds["least"], bounds["most"], text=text)


def bounds_of(values: Sequence[Any], early: int) -> dict[str, Any]:
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
    padded = list(map(str.strip, known)) != list(known)
    return "has spaces around values: add the step normalize_text to trim them" if padded else ""
