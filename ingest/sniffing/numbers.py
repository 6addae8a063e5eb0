"""Which number type a column of texts has: whole, decimal as money is, or float."""

import re
from collections.abc import Collection, Iterable

import polars as pl

from ingest.sniffing.kind import Kind
from ingest.sniffing.notation import UNTOLD, Signs, Verdict, signs_of

_FEW_FOR_DECIMAL = 10
_MOST_PLACES = 4
_EXACT_DIGITS = 15  # what a float64 keeps of any whole number
_INT64_DIGITS = 19
_USUAL_DIGITS, _MOST_DIGITS = 18, 38
_SPARE_DIGITS = 2
_MONEY = re.compile(
    r"(?i)price|amount|cost|fee|revenue|salary|payment|balance|total|discount|turnover|netto|brutto"
    r"|betrag|preis|umsatz|kosten|gehalt|saldo|summe|prix|montant|importe|precio|prezzo"
)
_PLAIN = re.compile(r"[+-]?(?P<whole>\d*)(?:\.(?P<places>\d*))?(?P<power>[eE].*)?")
_TELEPHONE = re.compile(r"\+\d{6,}")


def number_kind(texts: Collection[str], name: str, verdict: Verdict) -> Kind | None:
    """Return the kind of texts that are numbers in the input's notation; None if they are none."""
    signs = signs_of(texts)
    if signs is None or all(map(_TELEPHONE.fullmatch, texts)):
        return None
    notation = verdict.of_column(texts, signs)
    if notation is None:
        return Kind("string", note=_unclear(texts, signs))
    if signs.percent:
        return Kind("float64", notation=notation, signs=signs)
    numerals = notation.numerals(signs)
    plain = list(texts)
    if not numerals.is_plain:
        plain = numerals.plain(pl.Series(plain, dtype=pl.String)).to_list()
    grouped = notation.thousands is not None and any(notation.thousands in one for one in texts)
    typed, note = _typed(
        plain, money=bool(signs.currency), named=bool(_MONEY.search(name) or grouped)
    )
    return Kind("string", note=note) if note else Kind(typed, notation=notation, signs=signs)


def _typed(plain: Collection[str], *, money: bool, named: bool) -> tuple[str, str]:
    """Return the type of plain numbers, and why it is none if it is text.

    `money` says that they are sums of money, `named` that they may well be.
    """
    if not money and all(map(str.isdecimal, plain)):
        return _whole(plain, max(map(len, plain)))
    parts = [match for text in plain if (match := _PLAIN.fullmatch(text))]
    whole = max(len(part["whole"]) for part in parts)
    places = {len(part["places"] or "") for part in parts}
    if places == {0} and not money and not any(part["power"] for part in parts):
        return _whole(plain, whole)
    if any(len(part["whole"]) > _EXACT_DIGITS and not part["places"] for part in parts):
        return "string", "has whole numbers too long for a float64"
    exact = not any(part["power"] for part in parts)
    if exact and (scale := _scale(plain, places, money=money, named=named)) is not None:
        digits = _USUAL_DIGITS if whole + scale + _SPARE_DIGITS <= _USUAL_DIGITS else _MOST_DIGITS
        return f"decimal({digits},{scale})", ""
    return "float64", ""


def _whole(plain: Collection[str], digits: int) -> tuple[str, str]:
    """Return the type of whole numbers of at most so many digits, and why it is none."""
    if digits < _INT64_DIGITS or _fits_int64(plain):
        return "int64", ""
    return "string", "has whole numbers too long for an int64"


def _scale(plain: Collection[str], places: set[int], *, money: bool, named: bool) -> int | None:
    """Return the places of a decimal; None if floats will do.

    Numbers that all have the same places, some of them ending in 0 (12.50), show that it is meant;
    in money, and what is called so, two are enough of a sign.
    """
    most = max(places)
    if most > _MOST_PLACES:
        return None
    if money:
        return max(2, most)
    same = len(places) == 1 and most >= 2 and len(plain) >= _FEW_FOR_DECIMAL
    if same and any(text.endswith("0") for text in plain):
        return most
    return 2 if named and most == 2 else None


def _fits_int64(plain: Iterable[str]) -> bool:
    return all(-(2**63) <= int(text) < 2**63 for text in plain)


def _unclear(texts: Collection[str], signs: Signs) -> str:
    example = next((text for text in texts if "." in text or "," in text), "")
    if not example or not UNTOLD.fits(texts, signs):
        return "numbers in several notations: kept as text"
    both = f'"{example}" is {example.replace(",", ".")} or {re.sub("[.,]", "", example)}'
    return (
        f"{both}? No number in these files shows which: kept as text. If you know, write "
        'decimal_separator: "," or "." in source, thousands_separator: the other, and a number '
        "type"
    )
