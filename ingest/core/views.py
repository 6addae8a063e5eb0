"""Texts of Polars where they are in memory, for compiled code."""

from typing import Any

import polars as pl

from ingest.compiled.texts import VIEW_BYTES, Views


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
