"""CSV that is written otherwise than by the grammar, and its way into the grammar and back.

A delimiter of several characters becomes one character, and what an escape sign takes the meaning
from becomes a code: a NUL and a character for private use, which no delimiter may hold. No
faultless record holds a NUL of its own, so that the values can be told back. What is left is a
record for `csv_grammar` and for Polars, which know single delimiters and doubled quotes only.
"""

import re
from collections.abc import Iterator

import polars as pl

from ingest.core.dataclass import dataclass
from ingest.sources.text.grammar import UNCLOSED, Grammar

ESCAPED_END = "escape sign at the end of a line"
_PRIVATE = re.compile("[\ue000-\uf8ff]")
_SIGN = "\x1f"
"""What stands for a delimiter that is not one ASCII character."""


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a file's records are written: as the grammar says, but for the delimiter and escapes.

    The escape sign takes the special meaning from a quote, a delimiter, a line feed or an escape
    sign behind it, within quotes or not; before anything else it is an ordinary character.
    """

    delimiter: str
    quote: str | None
    escape: str | None = None
    skip_space: bool = False
    trailing: bool = False
    short: bool = False

    @property
    def grammar(self) -> Grammar:
        """The grammar of records in plain form."""
        single = len(self.delimiter.encode()) == 1
        sign = self.delimiter if single else _SIGN
        return Grammar(sign, self.quote, self.skip_space, self.trailing, self.short)

    @property
    def is_plain(self) -> bool:
        """Whether records are in plain form as they are."""
        return self.grammar.delimiter == self.delimiter and self.escape is None

    def plain(self, texts: pl.Series) -> pl.Series:
        """Return records, or lines of them, in plain form; none may hold a NUL."""
        for written, code in self._codes():
            texts = texts.str.replace_all(written, code, literal=True)
        return texts

    def unplain(self, texts: pl.Series) -> pl.Series:
        """Return records as they were before `plain`."""
        for written, code in reversed(list(self._codes())):
            texts = texts.str.replace_all(code, written, literal=True)
        return texts

    def plain_bytes(self, data: bytes) -> bytes | None:
        """Return UTF-8 in plain form; None if it holds NULs, so that this cannot be told back."""
        if self.is_plain:
            return data
        if b"\0" in data:
            return None
        for written, code in self._codes():
            data = data.replace(written.encode(), code.encode())
        return data

    def written(self, fields: pl.DataFrame) -> pl.DataFrame:
        """Return fields with what their codes stand for."""
        if self.is_plain or pl.String() not in fields.dtypes:
            return fields
        codes = self._meanings()
        return fields.with_columns(
            pl.col(pl.String).str.replace_many(list(codes), list(codes.values()))
        )

    def split_one(self, record: str) -> list[str] | str:
        """Return the fields of one record of any width, or what is wrong with it."""
        fields = self.grammar.split_one(self.plain(pl.Series([record])).item())
        if isinstance(fields, str):
            return fields
        if self.trailing and len(fields) > 1 and not fields[-1]:
            fields.pop()
        return self.written(pl.DataFrame({"field": fields}))["field"].to_list()

    def tidy(self, records: pl.Series, width: int) -> pl.Series:
        """Return records in plain form, without what is no part of fields."""
        return self.grammar.tidy(self.plain(records), width)

    def width(self, record: str) -> int:
        """Return how many fields a record has; if something is wrong with it, about how many."""
        fields = self.split_one(record)
        if isinstance(fields, str):
            return record.count(self.delimiter) + 1
        return len(fields)

    def faults(self, records: pl.Series, width: int) -> pl.Series:
        """Return what is wrong with each tidy record in plain form; see `Grammar.faults`."""
        faults = self.grammar.faults(records, width)
        if self.escape is None:
            return faults
        cut = self.ends_escaped(records) & (faults != UNCLOSED).fill_null(value=True)
        return faults.set(cut, ESCAPED_END)

    def ends_escaped(self, lines: pl.Series) -> pl.Series:
        """Say which lines in plain form end in an escape sign, and so go on in the next line."""
        if self.escape is None:
            return pl.Series([False]).new_from_index(0, len(lines))
        return lines.str.ends_with(self.escape).fill_null(value=False)

    def _codes(self) -> Iterator[tuple[str, str]]:
        """Yield what to replace, in this order: pairs of escape signs go before all else."""
        if self.escape is not None:
            yield self.escape * 2, "\0\ue001"
            if self.quote is not None:
                yield self.escape + self.quote, "\0\ue002"
            yield self.escape + self.delimiter, "\0\ue003"
            yield self.escape + "\n", "\0\ue004"
        if self.grammar.delimiter != self.delimiter:
            yield _SIGN, "\0\ue005"
            yield self.delimiter, _SIGN

    def _meanings(self) -> dict[str, str]:
        """Return what each code stands for."""
        meanings = {"\0\ue001": self.escape, "\0\ue002": self.quote, "\0\ue003": self.delimiter}
        known = {code: sign for code, sign in meanings.items() if sign is not None}
        known |= {"\0\ue004": "\n", "\0\ue005": _SIGN}
        return (
            known if self.grammar.delimiter == self.delimiter else known | {_SIGN: self.delimiter}
        )


def refuse_signs(delimiter: str, quote: str | None, escape: str | None) -> None:
    """Refuse signs that cannot be told apart.

    Raises:
        ValueError: one of them is part of another, or ends lines.
    """
    for sign in ("\r", "\n", "\0"):
        if sign in delimiter:
            raise ValueError(
                f"delimiter: {delimiter!r} contains {sign!r}, which cannot separate fields. Use "
                "another delimiter"
            )
    if _PRIVATE.search(delimiter):
        raise ValueError(
            "delimiter: private-use characters (U+E000 to U+F8FF) are not allowed. Convert the "
            "files to another delimiter"
        )
    for option, own in (("quote", quote), ("escape", escape)):
        if own is not None and own in delimiter:
            raise ValueError(
                f'{option}: "{own}" is also in the delimiter. Choose another character'
            )
    if quote is not None and quote == escape:
        raise ValueError("escape: a doubled quote already means one quote. Leave escape out")
