"""The grammar of a CSV record, and how its fields are split.

A field is bare or quoted. A quoted field begins and ends with a quote; inside it, a quote is
doubled and everything else is literal, including delimiters. In a bare field everything is literal
except quotes and carriage returns, which make the record malformed. Text between a closing quote
and the next delimiter is malformed too. Spaces are part of a field, so a quote after a space is
malformed, unless `skip_space` removes the spaces. With `quote: null`, everything but the delimiter
is literal.
"""

import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType

import polars as pl

from ingest.core.dataclass import dataclass
from ingest.sources.text.patterns import Patterns

UNCLOSED = "unclosed quote"
STRAY = "quote inside an unquoted field"
AFTER = "text after a closing quote"
RETURN = "carriage return outside quotes"
FEW = "too few fields"
MANY = "too many fields"

HIDDEN_RETURN = "\0\ue000"
"""What carriage returns are hidden as from Polars; no faultless record holds a NUL of its own."""


@dataclass(frozen=True, slots=True)
class Grammar:
    """How records are split: `delimiter` and `quote` are single ASCII characters.

    With `skip_space`, spaces before a field are no part of it. With `trailing`, neither is one
    empty field too many at a record's end. With `short`, a record may have too few fields.
    """

    delimiter: str
    quote: str | None
    skip_space: bool = False
    trailing: bool = False
    short: bool = False

    def fault(self, record: str, width: int) -> str | None:
        """Return what is wrong with a tidy record that should have `width` fields, if anything."""
        fields = self.split_one(record)
        if isinstance(fields, str):
            return fields
        few = FEW if len(fields) < width and not self.short else None
        return MANY if len(fields) > width else few

    def faults(self, texts: pl.Series, width: int) -> pl.Series:
        """Return `fault` of every tidy record, by regular expressions for all at once.

        Nulls stay null. Records are looked at one by one only where their quotes are wrong.
        """
        quoted = self._has_quotes(texts)
        wrong = pl.Series([False]).new_from_index(0, len(texts))
        if self.quote is not None and quoted.any():
            wrong = quoted & ~texts.str.contains(self.patterns.record)
        bare = self._bare(texts, quoted)
        fields = bare.str.count_matches(self.delimiter, literal=True) + 1
        few = pl.lit(None, pl.String) if self.short else pl.lit(FEW)
        reasons = pl.select(
            pl.when(bare.str.contains("\r", literal=True))
            .then(pl.lit(RETURN))
            .when(fields < width)
            .then(few)
            .when(fields > width)
            .then(pl.lit(MANY))
        ).to_series()
        if wrong.any():
            places = wrong.arg_true()
            slow = [self.fault(text, width) for text in texts.gather(places)]
            reasons = reasons.scatter(places, pl.Series(slow, dtype=pl.String))
        return reasons

    def tidy(self, texts: pl.Series, width: int) -> pl.Series:
        """Return records without the spaces and the last delimiter that are no part of fields."""
        if self.skip_space:
            texts = texts.str.replace_all(self.patterns.spaces, "${1}${2}")
        if self.trailing:
            more = self.count(texts) == width + 1
            ends = texts.str.ends_with(self.delimiter)
            texts = pl.select(
                pl.when(more & ends).then(texts.str.head(-1)).otherwise(texts)
            ).to_series()
        return texts

    def count(self, texts: pl.Series) -> pl.Series:
        """Return how many fields records have, if they are faultless."""
        bare = self._bare(texts, self._has_quotes(texts))
        return bare.str.count_matches(self.delimiter, literal=True) + 1

    def split(self, texts: pl.Series, names: Sequence[str]) -> pl.DataFrame:
        """Return the fields of tidy, faultless records, as strings; null where a bare one is empty.

        Polars pads short rows and drops stray quotes in silence, and so gets only records that
        keep the grammar. It also takes a carriage return off any field's end: those are hidden
        from it.
        """
        if texts.is_empty():
            return pl.DataFrame(schema=dict.fromkeys(names, pl.String()))
        returns = bool(texts.str.contains("\r", literal=True).any())
        if returns:
            texts = texts.str.replace_all("\r", HIDDEN_RETURN, literal=True)
        joined = texts.str.join("\n").cast(pl.Binary).item()
        # Polars takes a byte-order mark off the first record: one more record keeps it from that.
        spare = self.delimiter.encode() * (len(names) - 1) + b"\n"
        fields = self.read_table(spare + joined + b"\n", names).slice(1)
        if returns:
            fields = fields.with_columns(
                pl.all().str.replace_all(HIDDEN_RETURN, "\r", literal=True)
            )
        return fields

    def read_table(
        self,
        data: bytes,
        names: Sequence[str],
        kinds: Mapping[str, pl.DataType] = MappingProxyType({}),
        null_values: Sequence[str] = (),
        *,
        quotes: bool = True,
    ) -> pl.DataFrame:
        """Return the fields of faultless records, each ended by a line feed.

        They are strings but for those in `kinds`. A byte-order mark at the beginning is lost.
        Without `quotes` in the data, it is faster to say so.

        Raises:
            PolarsError: it is not UTF-8, a record has too many fields, or one is not of its kind.
        """
        return pl.read_csv(
            data,
            has_header=False,
            schema={name: kinds.get(name, pl.String()) for name in names},
            separator=self.delimiter,
            quote_char=self.quote if quotes else None,
            null_values=list(null_values) or None,
        )

    def split_one(self, record: str) -> list[str] | str:
        """Return the fields of one record, or what is wrong with its quotes."""
        spans = self.spans(record)
        if isinstance(spans, str):
            return spans
        return [self.value(record[start:end]) for start, end in spans]

    def spans(self, record: str) -> list[tuple[int, int]] | str:
        """Return where the fields of a record begin and end, with their quotes; or what is wrong.

        Spaces that are no part of fields lie outside.
        """
        if self.quote is None or self.quote not in record:
            return self._bare_spans(record)
        # possessive (*+), or else a closing quote would be found in the middle of a pair
        quoted = re.compile(self.patterns.quoted.replace(")*", ")*+"))
        bare = re.compile(f"[^{re.escape(self.delimiter)}]*")
        place, spans = 0, []
        while True:
            while self.skip_space and record.startswith(" ", place):
                place += 1
            begins = record.startswith(self.quote, place)
            match = (quoted if begins else bare).match(record, place)
            if match is None:
                return UNCLOSED
            if not begins and (fault := self._bare_fault(match[0])):
                return fault
            spans.append(match.span())
            place = match.end()
            if place == len(record):
                return spans
            if record[place] != self.delimiter:
                return AFTER
            place += 1

    def _bare_spans(self, record: str) -> list[tuple[int, int]] | str:
        """Return `spans` of a record without quotes."""
        if "\r" in record:
            return RETURN
        place, spans = 0, []
        while True:
            while self.skip_space and record.startswith(" ", place):
                place += 1
            end = record.find(self.delimiter, place)
            spans.append((place, end if end >= 0 else len(record)))
            if end < 0:
                return spans
            place = end + 1

    def value(self, field: str) -> str:
        """Return what a field is, without its quotes."""
        if self.quote is None or not field.startswith(self.quote):
            return field
        return field[1:-1].replace(self.quote * 2, self.quote)

    def _bare_fault(self, field: str) -> str | None:
        if self.quote is not None and self.quote in field:
            return STRAY
        return RETURN if "\r" in field else None

    def _bare(self, texts: pl.Series, quoted: pl.Series) -> pl.Series:
        """Return records without their quoted fields."""
        if self.quote is None or not quoted.any():
            return texts
        without = texts.str.replace_all(self.patterns.quoted, "")
        return pl.select(pl.when(quoted).then(without).otherwise(texts)).to_series()

    def _has_quotes(self, texts: pl.Series) -> pl.Series:
        if self.quote is None:
            return pl.Series([False]).new_from_index(0, len(texts))
        return texts.str.contains(self.quote, literal=True).fill_null(value=False)

    @property
    def patterns(self) -> Patterns:
        """Return the patterns of records and lines."""
        return Patterns(self.delimiter, self.quote or "", self.skip_space)
