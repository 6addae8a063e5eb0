"""Say of each row where and when it was read."""

from collections.abc import Iterable, Mapping
from typing import Literal

import polars as pl
from pydantic import Field

from ingest.core.rows import POSITION, slice_of
from ingest.transforms.base import StepContext, Transform
from ingest.transforms.columns import need_free

_PREFIX = "_ingest_"


class AddMetadata(Transform):
    """Add columns with the run, the file and the time of each row.

    The values are the same however often a partition is tried: a resumed run keeps its id and
    its time.
    """

    type: Literal["add_metadata"]
    fields: tuple[Literal["run_id", "source", "loaded_at"], ...] = Field(
        default=("run_id", "source", "loaded_at"), min_length=1
    )
    """Which columns to add: `_ingest_run_id`, `_ingest_source` (the URI of the file; null after a
    step that makes new rows, such as `sql`), `_ingest_loaded_at` (when the run began, UTC)."""

    def apply(self, frame: pl.LazyFrame, context: StepContext) -> pl.LazyFrame:
        """Return the frame with the new columns at its end."""
        schema = frame.collect_schema()
        need_free(schema, [_PREFIX + name for name in self.fields], "fields")
        values = {
            "run_id": pl.lit(context.run_id),
            "source": _source(context.uris, known=POSITION in schema),
            "loaded_at": pl.lit(context.loaded_at).cast(pl.Datetime("us", "UTC")),
        }
        return frame.with_columns(values[name].alias(_PREFIX + name) for name in self.fields)

    def touches(self, given: Mapping[str, pl.DataType]) -> frozenset[str]:
        """Return none of them."""
        return frozenset()

    def origins(
        self, given: Mapping[str, pl.DataType], made: Iterable[str]
    ) -> dict[str, frozenset[str]]:
        """Return for new columns none."""
        return {name: frozenset([name]) & frozenset(given) for name in made}

    def writes(self) -> frozenset[str]:
        """Return the new columns."""
        return frozenset(_PREFIX + name for name in self.fields)


def _source(uris: tuple[str, ...], *, known: bool) -> pl.Expr:
    if not uris or not known:
        return pl.lit(None, dtype=pl.String)
    return slice_of(pl.col(POSITION)).replace_strict(
        list(range(len(uris))), list(uris), return_dtype=pl.String
    )
