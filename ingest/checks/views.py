"""Rules on texts that compiled code looks at, where it was built; elsewhere Polars does."""

from collections.abc import Callable
from typing import Any

import numpy as np
import polars as pl

from ingest.compiled.library import is_there
from ingest.compiled.texts import VIEW_BYTES, Flags, Views


def kept_by_views(texts: pl.Expr, kept: Callable[[Views], Flags], otherwise: pl.Expr) -> pl.Expr:
    """Return which texts keep a rule, as compiled code says or, without it, `otherwise`.

    That is about the first column. Of nulls it may be null; by compiled code they keep every rule.
    """

    def looked_at(column: pl.Series) -> pl.Series:
        if not is_there():
            return column.to_frame().select(otherwise).to_series()
        arrays = [arrow_views(chunk) for chunk in column.get_chunks()]
        flags = [kept(views_of(array)) for array in arrays]
        return pl.Series(column.name, np.concatenate(flags) if flags else [], pl.Boolean)

    # not called elementwise: then Polars would ask of each chunk, some of them of a few rows
    return texts.map_batches(looked_at, return_dtype=pl.Boolean())


def arrow_views(chunk: pl.Series) -> Any:
    """Return the texts of one chunk as Arrow's views, without a copy."""
    return chunk.to_arrow(compat_level=pl.CompatLevel.newest())


def views_of(array: Any) -> Views:
    """Return where an array is in memory, which it must be as long as anybody looks there."""
    valid, views, *others = array.buffers()
    return Views(
        views.address + array.offset * VIEW_BYTES if views else 0,
        len(array),
        valid.address if valid else 0,
        array.offset,
        [buffer.address if buffer else 0 for buffer in others],
    )
