"""Numbers of a CSV table, read by Polars' typed reader, and the rows in which it may be wrong.

What Polars does in silence is looked for as a whole: spaces and tabs before numbers are skipped,
1e400 is infinity, 1e-400 is 0, and 9007199254740993 the float next to it. Where a field is no
number, Polars says in which column: that one is read as texts, from then on.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import field

import numpy as np
import polars as pl

from ingest.core.dataclass import dataclass
from ingest.core.types import Schema
from ingest.core.values.texts import WHOLE_LIMITS
from ingest.sources.delimited.shape import Rest, Shape
from ingest.sources.text.bits import NOTHING, Places
from ingest.sources.text.dialect import Dialect

MOST_TRIES = 3
"""After so many columns with a field that is no number, all are read as texts."""
_NUMBER = re.compile(r"\(column number (\d+)\)")


@dataclass(frozen=True, slots=True)
class Numbers:
    """Reads tables whose columns have these names, those of numbers in the types of `schema`.

    `spoilt` are columns that are read as texts, because a field was no number; what is found is
    added.
    """

    dialect: Dialect
    names: Sequence[str]
    schema: Schema
    null_values: Sequence[str]
    spoilt: set[str] = field(default_factory=set)

    def read(self, shape: Shape | Rest) -> tuple[pl.DataFrame, Places] | None:
        """Return the fields of a table, with the numbers as such, and the rows to be left out.

        In all other rows, each number is what its text says. None if there are no numbers to be
        read as such, or if Polars does not take the same texts for null as the source does.
        """
        tokens = [token for token in self.null_values if token]
        if not self._knows(tokens):
            return None
        for _ in range(MOST_TRIES):
            kinds = self._kinds()
            if not kinds:
                return None
            try:
                table = self.dialect.grammar.read_table(
                    shape.data, self.names, kinds, tokens, quotes=shape.has_quotes
                )
            except pl.exceptions.PolarsError as error:
                if (match := _NUMBER.search(str(error))) is None:
                    return None
                self.spoilt.add(self.names[int(match[1]) - 1])
                continue
            return self._checked(table, kinds, shape)
        self.spoilt.update(kinds)
        return None

    def _kinds(self) -> Schema:
        """Return the columns that are read as numbers."""
        names = (name for name in self.names if name not in self.spoilt)
        return {name: self.schema[name] for name in names if is_number(self.schema[name])}

    def _knows(self, tokens: Sequence[str]) -> bool:
        """Say whether Polars takes the same texts for null as the source does."""
        dialect = self.dialect
        signs = {*dialect.delimiter, dialect.quote, dialect.escape, "\x1f", "\r", "\n"}
        plain = not any(sign in token for token in tokens for sign in signs if sign)
        return plain and ("" in self.null_values or not tokens)

    def _checked(
        self, table: pl.DataFrame, kinds: Schema, shape: Shape | Rest
    ) -> tuple[pl.DataFrame, Places]:
        """Return a table, and the rows in which a number may not be what its text says."""
        nulls = [name for name in kinds if "" not in self.null_values and table[name].has_nulls()]
        columns, width = self._places(kinds), len(self.names)
        unsure = [
            *(table[name].is_null().arg_true().to_numpy().astype(np.int64) for name in nulls),
            shape.rows(shape.leading_blanks(), columns, width),
            *self._inexact(table, kinds, shape),
        ]
        return table, np.unique(np.concatenate(unsure)) if any(map(len, unsure)) else NOTHING

    def _inexact(self, table: pl.DataFrame, kinds: Schema, shape: Shape | Rest) -> Iterable[Places]:
        """Yield the rows with floats that may not be what their texts say."""
        zeros = []
        for name, kind in kinds.items():
            if not kind.is_float() or table.is_empty():
                continue
            limit = WHOLE_LIMITS[str(kind)]
            column = table[name]
            numbers = (column.fill_null(1) if column.has_nulls() else column).to_numpy()
            if not (numbers.max() < limit and numbers.min() > -limit):  # or one is `nan`
                yield np.flatnonzero(~(np.abs(numbers) < limit))
            if np.count_nonzero(numbers) < len(numbers):
                zeros.append(name)
        if zeros:
            yield shape.rows(shape.small_numbers(), self._places(zeros), len(self.names))

    def _places(self, columns: Iterable[str]) -> list[int]:
        return [self.names.index(name) for name in columns]


def is_number(dtype: pl.DataType) -> bool:
    """Say whether Polars' CSV reader makes numbers of this type as `core.texts` does, or fails."""
    return dtype.is_float() or dtype.is_integer()
