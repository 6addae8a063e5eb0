"""Keep some rows."""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

import polars as pl
from pydantic import AfterValidator

from ingest.core.errors import ConfigError
from ingest.core.rows import HIDDEN_PREFIX, reject
from ingest.core.types import type_name
from ingest.expressions import checked, columns, failure, resolve
from ingest.transforms.base import StepContext, Transform

_FAILED = f"{HIDDEN_PREFIX}failed"


class Filter(Transform):
    """Keep the rows for which `where` is true. Null counts as false, as in SQL."""

    drops: ClassVar[str] = "filtered"

    type: Literal["filter"]
    where: Annotated[str, AfterValidator(checked)]
    """A SQL condition over the columns: `dep_time IS NOT NULL AND distance > 0`. A row for which it
    cannot be computed (a CAST that fails) is rejected, not dropped."""

    def apply(self, frame: pl.LazyFrame, context: StepContext) -> pl.LazyFrame:
        """Return the rows that fulfil the condition, and those that it cannot be computed for."""
        schema = frame.collect_schema()
        try:
            where = resolve(self.where, schema)
        except ConfigError as error:
            raise ConfigError(*(f"where: {line}" for line in error.lines)) from None
        if where.dtype not in {pl.Boolean(), pl.Null()}:
            raise ConfigError(
                f'where: "{self.where}" is {type_name(where.dtype)}, but must be true or false. '
                "Compare it with a value."
            )
        keep = where.value.cast(pl.Boolean)
        if where.fails is None:
            return frame.filter(keep)
        frame = frame.with_columns(where.fails.fill_null(value=False).alias(_FAILED))
        read = columns(self.where)
        reason = failure(self.where)
        frame = reject(
            frame.filter(keep | pl.col(_FAILED)),
            pl.col(_FAILED),
            reason,
            next(iter(read)) if len(read) == 1 else None,
        )
        return frame.drop(_FAILED)

    def touches(self, given: Mapping[str, pl.DataType]) -> frozenset[str]:
        """Return the columns of the condition."""
        return self.decides(given)

    def decides(self, given: Mapping[str, pl.DataType]) -> frozenset[str]:
        """Return the columns of the condition."""
        return columns(self.where) & frozenset(given)
