"""Other texts in some fields of CSV records, the rest of which stays as it is written."""

from collections.abc import Callable

import polars as pl

from ingest.core.dataclass import dataclass
from ingest.sources.text.dialect import Dialect
from ingest.sources.text.grammar import Grammar

Replace = Callable[[int, str], str]
"""Takes a field's place in its record, from 0, and what it is; returns what it is to be."""


@dataclass(frozen=True, slots=True)
class Fields:
    """Writes other texts into the fields of records that are written in a dialect.

    A record has `width` of them, unless the dialect says otherwise.
    """

    dialect: Dialect
    width: int
    replace: Replace

    def replaced(self, records: pl.Series) -> pl.Series:
        """Return records with other texts in their fields; null where one cannot be taken apart.

        Quotes stay where they are. A text that is longer or shorter changes nothing else.
        """
        safe = records.set(records.str.contains("\0", literal=True), None)
        plain = self.dialect.plain(safe)
        grammar = self.dialect.grammar
        new = [None if text is None else self._one(text, grammar) for text in plain]
        return self.dialect.unplain(pl.Series(new, dtype=pl.String))

    def _one(self, record: str, grammar: Grammar) -> str | None:
        spans = grammar.spans(record)
        if isinstance(spans, str) or not self._fits(spans):
            return None
        parts, end = [], 0
        for place, (start, stop) in enumerate(spans[: self.width]):
            field = record[start:stop]
            parts += [record[end:start], self._written(place, field, grammar.value(field))]
            end = stop
        return "".join([*parts, record[end:]])

    def _fits(self, spans: list[tuple[int, int]]) -> bool:
        number, (start, end) = len(spans), spans[-1]
        if number == self.width + 1:
            return self.dialect.trailing and start == end
        return number == self.width or (self.dialect.short and number < self.width)

    def _written(self, place: int, field: str, value: str) -> str:
        """Return the text of a field, in quotes if it was; it holds no sign that was not there."""
        new = self.replace(place, value)
        quote = self.dialect.quote
        if new == value or quote is None or not field.startswith(quote):
            return field if new == value else new
        return f"{quote}{new.replace(quote, quote * 2)}{quote}"
