"""Columns of lists, made of all their values and of where each list begins and ends."""

import polars as pl
import pyarrow as pa

from ingest.core.arrow import series


def lists(name: str, values: pl.Series, offsets: pl.Series) -> pl.Series:
    """Return a column of lists: list `n` has the values from `offsets[n]` to `offsets[n + 1]`.

    `offsets` are 64-bit integers, one more than there are lists.
    """
    # not by `pyarrow.array`, which imports pandas where that is installed: 0.3 s of each process
    return series(name, pa.LargeListArray.from_arrays(offsets.to_arrow(), values.to_arrow()))
