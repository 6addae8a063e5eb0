"""Between Polars, NumPy and PyArrow, without what is slow to import.

PyArrow's `array`, `scalar` and `to_numpy` import pandas where that is installed: 0.2 to 0.3 s of
each process. Polars imports `pyarrow.compute` for an array that it knows to be PyArrow's.
"""

from typing import Any

import polars as pl
import pyarrow as pa


def series(name: str, array: "pa.Array[Any] | pa.ChunkedArray[Any]") -> pl.Series:
    """Return the values of an array as a column, without a copy where Polars has the type, too."""
    exported = _Chunks(array) if isinstance(array, pa.ChunkedArray) else _Values(array)
    return pl.Series(exported).alias(name)


def to_arrow(values: Any) -> "pa.Array[Any]":
    """Return numbers or flags of NumPy's as an array."""
    return pl.Series(values).to_arrow()


def lists(name: str, values: pl.Series, offsets: pl.Series) -> pl.Series:
    """Return a column of lists: list `n` has the values from `offsets[n]` to `offsets[n + 1]`.

    `offsets` are 64-bit integers, one more than there are lists.
    """
    return series(name, pa.LargeListArray.from_arrays(offsets.to_arrow(), values.to_arrow()))


class _Values:
    """An array as any library hands it to another one: by Arrow's interface in C."""

    def __init__(self, array: "pa.Array[Any]") -> None:
        self._array = array

    def __arrow_c_array__(self, requested_schema: object = None) -> tuple[object, object]:
        exported: tuple[object, object] = self._array.__arrow_c_array__(requested_schema)
        return exported


class _Chunks:
    """The same of an array in chunks."""

    def __init__(self, array: "pa.ChunkedArray[Any]") -> None:
        self._array = array

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return self._array.__arrow_c_stream__(requested_schema)
