"""Turning JSON records into columns: by pattern where it can, one by one where it must."""

import io
from collections.abc import Mapping

import polars as pl

from ingest.sources.json_judge import Fault, judge, load
from ingest.sources.json_shape import compiles, pattern, reordered

_MOST_ORDERS = 8
_TRIED = 5
_WORTH_A_PATTERN = 64
"""So few records are judged sooner than a pattern for them is made."""


class JsonReader:
    """Reads records of a schema.

    `shape` is what records look like as far as the sample showed: the schema's fields in their
    usual order, and those that are ignored. It only makes reading fast.
    """

    def __init__(
        self, schema: Mapping[str, pl.DataType], shape: Mapping[str, pl.DataType], *, closed: bool
    ) -> None:
        self._schema = dict(schema)
        self._shape = dict(shape)
        self._closed = closed
        self._carriers = {name: _carrier(dtype) for name, dtype in schema.items()}

    def parse_whole(self, text: pl.Series, data: bytes) -> pl.DataFrame | None:
        """Return the values of a whole text (a series of one) if its records are all of the shape.

        None if any is not: then it takes `parse` to say which.
        """
        known = pattern(self._shape, lines=True)
        if not data or not compiles(known) or not text.str.contains(known).item():
            return None
        try:
            return pl.read_ndjson(io.BytesIO(data), schema=self._carriers)
        except pl.exceptions.PolarsError:
            return None

    def parse(self, texts: pl.Series) -> tuple[pl.DataFrame, pl.DataFrame]:
        """Return the values of the good records, and `index`, `column`, `reason` of the others.

        The values have the types that JSON has; the caller makes dates and the like of them.
        """
        faults: dict[int, Fault] = {}
        for index in self._unmatched(texts):
            fault = self._fault(texts[index])
            if fault is not None:
                faults[index] = fault
        kept = pl.Series(range(len(texts)), dtype=pl.UInt32)
        kept = kept.filter(~kept.is_in(list(faults))) if faults else kept
        frames, refused = self._read(texts.gather(kept) if faults else texts, kept)
        for index in refused:
            faults[index] = self._fault(texts[index]) or (None, "malformed JSON")
        table = [(index, *faults[index]) for index in sorted(faults)]
        columns = {"index": pl.UInt32, "column": pl.String, "reason": pl.String}
        empty = pl.DataFrame(schema=self._carriers)
        return pl.concat([empty, *frames]), pl.DataFrame(table, schema=columns, orient="row")

    def _fault(self, text: str) -> Fault | None:
        return judge(text, self._schema, closed=self._closed)

    def _unmatched(self, texts: pl.Series) -> pl.Series:
        """Return where the records are that no pattern knows.

        Which patterns are tried only makes a difference to speed: each knows less than `judge`.
        """
        rest = pl.Series(range(len(texts)), dtype=pl.UInt32)
        shape = self._shape
        for _ in range(_MOST_ORDERS):
            known = pattern(shape)
            if not compiles(known):
                break
            rest = rest.filter(~texts.gather(rest).str.contains(known))
            if len(rest) < _WORTH_A_PATTERN:
                break
            shape = self._order_of(texts.gather(rest.head(_TRIED)))
        return rest

    def _order_of(self, texts: pl.Series) -> dict[str, pl.DataType]:
        """Return the shape with the key order of the first of these records that is an object."""
        for text in texts:
            try:
                record = load(text)
            except (ValueError, RecursionError):
                continue
            if isinstance(record, dict):
                return reordered(self._shape, record)
        return self._shape

    def _read(self, texts: pl.Series, indices: pl.Series) -> tuple[list[pl.DataFrame], list[int]]:
        """Read records by Polars; if it refuses some, find them by halving."""
        if texts.is_empty():
            return [], []
        joined = texts.str.join("\n").cast(pl.Binary).item()
        try:
            return [pl.read_ndjson(io.BytesIO(joined), schema=self._carriers)], []
        except pl.exceptions.PolarsError:
            if len(texts) == 1:
                return [], [indices[0]]
        if len(texts) <= _WORTH_A_PATTERN:
            wrong = pl.Series([self._fault(text) is not None for text in texts], dtype=pl.Boolean)
            if wrong.any():
                frames, refused = self._read(texts.filter(~wrong), indices.filter(~wrong))
                return frames, refused + indices.filter(wrong).to_list()
        half = len(texts) // 2
        left = self._read(texts.head(half), indices.head(half))
        right = self._read(texts.tail(-half), indices.tail(-half))
        return left[0] + right[0], left[1] + right[1]


def _carrier(dtype: pl.DataType) -> pl.DataType:
    """Return the type to read a column in: `read_ndjson` panics on int16 and refuses decimals."""
    if isinstance(dtype, pl.List | pl.Struct) or dtype in {pl.Boolean(), pl.UInt64()}:
        return dtype
    if dtype.is_integer():
        return pl.Int64()
    return pl.Float64() if dtype.is_float() else pl.String()
