"""Columns of Polars that are made of arrays of PyArrow."""

from typing import Any

import polars as pl
import pyarrow as pa


def series(name: str, array: "pa.Array[Any] | pa.ChunkedArray[Any]") -> pl.Series:
    """Return the values of an array as a column, without a copy where Polars has the type, too."""
    exported = _Chunks(array) if isinstance(array, pa.ChunkedArray) else _Values(array)
    return pl.Series(exported).alias(name)


class _Values:
    """An array as any library hands it to another one: by Arrow's interface in C.

    For one that it knows to be PyArrow's, Polars imports `pyarrow.compute`: 50 to 80 ms.
    """

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
