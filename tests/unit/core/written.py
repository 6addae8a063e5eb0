"""What a text is, by Python's own rules: the measure for everything that reads texts."""

import math
import re
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final

from hypothesis import strategies as st

IMPOSSIBLE: Final = "impossible"
KINDS: Final = (
    "int8", "uint16", "int64", "float32", "float64", "decimal(6,2)", "boolean", "date", "time",
    "timestamp", "timestamp(ms)", "timestamp(ns)", "timestamp(us, UTC)",
)  # fmt: skip
_LIMITS: Final = {"int8": (-128, 127), "uint16": (0, 65535), "int64": (-(2**63), 2**63 - 1)}
_BOOLEANS: Final = {
    **dict.fromkeys(("true", "t", "yes", "y", "1"), True),
    **dict.fromkeys(("false", "f", "no", "n", "0"), False),
}
_PLACES: Final = {"timestamp(ms)": 3, "timestamp(ns)": 9, "time": 9}
_CLOCK: Final = r"(\d\d):(\d\d)(?::(\d\d)(?:\.(\d+))?)?"

NUMBERS: Final = st.one_of(
    st.integers().map(str),
    st.integers(2**53 - 4, 2**53 + 4).map(str),
    st.integers(2**24 - 4, 2**24 + 4).map(str),
    st.floats().map(str),
    st.decimals(-(10**5), 10**5, places=3, allow_nan=False).map(str),
    st.from_regex(r"[+-]?0{0,3}[0-9]{0,22}(\.[0-9]{0,22})?([eE][+-]?[0-9]{1,4})?", fullmatch=True),
)
_YEARS: Final = st.sampled_from(
    ["0000", "0001", "1677", "1969", "2024", "2262", "3000", "9999", "24", "-024", "+2024", "10000"]
)
MOMENTS: Final = st.builds(
    "".join,
    st.tuples(
        st.sampled_from(["", "", "", " "]),
        _YEARS,
        st.sampled_from(
            ["-01-05", "-02-29", "-12-31", "-1-5", "-02-30", "/01/05", "0105", "-13-01"]
        ),
        st.sampled_from(["", "T", " ", "  ", "t"]),
        st.sampled_from(
            ["", "12:30:00", "23:59:59", "10:00:60", "24:00:00", "10:00", "1:2:3", "10"]
        ),
        st.sampled_from(["", "", ".5", ".123", ".1230000000", ".123456", ".1234567", ".", ",5"]),
        st.sampled_from(
            ["", "", "Z", "z", "+02:00", "-0530", "+00", "+24:00", " Z", "UTC", "+5:00"]
        ),
        st.sampled_from(["", "", "", " ", "\n"]),
    ),
)
CLOCKS: Final = st.builds(
    "".join,
    st.tuples(
        st.sampled_from(
            ["12:30:00", "23:59:59", "10:00:60", "24:00:00", "10:00", "1:2:3", "\u0661\u0660:00"]
        ),
        st.sampled_from(["", ".5", ".123456789", ".12345678901", ".1234567890", ".", ",5", "Z"]),
    ),
)
ODD: Final = st.one_of(
    st.sampled_from(
        ["", " ", "inf", "-Infinity", "NaN", "+nan", "1e400", "-1e400", "1e-400", "0e400", "-0",
         "0x10", "1_000", "1,5", "٣", "true", "Yes", "T", "oui", "0", "1", "-", ".", "+.", "1.",
         ".5", "+5", " 5", "5 ", "1d5", "1f", "1e", "null", "4.9e-324", "1e39", "1e-60",
         "9007199254740993", "16777217", "0" * 50 + "1", "9" * 45]
    ),
    st.text(max_size=6).filter(lambda text: text.isprintable()),
)  # fmt: skip
TEXTS: Final = st.one_of(NUMBERS, MOMENTS, CLOCKS, ODD)


def value_of(text: str, kind: str) -> Any:  # noqa: PLR0911 - one return for each kind
    """Return what the text says as a value of that type, or `IMPOSSIBLE`."""
    if kind in _LIMITS:
        low, high = _LIMITS[kind]
        sign = r"\+?" if low == 0 else "[+-]?"
        fits = re.fullmatch(rf"{sign}\d+", text, re.ASCII) and low <= int(text) <= high
        return int(text) if fits else IMPOSSIBLE
    if kind.startswith("float"):
        return _float(text, 24 if kind == "float32" else 53)
    if kind.startswith("decimal"):
        if not re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)", text, re.ASCII):
            return IMPOSSIBLE
        number = Decimal(text)
        return number if abs(number) < 10**4 and number * 100 % 1 == 0 else IMPOSSIBLE
    if kind == "boolean":
        return _BOOLEANS.get(text.lower(), IMPOSSIBLE)
    try:
        return _moment(text, kind)
    except (ValueError, OverflowError):
        return IMPOSSIBLE


def _float(text: str, bits: int) -> Any:
    """Return the number as it is written, exactly; how near a float must come is the test's."""
    if re.fullmatch(r"[+-]?(inf|infinity)", text, re.IGNORECASE | re.ASCII):
        return float(text)
    if re.fullmatch(r"[+-]?nan", text, re.IGNORECASE | re.ASCII):
        return math.nan
    if not re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", text, re.ASCII):
        return IMPOSSIBLE
    number = Fraction(text)
    if re.fullmatch(r"[+-]?\d+", text) and abs(number) >= 2**bits:
        odd = number.numerator
        exact = odd.bit_length() - (odd & -odd).bit_length() + 1 <= bits and abs(odd) < 2**127
        return number if exact else IMPOSSIBLE
    top, bottom = (128, 149) if bits == 24 else (1024, 1074)
    infinite = abs(number) >= (2**bits - Fraction(1, 2)) * 2 ** (top - bits)
    vanishes = number and abs(number) <= Fraction(1, 2 ** (bottom + 1))
    return IMPOSSIBLE if infinite or vanishes else number


def _moment(text: str, kind: str) -> Any:  # noqa: PLR0911 - one return for each kind
    """Return a date, or the nanoseconds of a time of day, or those since 1970."""
    if kind == "date":
        if not re.fullmatch(r"\d{4}-\d\d-\d\d", text, re.ASCII):
            return IMPOSSIBLE
        return date.fromisoformat(text)
    places = _PLACES.get(kind, 6)
    if kind == "time":
        match = re.fullmatch(_CLOCK, text, re.ASCII)
        return _nanoseconds(match.groups(), places) if match else IMPOSSIBLE
    zoned = "UTC" in kind
    match = re.fullmatch(rf"(\d{{4}}-\d\d-\d\d)(?:[T ]{_CLOCK}(.*))?", text, re.ASCII)
    if match is None:
        return IMPOSSIBLE
    offset = _offset(match[6] or "") if match[6] or zoned else timedelta()
    if (offset is None) or (bool(match[6]) != zoned):
        return IMPOSSIBLE
    days = datetime.combine(date.fromisoformat(match[1]), time(), UTC)
    clock = _nanoseconds(match.groups()[1:5], places) if match[2] else 0
    if clock is IMPOSSIBLE:
        return IMPOSSIBLE
    shifted = days - offset + timedelta(microseconds=clock // 1000)
    total = (shifted - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1) * 1000
    total += clock % 1000
    return total if kind != "timestamp(ns)" or abs(total) < 2**63 else IMPOSSIBLE


def _nanoseconds(parts: tuple[str | None, ...], places: int) -> Any:
    hour, minute, second, digits = parts
    at = time(int(hour or 0), int(minute or 0), int(second or 0))
    kept = (digits or "").rstrip("0")
    if len(kept) > places:
        return IMPOSSIBLE
    whole = (at.hour * 60 + at.minute) * 60 + at.second
    return whole * 10**9 + int(kept.ljust(9, "0") or 0)


def _offset(text: str) -> timedelta | None:
    if text == "Z":
        return timedelta()
    match = re.fullmatch(r"([+-])(\d\d)(?::?(\d\d))?", text, re.ASCII)
    if match is None or int(match[3] or 0) > 59:
        return None
    length = timedelta(hours=int(match[2]), minutes=int(match[3] or 0))
    return timezone(-length if match[1] == "-" else length).utcoffset(None)
