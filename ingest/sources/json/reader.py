"""Turning JSON records into columns: by pattern where it can, one by one where it must."""

import io
import json
from collections.abc import Callable, Mapping
from typing import Any

import polars as pl

from ingest.core.types import instance
from ingest.sources.json.counting import Counting
from ingest.sources.json.judge import Fault, judge
from ingest.sources.json.shape import compiles, fields_of, pattern, reordered
from ingest.sources.json.text import load
from ingest.sources.text.bits import Places

Parsed = tuple[list[pl.DataFrame], dict[int, Fault]]
"""The values of good records, in order, and what is wrong with the others, by their indices."""

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

    def count_whole(self, data: bytes, spoilt: set[str]) -> tuple[pl.DataFrame, Places] | None:
        """Return the values of a whole text, and the numbers of the records that are left out.

        None if these are too many, or if counts prove nothing of records of this shape. `spoilt` is
        that of `Counting`.

        Raises:
            PolarsError: one of the others is no JSON.
        """
        counting = Counting(self._shape, self._carriers, spoilt)
        if self._shape.keys() != self._schema.keys() or not counting.is_possible:
            return None
        return counting.read(data)

    def parse_whole(self, text: pl.Series, data: bytes) -> pl.DataFrame | None:
        """Return the values of a whole text (a series of one) if its records are all of the shape.

        None if any is not: then it takes `parse` to say which.
        """
        known = pattern(self._shape, lines=True)
        if not data or not compiles(known) or not text.str.contains(known).item():
            return None
        try:
            return self._values(data)
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
        faults |= refused
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
            except ValueError:
                continue
            if isinstance(record, dict):
                return reordered(self._shape, record)
        return self._shape

    def _read(self, texts: pl.Series, indices: pl.Series) -> Parsed:
        """Read records by Polars; if it refuses some, find them by halving."""
        if texts.is_empty():
            return [], {}
        joined = texts.str.join("\n").cast(pl.Binary).item()
        try:
            return [self._values(joined)], {}
        except pl.exceptions.PolarsError:
            if len(texts) <= _WORTH_A_PATTERN:
                return self._read_narrowed(texts, indices)
        return _by_halves(self._read, texts, indices)

    def _read_narrowed(self, texts: pl.Series, indices: pl.Series) -> Parsed:
        """Read records without what nobody reads in them: Polars does not take all of JSON."""
        faults: dict[int, Fault] = {}
        lines: list[str] = []
        for text, index in zip(texts, indices, strict=True):
            if (fault := self._fault(text)) is not None:
                faults[index] = fault
            else:
                narrow = _narrowed(load(text), pl.Struct(self._schema))
                lines.append(json.dumps(narrow, ensure_ascii=False))
        try:
            return [self._values("\n".join(lines).encode())] if lines else [], faults
        except pl.exceptions.PolarsError:
            if len(texts) == 1:
                return [], {indices[0]: (None, "malformed JSON")}
        return _by_halves(self._read_narrowed, texts, indices)

    def _values(self, data: bytes) -> pl.DataFrame:
        return pl.read_ndjson(io.BytesIO(data), schema=self._carriers)


def _by_halves(
    read: Callable[[pl.Series, pl.Series], Parsed], texts: pl.Series, indices: pl.Series
) -> Parsed:
    half = len(texts) // 2
    left = read(texts.head(half), indices.head(half))
    right = read(texts.tail(-half), indices.tail(-half))
    return left[0] + right[0], left[1] | right[1]


def _narrowed(value: Any, dtype: pl.DataType) -> Any:
    """Return what a type knows of a value that is of this type."""
    if isinstance(value, dict) and isinstance(dtype, pl.Struct):
        fields = fields_of(dtype).items()
        return {name: _narrowed(value[name], kind) for name, kind in fields if name in value}
    if isinstance(value, list) and isinstance(dtype, pl.List):
        return [_narrowed(element, instance(dtype.inner)) for element in value]
    return value


def emptied(values: pl.Series, dtype: pl.DataType) -> pl.Series:
    """Return values as they were read, with nulls where their type knows only empty objects."""
    if not _has_null(dtype):
        return values
    return values.to_frame("x").select(_emptied(pl.col("x"), dtype).alias(values.name)).to_series()


def _emptied(values: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    if isinstance(dtype, pl.List):
        return values.list.eval(_emptied(pl.element(), instance(dtype.inner)))
    if isinstance(dtype, pl.Struct):
        fields = [
            _emptied(values.struct.field(name), kind).alias(name)
            for name, kind in fields_of(dtype).items()
        ]
        return pl.when(values.is_not_null()).then(pl.struct(fields))
    return pl.when(pl.lit(value=False)).then(values) if isinstance(dtype, pl.Null) else values


def _has_null(dtype: pl.DataType) -> bool:
    if isinstance(dtype, pl.List):
        return _has_null(instance(dtype.inner))
    if isinstance(dtype, pl.Struct):
        return any(map(_has_null, fields_of(dtype).values()))
    return isinstance(dtype, pl.Null)


def _carrier(dtype: pl.DataType, *, inside: bool = False) -> pl.DataType:
    """Return the type to read a column in: `read_ndjson` panics on int16 and refuses decimals.

    An object without fields comes as a string.
    """
    if isinstance(dtype, pl.List):
        return pl.List(_carrier(instance(dtype.inner), inside=True))
    if isinstance(dtype, pl.Struct):
        return pl.Struct(
            {name: _carrier(kind, inside=True) for name, kind in fields_of(dtype).items()}
        )
    if inside and not isinstance(dtype, pl.Null):
        return dtype
    if dtype in {pl.Boolean(), pl.UInt64()}:
        return dtype
    if dtype.is_integer():
        return pl.Int64()
    return pl.Float64() if dtype.is_float() else pl.String()
