"""Numbers as people write them: `1.234,50`, `12,5 %`, `€ 7`, `(3.00)`, made plain or refused.

Strict, so that no number of another notation is read as one ten or a thousand times as large:
where thousands are parted, all of them are, by one sign and in groups of three (or of an Indian
kind), so `1.23` is no number if `.` parts thousands; a number may also have no such sign at all.
"""

import re
from typing import Literal, Self

import polars as pl
from pydantic import Field, field_validator, model_validator

from ingest.core.model import Model
from ingest.core.types import type_name

DecimalSeparator = Literal[".", ","]
ThousandsSeparator = Literal[".", ",", "'", " ", "_"]

_SPACES = " \u00a0\u2009\u202f"
"""A space, and those that do not break a line: all of them part thousands and signs."""
_ALIKE = {" ": f"[{_SPACES}]", "'": "['\u2019]"}
_NAMED = "[+-]?(?i:inf|infinity|nan)"


class Numerals(Model):
    """How the numbers of a column are written, if not plainly."""

    decimal_separator: DecimalSeparator | None = None
    """The character before a number's fraction: `.` or `,`. If neither this nor
    `thousands_separator` is set, the source's settings apply. Default: `.`."""
    thousands_separator: ThousandsSeparator | None = None
    """The character between groups of digits: `.`, `,`, `'`, `_`, or a space (no-break and narrow
    spaces count too). Every group must have three digits, or the number has no separator at all:
    `1.23` is rejected if `.` separates thousands."""
    grouping: Literal["thousands", "indian"] = "thousands"
    """Where the thousands separator goes: after every three digits, or as in `12,34,567`."""
    percent: bool = False
    """Whether every number ends in `%`: `12.5 %` is read as 0.125, exactly in a decimal. A number
    without `%` is rejected."""
    currency: str | None = Field(default=None, min_length=1)
    """A sign or word that may come before or after a number, with or without a space: `€`."""
    negative: Literal["minus", "trailing_minus", "parentheses"] = "minus"
    """How negative numbers may be written, in addition to `-1.50`: as `1.50-`, or as `(1.50)`."""

    @field_validator("currency")
    @classmethod
    def _no_part_of_a_number(cls, sign: str | None) -> str | None:
        if sign is not None and (sign != sign.strip() or re.search(r"[\d+\-()%]", sign)):
            raise ValueError(
                f'"{sign}": a currency must not contain digits, +, -, %, brackets, or spaces '
                'at its ends. Example: "€" or "CHF"'
            )
        return sign

    @model_validator(mode="after")
    def _separators_differ(self) -> Self:
        if self.thousands_separator == (self.decimal_separator or "."):
            raise ValueError(
                f'thousands_separator: "{self.thousands_separator}" is also the decimal '
                "separator. Set decimal_separator to the other one"
            )
        if self.grouping == "indian" and self.thousands_separator is None:
            raise ValueError('grouping: indian: needs a thousands_separator: ","')
        return self

    @property
    def is_plain(self) -> bool:
        """Whether numbers are written as they are without any of these options."""
        plain = self.decimal_separator in {None, "."} and self.thousands_separator is None
        return plain and not self.percent and self.currency is None and self.negative == "minus"

    def within(self, usual: "Numerals | None") -> "Numerals":
        """Return these options with the separators of `usual`, if they name none themselves."""
        if usual is None or self.decimal_separator or self.thousands_separator:
            return self
        taken = {
            name: getattr(usual, name) for name in ("decimal_separator", "thousands_separator")
        }
        return self.model_copy(update=taken)

    def check(self, dtype: pl.DataType) -> None:
        """Refuse options that mean nothing for a type.

        Raises:
            ValueError: what they are for.
        """
        given = sorted(self.model_fields_set & set(Numerals.model_fields))
        if given and not dtype.is_numeric():
            raise ValueError(
                f"{given[0]}: only works for numbers, but the type is {type_name(dtype)}. "
                'Example: {type: "decimal(12,2)", decimal_separator: ","}'
            )
        if self.percent and dtype.is_integer():
            raise ValueError(
                f"percent: 50 % is 0.5, which does not fit {type_name(dtype)}. Use "
                "decimal(5,4) or float64"
            )

    def plain(self, texts: pl.Series) -> pl.Series:
        """Return numbers with a point and without any other sign; null where a text is none."""
        good = texts.set(~texts.str.contains(self._pattern), None)
        point = self.decimal_separator or "."
        if self._signs:
            good = good.str.replace_all(self._signs, "")
        if point != ".":
            good = good.str.replace(point, ".", literal=True)
        if self.negative == "parentheses":
            good = good.str.replace(r"^\((.*)\)$", "-${1}")
        elif self.negative == "trailing_minus":
            good = good.str.replace("^(.*)-$", "-${1}")
        return _hundredth(good) if self.percent else good

    @property
    def _pattern(self) -> str:
        """What a number looks like, from end to end."""
        number, before, behind = self._digits(), "", ""
        if self.currency is not None:
            sign = re.escape(self.currency)
            before, behind = f"(?:{sign}[{_SPACES}]?)", f"(?:[{_SPACES}]?{sign})"
        bare = f"(?:{before}?{number}|{number}{behind})" if before else number
        forms = [f"[+-]?{bare}", f"{before}[+-]{number}", _NAMED]
        if self.negative == "parentheses":
            forms += [rf"\({bare}\)", rf"{before}\({number}\)", rf"\({number}\){behind}"]
        elif self.negative == "trailing_minus":
            forms += [f"{bare}-", f"{number}-{behind}"]
        return f"^(?:{'|'.join(forms)})$"

    def _digits(self) -> str:
        """Return the pattern of a number without its sign."""
        point = re.escape(self.decimal_separator or ".")
        exponent = "" if self.percent or self.currency else "(?:[eE][+-]?[0-9]+)?"
        percent = f"[{_SPACES}]?%" if self.percent else ""
        whole = self._whole()
        return f"(?:(?:{whole})(?:{point}[0-9]*)?|{point}[0-9]+){exponent}{percent}"

    def _whole(self) -> str:
        if self.thousands_separator is None:
            return "[0-9]+"
        sign = _ALIKE.get(self.thousands_separator, re.escape(self.thousands_separator))
        if self.grouping == "indian":
            return f"[1-9][0-9]?(?:{sign}[0-9]{{2}})*{sign}[0-9]{{3}}|[0-9]+"
        return f"[1-9][0-9]{{0,2}}(?:{sign}[0-9]{{3}})+|[0-9]+"

    @property
    def _signs(self) -> str:
        """What stands in a number and says nothing of its value; empty if there is no such."""
        signs = [re.escape(self.currency)] if self.currency else []
        if self.thousands_separator is not None:
            sign = self.thousands_separator
            signs.append(_ALIKE.get(sign, re.escape(sign)))
        if self.percent or self.currency:
            signs.append(f"[%{_SPACES}]")
        return "|".join(signs)


def _hundredth(texts: pl.Series) -> pl.Series:
    """Move the points of plain numbers by two places, so that no digit is lost."""
    padded = texts.str.replace("^([+-]?)", "${1}00")
    return padded.str.replace(r"^([+-]?[0-9]*)([0-9]{2})(?:\.([0-9]*))?$", "${1}.${2}${3}")
