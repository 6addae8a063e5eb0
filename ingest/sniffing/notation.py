"""In which notation the numbers of an input are written, judged by all of them together.

`1.234` by itself is 1.234 or 1234. A notation is what one writer keeps to in a whole file, so one
`7,50` in another column tells. Where nothing does, such a column stays text.
"""

import re
from collections.abc import Collection, Iterable, Sequence
from functools import cache
from typing import Any

import polars as pl

from ingest.core.dataclass import dataclass
from ingest.core.values.numerals import DecimalSeparator, Numerals, ThousandsSeparator
from ingest.core.values.texts import parse_texts
from ingest.sniffing.readings import Reading, Readings

_SPACE = "[ \u00a0\u2009\u202f]"
_CURRENCY = (
    "(?:EUR|USD|CHF|GBP|JPY|CNY|INR|CAD|AUD|SEK|NOK|DKK|PLN|CZK|HUF|BRL|RUB|TRY|KRW|SGD|HKD|NZD|MXN"
    r"|ZAR|S?Fr\.|kr\.?|Rs\.?|zł|Kč|Ft|(?:R|US|A|C|HK|NZ|S)?\$|[€£¥₹₽₩₺₴₫₪฿₦₱₲₵₸])"
)
_BODY = (
    r"(?:\d+(?:[.,]\d*)?|[.,]\d+"
    rf"|[1-9]\d{{0,2}}(?P<sign>[.,'\u2019_]|{_SPACE})\d{{3}}(?:(?P=sign)\d{{3}})*(?:(?!(?P=sign))[.,]\d+)?"
    r"|[1-9]\d?(?:,\d{2})+,\d{3}(?:\.\d+)?)"
)
_NUMBER = re.compile(
    rf"(?P<open>\()?[+-]?(?:(?P<before>{_CURRENCY}){_SPACE}?)?(?P<inner>\()?[+-]?"
    rf"{_BODY}(?:[eE][+-]?\d{{1,3}})?(?P<percent>{_SPACE}?%)?(?P<trailing>-)?"
    rf"(?(inner)\))(?:{_SPACE}?(?P<behind>{_CURRENCY}))?(?(open)\))",
    re.ASCII,
)
_USUAL = re.compile(r"[+-]?(?:0|[1-9]\d*)(?:[.,]\d*)?(?:[eE][+-]?\d{1,3})?", re.ASCII)
"""Most numbers: with nothing around them, and nothing between their thousands."""
_CODE = re.compile(r"[+-]?0\d")
_GROUPS = re.compile(rf"\d{{3}}(?:{_SPACE}\d{{3}})+")
"""Three digits and again three, as telephone numbers have them."""


@dataclass(frozen=True, slots=True)
class Signs:
    """What stands around the numbers of a column."""

    currency: str | None = None
    percent: bool = False
    negative: str = "minus"

    @property
    def options(self) -> dict[str, Any]:
        """The options that are not as they are without being told."""
        given = {"currency": self.currency, "percent": self.percent, "negative": self.negative}
        return {name: value for name, value in given.items() if value not in {None, False, "minus"}}


NO_SIGNS = Signs()


@dataclass(frozen=True, slots=True)
class Notation:
    """The signs before a fraction and between thousands, and where the latter stand."""

    decimal: DecimalSeparator = "."
    thousands: ThousandsSeparator | None = None
    indian: bool = False

    @property
    def options(self) -> dict[str, Any]:
        """The options that say so."""
        told: dict[str, Any] = {"decimal_separator": self.decimal}
        if self.thousands is not None:
            told["thousands_separator"] = self.thousands
        return told | ({"grouping": "indian"} if self.indian else {})

    def numerals(self, signs: Signs) -> Numerals:
        """Return how a column's numbers are written that is of this notation."""
        return Numerals(**self.options, **signs.options)


PLAIN = Notation()
"""How numbers are written where nothing is said of it."""
_KNOWN = (
    PLAIN,
    Notation(".", ","),
    Notation(",", "."),
    Notation(",", " "),
    Notation(",", "'"),
    Notation(".", "'"),
    Notation(".", " "),
    Notation(".", "_"),
    Notation(".", ",", indian=True),
)
"""All notations, the likeliest of equals first. A comma before fractions brings its thousands."""
_PLACES = {notation: place for place, notation in enumerate(_KNOWN)}


@dataclass(frozen=True, slots=True)
class Verdict:
    """What all columns together say: the notations that fit all of them.

    Where there is none, because columns differ, each is judged by itself.
    """

    fitting: tuple[Notation, ...] = _KNOWN

    @property
    def usual(self) -> Notation:
        """The notation that is said of the whole source."""
        first = self.fitting[0] if self.fitting else PLAIN
        return PLAIN if first.indian else first

    def of_column(self, texts: Collection[str], signs: Signs) -> Notation | None:
        """Return the notation of a column; None if two fit that read different numbers."""
        readings = _readings(signs).of(texts)
        options = _fitting(readings, self.fitting or _KNOWN)
        if not options or _are_alike(readings, options):
            return next(iter(options), None)
        column = pl.Series(list(texts), dtype=pl.String)
        first, *others = (_read(column, option, signs) for option in options)
        return options[0] if all(other.equals(first) for other in others) else None

    def fits(self, texts: Collection[str], signs: Signs) -> bool:
        """Say whether one notation fits all numbers of a column."""
        return bool(_fitting(_readings(signs).of(texts), self.fitting or _KNOWN))


UNTOLD = Verdict()
"""What is known of an input in which no number has been seen."""


def judge(columns: Iterable[Collection[str]]) -> Verdict:
    """Return what the numbers among the texts of columns say of their notation."""
    fitting: Sequence[Notation] = _KNOWN
    for texts in columns:
        signs = signs_of(texts)
        if signs is not None:
            fitting = _fitting(_readings(signs).of(texts), fitting)
    return Verdict(tuple(fitting))


def signs_of(texts: Collection[str]) -> Signs | None:
    """Return what stands around the numbers of a column; None if it is not one of numbers."""
    if texts and are_usual(texts):
        return NO_SIGNS
    found: list[re.Match[str]] = []
    for text in texts:
        match = _NUMBER.fullmatch(text)
        if match is None or _CODE.match(text):
            return None
        found.append(match)
    currencies = {match["before"] or match["behind"] for match in found} - {None}
    brackets = any(match["open"] or match["inner"] for match in found)
    trailing = any(match["trailing"] for match in found)
    percent = {match["percent"] is not None for match in found}
    if not found or len(currencies) > 1 or len(percent) > 1 or (brackets and trailing):
        return None
    if all(map(_GROUPS.fullmatch, texts)):
        return None
    negative = "parentheses" if brackets else "trailing_minus" if trailing else "minus"
    return Signs(next(iter(currencies), None), percent.pop(), negative)


def are_usual(texts: Collection[str]) -> bool:
    """Say whether all texts are numbers with no sign around them or between their thousands."""
    return all(map(_USUAL.fullmatch, texts))


def is_number(text: str) -> bool:
    """Say whether a text is a number in some notation."""
    return (_USUAL.fullmatch(text) or _NUMBER.fullmatch(text)) is not None


def _fitting(readings: Collection[Reading], among: Iterable[Notation]) -> list[Notation]:
    return [one for one in among if all(each[_PLACES[one]] is not None for each in readings)]


def _are_alike(readings: Iterable[Reading], options: Sequence[Notation]) -> bool:
    """Say whether numbers are the same in notations that fit them, because no sign differs."""
    places = [_PLACES[option] for option in options]
    return all(len({each[place] for place in places}) == 1 for each in readings)


@cache
def _readings(signs: Signs) -> Readings:
    return Readings([notation.numerals(signs) for notation in _KNOWN])


def _read(column: pl.Series, notation: Notation, signs: Signs) -> pl.Series:
    return parse_texts(column, pl.Float64(), notation.numerals(signs))
