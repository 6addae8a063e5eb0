"""The grammar of a CSV record, and how its fields are split.

A field is bare or quoted. A quoted field begins and ends with a quote; within it a quote is
written twice, and everything else is literal, delimiters included. In a bare field everything is
literal but quotes: one of them there is malformed, and so is anything between a closing quote and
the next delimiter. Spaces are never trimmed, so a quote after a space is malformed too. Without a
quote character everything but the delimiter is literal.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import polars as pl

UNCLOSED = "unclosed quote"
STRAY = "quote inside an unquoted field"
AFTER = "text after a closing quote"
FEW = "too few fields"
MANY = "too many fields"


@dataclass(frozen=True, slots=True)
class Grammar:
    """How records are split: `delimiter` and `quote` are single ASCII characters."""

    delimiter: str
    quote: str | None

    def fault(self, record: str, width: int) -> str | None:
        """Return what is wrong with a record that should have `width` fields, if anything."""
        fields = self.split_one(record)
        if isinstance(fields, str):
            return fields
        return None if len(fields) == width else FEW if len(fields) < width else MANY

    def faults(self, texts: pl.Series, width: int) -> pl.Series:
        """Return `fault` of every record, by regular expressions for all at once.

        Nulls stay null. Records are looked at one by one only where their quotes are wrong.
        """
        quoted = self._has_quotes(texts)
        counted = texts
        wrong = pl.Series([False]).new_from_index(0, len(texts))
        if self.quote is not None and quoted.any():
            wrong = quoted & ~texts.str.contains(self._record_pattern())
            counted = pl.select(
                pl.when(quoted)
                .then(texts.str.replace_all(self._quoted_pattern(), ""))
                .otherwise(texts)
            ).to_series()
        fields = counted.str.count_matches(self.delimiter, literal=True) + 1
        reasons = pl.select(
            pl.when(fields < width).then(pl.lit(FEW)).when(fields > width).then(pl.lit(MANY))
        ).to_series()
        if wrong.any():
            places = wrong.arg_true()
            found = [self.fault(text, width) for text in texts.gather(places)]
            reasons = reasons.scatter(places, pl.Series(found, dtype=pl.String))
        return reasons

    def split(self, texts: pl.Series, names: Sequence[str]) -> pl.DataFrame:
        """Return the fields of faultless records, as strings; null where a bare field is empty.

        Polars pads short rows and drops stray quotes in silence, and so gets only records that
        keep the grammar. It also takes a carriage return off any field's end: those are hidden
        from it as NULs, which no faultless record has.
        """
        if texts.is_empty():
            return pl.DataFrame(schema=dict.fromkeys(names, pl.String()))
        returns = bool(texts.str.contains("\r", literal=True).any())
        if returns:
            texts = texts.str.replace_all("\r", "\0", literal=True)
        joined = texts.str.join("\n").cast(pl.Binary).item()
        # Polars takes a byte-order mark off the first record: one more record keeps it from that.
        spare = self.delimiter.encode() * (len(names) - 1) + b"\n"
        fields = self.read_table(spare + joined + b"\n", names).slice(1)
        if returns:
            fields = fields.with_columns(pl.all().str.replace_all("\0", "\r", literal=True))
        return fields

    def read_table(
        self,
        data: bytes,
        names: Sequence[str],
        kinds: Mapping[str, pl.DataType] = MappingProxyType({}),
        null_values: Sequence[str] = (),
    ) -> pl.DataFrame:
        """Return the fields of faultless records, each ended by a line feed.

        They are strings but for those in `kinds`. A byte-order mark at the beginning is lost.

        Raises:
            PolarsError: it is not UTF-8, a record has too many fields, or one is not of its kind.
        """
        return pl.read_csv(
            data,
            has_header=False,
            schema={name: kinds.get(name, pl.String()) for name in names},
            separator=self.delimiter,
            quote_char=self.quote,
            null_values=list(null_values) or None,
        )

    def width(self, record: str) -> int:
        """Return how many fields a record has; if its quotes are wrong, as delimiters say."""
        fields = self.split_one(record)
        return record.count(self.delimiter) + 1 if isinstance(fields, str) else len(fields)

    def split_one(self, record: str) -> list[str] | str:
        """Return the fields of one record, or what is wrong with its quotes."""
        if self.quote is None:
            return record.split(self.delimiter)
        # possessive (*+), or else a closing quote would be found in the middle of a pair
        quoted = re.compile(self._quoted_pattern().replace(")*", ")*+"))
        bare = re.compile(f"[^{self._delimiter}]*")
        place, fields = 0, []
        while True:
            begins = record.startswith(self.quote, place)
            match = (quoted if begins else bare).match(record, place)
            if match is None:
                return UNCLOSED
            if not begins and self.quote in match[0]:
                return STRAY
            field, place = match[0], match.end()
            fields.append(field[1:-1].replace(self.quote * 2, self.quote) if begins else field)
            if place == len(record):
                return fields
            if record[place] != self.delimiter:
                return AFTER
            place += 1

    def _has_quotes(self, texts: pl.Series) -> pl.Series:
        if self.quote is None:
            return pl.Series([False]).new_from_index(0, len(texts))
        return texts.str.contains(self.quote, literal=True).fill_null(value=False)

    @property
    def _delimiter(self) -> str:
        return re.escape(self.delimiter)

    def _quoted_pattern(self) -> str:
        quote = re.escape(self.quote or "")
        return f"{quote}(?:[^{quote}]|{quote}{quote})*{quote}"

    def _record_pattern(self) -> str:
        quote = re.escape(self.quote or "")
        field = f"(?:{self._quoted_pattern()}|[^{quote}{self._delimiter}]*)"
        return f"^{field}(?:{self._delimiter}{field})*$"
