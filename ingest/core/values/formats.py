"""Formats of dates and times: strftime codes, and which texts are exactly of their form.

Polars reads more than a format says: `-024` as %Y, second 60 as the next minute, any word as %Z;
and it drops a time of day that a date has no room for. So a text must first match the format's
shape.
"""

import re
from datetime import datetime
from functools import lru_cache
from typing import Final

import polars as pl

from ingest.core.errors import ConfigError
from ingest.core.types import type_name

YEAR: Final = "(?:[1-9][0-9]{3}|0[0-9]{2}[1-9]|0[0-9][1-9]0|0[1-9]00)"
"""A year in four digits, from 0001."""
CLOCKS: Final = "HIklMSpPfs"
"""The codes of a time of day, by their last letters."""

_TWO: Final = "[0-9]{1,2}"
_SECOND: Final = "[0-5]?[0-9]"
_SHAPES: Final = {
    "Y": YEAR, "G": YEAR, "y": "[0-9]{2}", "m": _TWO, "d": _TWO, "H": _TWO, "I": _TWO, "M": _TWO,
    "S": _SECOND, "j": "[0-9]{1,3}", "V": _TWO, "u": "[1-7]", "e": f" ?{_TWO}", "k": f" ?{_TWO}",
    "l": f" ?{_TWO}", "b": "[A-Za-z]+", "h": "[A-Za-z]+", "B": "[A-Za-z]+", "a": "[A-Za-z]+",
    "A": "[A-Za-z]+", "p": "[AaPp][Mm]", "P": "[AaPp][Mm]", "s": "-?[0-9]{1,12}",
    "z": "[+-][0-9]{2}:?[0-9]{2}", ":z": "[+-][0-9]{2}:[0-9]{2}",
    "#z": "(?:Z|[+-][0-9]{2}(?::?[0-9]{2})?)",
}  # fmt: skip
_LONG: Final = {"F": "%Y-%m-%d", "T": "%H:%M:%S", "X": "%H:%M:%S", "R": "%H:%M"}
_FRACTIONS: Final = (".f", ".3f", ".6f", ".9f", "3f", "6f", "9f")
_HINTS: Final = {
    "f": (
        "%f would mean nanoseconds here. For a fraction with its decimal point, write %.f: "
        "%H:%M:%S%.f"
    ),
    "Z": "%Z, the name of a time zone, is not supported. Write %z for an offset such as +0100",
}
_TIGHT: Final = "YGymdHIMSj"
_ZONES: Final = "z"
_DATES: Final = "YGymdjVuebhBaAs"
_PART: Final = re.compile(r"%[-_0]?([.:#]?[0-9]?[A-Za-z%])|(\s+)|([^%\s]+)|(%)")
_PROBE: Final = datetime(2013, 11, 25, 13, 46, 57)  # noqa: DTZ001 - only to try formats on


def spells(form: str, letters: str) -> bool:
    """Say whether a format holds one of these codes, by their last letters."""
    return any(code[-1] in letters for code in _codes(form))


def fraction(places: int) -> str:
    """Return the pattern of an optional fraction that has so many places, but for zeros."""
    return rf"(?:\.0+|\.[0-9]{{1,{places}}}0*)?" if places else r"(?:\.0+)?"


@lru_cache(maxsize=256)
def shape(form: str, places: int) -> str:
    """Return the pattern of texts in a format, with so many places of a second.

    Numbers that nothing parts (`%Y%m%d`) have all their digits, or 2024111 could be two days.
    """
    parts = _parts(form)
    made = []
    for index, (code, literal) in enumerate(parts):
        beside = [parts[near][0] for near in (index - 1, index + 1) if 0 <= near < len(parts)]
        if not code:
            made.append(" +" if literal.isspace() else re.escape(literal))
        elif code in _FRACTIONS:
            made.append(_fraction_of(code, places))
        else:
            tight = code in _TIGHT and any(near and near in _TIGHT for near in beside)
            made.append(_digits(_SHAPES[code]) if tight else _SHAPES[code])
    return "".join(made)


def check_format(form: str, dtype: pl.DataType) -> None:
    """Refuse a format that could never be read, or that holds what the type has no room for.

    Raises:
        ConfigError: the reason, and an example of one that can be used.
    """
    problem = _misfit(form, dtype)
    if problem:
        raise ConfigError(f'format "{form}" cannot be used for {type_name(dtype)}: {problem}.')
    if not _holds_whole(form, dtype):
        raise ConfigError(
            f'format "{form}" does not describe a complete {type_name(dtype)}. Example: '
            "%Y-%m-%d for a date, %Y-%m-%d %H:%M:%S for a timestamp, %H:%M for a time."
        )


def _misfit(form: str, dtype: pl.DataType) -> str | None:
    if not dtype.is_temporal():
        return "a format is for dates, times and timestamps"
    known = {*_SHAPES, *_FRACTIONS}
    unknown = [code for code in _codes(form) if code not in known]
    if unknown:
        listed = f"Known codes: {', '.join(f'%{code}' for code in (*_LONG, *sorted(known)))}"
        return _HINTS.get(unknown[0], f"no such code %{unknown[0]}. {listed}")
    zone = dtype.time_zone if isinstance(dtype, pl.Datetime) else None
    if spells(form, _ZONES) and not zone:
        return "the time zone would be lost. Use a timestamp with a zone: timestamp(us, UTC)"
    if dtype == pl.Time and spells(form, _DATES):
        return "the date would be lost. Use a timestamp"
    return None


def _holds_whole(form: str, dtype: pl.DataType) -> bool:
    """Try the format on a moment: what it writes must be read back as the same."""
    zone = dtype.time_zone if isinstance(dtype, pl.Datetime) else None
    midnight = _PROBE.replace(hour=0, minute=0, second=0)
    moment = _PROBE if spells(form, CLOCKS) and dtype != pl.Date else midnight
    sample = pl.Series([moment]).dt.replace_time_zone("UTC" if zone else None)
    try:
        written = sample.dt.strftime(form)
        read = written.str.to_datetime(form, strict=False) if dtype != pl.Time else None
        if read is None:
            clock = written.str.to_time(form, strict=False).item()
            return clock in {moment.time(), moment.time().replace(second=0)}
    except pl.exceptions.PolarsError:
        return False
    found = read.dt.replace_time_zone(None).item()
    return found in {moment, moment.replace(second=0)}


def _codes(form: str) -> list[str]:
    return [code for code, _ in _parts(form) if code]


def _parts(form: str) -> list[tuple[str, str]]:
    """Return the codes and the literal texts of a format, in order: one of the two is empty."""
    parts: list[tuple[str, str]] = []
    for match in _PART.finditer(form):
        code, literal = match[1] or "", match[2] or match[3] or match[4] or ""
        if code == "%":
            parts.append(("", "%"))
        elif code in _LONG:
            parts.extend(_parts(_LONG[code]))
        else:
            parts.append((code, literal))
    return parts


def _digits(pattern: str) -> str:
    return {_TWO: "[0-9]{2}", _SECOND: "[0-5][0-9]", _SHAPES["j"]: "[0-9]{3}"}.get(pattern, pattern)


def _fraction_of(code: str, places: int) -> str:
    if code == ".f":
        return fraction(places)
    digits = int(code.strip(".f"))
    kept = min(digits, places)
    point = r"\." if code.startswith(".") else ""
    return f"{point}[0-9]{{{kept}}}{'0' * (digits - kept)}"
