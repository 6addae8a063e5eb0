"""Columns of lists, made of all their values and of where each list begins and ends."""

from typing import Any

import polars as pl
import pyarrow as pa


class _Exported:
    """An array as any library hands it to another one: by Arrow's interface in C, without a copy.

    For one that it knows to be PyArrow's, Polars imports `pyarrow.compute`: 50 to 80 ms.
    """

    def __init__(self, array: "pa.Array[Any]") -> None:
        self._array = array

    def __arrow_c_array__(self, requested_schema: object = None) -> tuple[object, object]:
        exported: tuple[object, object] = self._array.__arrow_c_array__(requested_schema)
        return exported


def lists(name: str, values: pl.Series, offsets: pl.Series) -> pl.Series:
    """Return a column of lists: list `n` has the values from `offsets[n]` to `offsets[n + 1]`.

    `offsets` are 64-bit integers, one more than there are lists.
    """
    # not by `pyarrow.array`, which imports pandas where that is installed: 0.3 s of each process
    arrow = pa.LargeListArray.from_arrays(offsets.to_arrow(), values.to_arrow())
    return pl.Series(_Exported(arrow)).alias(name)
