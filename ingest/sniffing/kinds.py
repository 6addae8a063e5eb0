"""What a handful of texts could be: the type, and the format, that all of them have."""

import itertools
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import cache

import polars as pl

from ingest.core.texts import failed, parse_texts
from ingest.core.types import parse_type

ALWAYS_NULL = ("NULL", "null", "\\N", "#N/A", "<null>", "(null)")
"""Tokens that are read as null wherever they stand."""
NULL_BESIDE_VALUES = (
    "NA", "N/A", "n/a", "na", "None", "none", "nil", "NaN", "nan", "-", "--", "---", ".", "?",
    "missing", "Null",
)  # fmt: skip
"""Tokens that are read as null only because the rest of a column is no text: NA is a country."""
NULLS = frozenset({"", *ALWAYS_NULL, *NULL_BESIDE_VALUES})

_FEW_FOR_DECIMAL = 10
_BOOLEANS = ({"true", "false"}, {"yes", "no"})
_LETTERS = ({"y", "n"}, {"t", "f"})  # one letter alone may be a code, so both have to be there
_INTEGER = re.compile(r"-?(?:0|[1-9]\d{0,18})")
_NUMBER = re.compile(r"-?(?:0|[1-9]\d*)?(?:\.\d*)?(?:[eE][+-]?\d{1,3})?")
_FIXED = re.compile(r"-?(?:0|[1-9]\d{0,11})\.(\d{2,4})")
_COMMA = re.compile(r"-?(?:0|[1-9]\d{0,2}(?:\.\d{3})+|[1-9]\d*)(?:,\d+)?")
_GROUPED = re.compile(r"-?(?:0|[1-9]\d{0,2}(?:,\d{3})+|[1-9]\d{0,2})(?:\.\d+)?")
_EXACT_DIGITS = 15  # what a float64 keeps of any whole number

_CODES = {
    "%Y": r"\d{4}",
    "%m": r"(?:0?[1-9]|1[0-2])",
    "%d": r"(?:0?[1-9]|[12]\d|3[01])",
    "%b": r"[A-Za-z]{3}",
    "%B": r"[A-Za-z]{3,9}",
    "%H": r"(?:[01]?\d|2[0-3])",
    "%I": r"(?:0?[1-9]|1[0-2])",
    "%M": r"[0-5]\d",
    "%S": r"[0-5]\d",
    "%.f": r"(?:\.\d{1,9})?",
    "%p": r"[AaPp][Mm]",
    "%#z": r"(?:Z|[+-]\d{2}:?\d{2})",
}
_DATES = (
    "%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%m-%d-%Y",
    "%d %b %Y", "%d-%b-%Y", "%b %d, %Y", "%d %B %Y", "%B %d, %Y",
)  # fmt: skip
_CLOCKS = ("%H:%M:%S%.f", "%H:%M", "%I:%M:%S %p", "%I:%M %p")
_DEFAULTS = {"%Y-%m-%d", "%H:%M:%S%.f"}
_LONGEST_MOMENT = 40
_COMPACT_DATE = re.compile(r"(?:19|20)\d{6}")


@dataclass(frozen=True, slots=True)
class Kind:
    """A type by its name, and how its texts are written if that is not the source's default.

    `decimal` is the sign of a number's fraction where it is not a plain number: `,` in `1.234,50`,
    `.` in `1,234.50`. `note` says to a person why a better guess was not dared.
    """

    type: str
    format: str | None = None
    decimal: str | None = None
    note: str = ""


TEXT = Kind("string")
CODE = Kind("string", note="digits that are no number, as leading zeros show: kept as text")


def kind_of(texts: Collection[str], *, named_date: bool = False) -> Kind:
    """Return the kind that all texts have, `string` in any doubt. There is at least one text.

    `named_date` says that the column's name speaks of a date, so that 20130131 is one.
    """
    guess = _boolean(texts) or _number(texts, named_date=named_date) or _moment(texts)
    if guess and _holds(texts, guess):
        return guess
    return CODE if all(map(str.isdigit, texts)) else TEXT


def is_typed(text: str) -> bool:
    """Say whether a text by itself is a number, a date or a time, or digits at least."""
    return bool(text.strip()) and are_typed([text.strip()])


def are_typed(texts: Collection[str]) -> bool:
    """Say whether all texts are digits, or of one type that is neither text nor boolean."""
    return all(map(str.isdigit, texts)) or kind_of(texts).type not in {"string", "boolean"}


def _holds(texts: Collection[str], kind: Kind) -> bool:
    """Try a guess on the very rules of the sources."""
    if kind.decimal is not None:
        return True
    series = pl.Series(list(texts), dtype=pl.String)
    return not failed(series, parse_texts(series, parse_type(kind.type), kind.format)).any()


def _boolean(texts: Collection[str]) -> Kind | None:
    lower = {text.lower() for text in texts}
    if any(lower <= pair for pair in _BOOLEANS) or lower in _LETTERS:
        return Kind("boolean")
    return None


def _number(texts: Collection[str], *, named_date: bool) -> Kind | None:
    if named_date and all(map(_COMPACT_DATE.fullmatch, texts)):
        return Kind("date", "%Y%m%d")
    if all(map(_INTEGER.fullmatch, texts)):
        return Kind("int64")
    digits = (sum(map(str.isdigit, text)) for text in texts if "." not in text)
    if all(text[-1:].isdigit() or text[-1:] == "." for text in texts) and all(
        map(_NUMBER.fullmatch, texts)
    ):
        if any(count > _EXACT_DIGITS for count in digits):
            return Kind("string", note="has whole numbers too long for a float64")
        return _fixed(texts) or Kind("float64")
    for pattern, sign in ((_COMMA, ","), (_GROUPED, ".")):
        if all(map(pattern.fullmatch, texts)):
            return Kind("float64", decimal=sign)
    return None


def _fixed(texts: Collection[str]) -> Kind | None:
    """Return a decimal if all texts have the same places, as sums of money have.

    Places that a float would not print (12.50) show that they are meant.
    """
    matches = [_FIXED.fullmatch(text) for text in texts]
    places = {len(match[1]) if match else 0 for match in matches}
    meant = any(text.endswith("0") for text in texts)
    if len(texts) < _FEW_FOR_DECIMAL or not meant or len(places) != 1 or places == {0}:
        return None
    return Kind(f"decimal(18,{places.pop()})")


def _moment(texts: Collection[str]) -> Kind | None:
    """Return a date, timestamp or time; text with a note if two formats fit and differ."""
    first = next(iter(texts))
    if sum(map(str.isdigit, first)) < 3 or len(first) > _LONGEST_MOMENT:
        return None
    fitting = [
        (kind, form)
        for kind, form, pattern in _patterns()
        if pattern.fullmatch(first) and all(map(pattern.fullmatch, texts))
    ]
    options = (option for kind, form in fitting for option in _options(kind, form, texts))
    kinds = [option for option in options if _holds(texts, option)]
    forms = [kind.format or "" for kind in kinds]
    if any(_swapped(form) in forms for form in forms if _swapped(form) != form):
        both = " or ".join(f'"{form}"' for form in forms)
        return Kind("string", note=f"a {kinds[0].type}, but of {both}? The sample fits both")
    return kinds[0] if kinds else None


def _options(kind: str, form: str, texts: Collection[str]) -> Iterator[Kind]:
    """Yield the ways to read a form: as the source's default where it is that, and spelled out."""
    zone = ", UTC" if form.endswith("%#z") else ""
    if kind == "timestamp":
        fine = any(re.search(r"\.\d{7}", text) for text in texts)
        kind = f"timestamp({'ns' if fine else 'us'}{zone})" if fine or zone else "timestamp"
    if set(re.split("[T ]", form.removesuffix("%#z"))) <= _DEFAULTS:
        yield Kind(kind)
    yield Kind(kind, form)


def _swapped(form: str) -> str:
    """Return a format with day and month in each other's place: those two cannot both be right."""
    return form if form.startswith("%Y") else form.translate({ord("d"): "m", ord("m"): "d"})


@cache
def _patterns() -> tuple[tuple[str, str, re.Pattern[str]], ...]:
    return tuple((kind, form, _pattern(form)) for kind, form in _forms())


def _forms() -> Iterator[tuple[str, str]]:
    yield from (("date", form) for form in _DATES)
    yield from (("time", form) for form in _CLOCKS)
    for date, clock in itertools.product(_DATES, _CLOCKS):
        for sign, zone in itertools.product(("T", " "), ("", "%#z")):
            yield "timestamp", f"{date}{sign}{clock}{zone}"


def _pattern(form: str) -> re.Pattern[str]:
    parts = re.split(r"(%\.f|%#z|%[A-Za-z])", form)
    return re.compile("".join(_CODES.get(part) or re.escape(part) for part in parts))
