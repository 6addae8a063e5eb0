"""Put values where there are none."""

from collections.abc import Mapping
from typing import Literal

import polars as pl
from pydantic import Field

from ingest.core.errors import ConfigError
from ingest.core.types import type_name
from ingest.core.values.casting import converted
from ingest.transforms.base import StepContext, Transform
from ingest.transforms.columns import need


class FillNull(Transform):
    """Replace nulls with a constant. NaN is not null and stays."""

    type: Literal["fill_null"]
    columns: dict[str, bool | int | float | str] = Field(min_length=1)
    """Columns and values: `{carrier: unknown, delay: 0, day: "1970-01-01"}`. A value must fit the
    column's type, which does not change. Values from other rows (an average, the previous value)
    would depend on how the input is split: use `type: sql` to compute them within a partition."""

    def apply(self, frame: pl.LazyFrame, context: StepContext) -> pl.LazyFrame:
        """Return the frame with the nulls of these columns filled."""
        schema = frame.collect_schema()
        need(schema, self.columns, "columns")
        return frame.with_columns(
            pl.col(name).fill_null(_constant(name, value, schema[name]))
            for name, value in self.columns.items()
        )

    def touches(self, given: Mapping[str, pl.DataType]) -> frozenset[str]:
        """Return the filled columns."""
        return self.writes()

    def writes(self) -> frozenset[str]:
        """Return the filled columns."""
        return frozenset(self.columns)


def _constant(name: str, value: bool | float | str, dtype: pl.DataType) -> pl.Expr:
    """Return the value in the column's type.

    Raises:
        ConfigError: it does not fit.
    """
    literal = pl.Series([value])
    problem = ConfigError(
        f'columns.{name}: "{value}" is not a {type_name(dtype)}, the type of the column. Write '
        "a value of that type, or cast the column first."
    )
    if isinstance(value, str) != (isinstance(dtype, pl.String) or dtype.is_temporal()):
        raise problem
    if isinstance(dtype, pl.Categorical | pl.Enum):
        return pl.lit(value, dtype=dtype)
    found = literal.to_frame("x").select(converted(pl.col("x"), literal.dtype, dtype)).to_series()
    if found.null_count():
        raise problem
    return pl.lit(found).first()
