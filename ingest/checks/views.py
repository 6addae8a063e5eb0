"""Rules on texts that compiled code looks at, where it was built; elsewhere Polars does."""

from collections.abc import Callable

import numpy as np
import polars as pl

from ingest.compiled.library import is_there
from ingest.compiled.texts import Flags, Views
from ingest.core.views import arrow_views, views_of


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
