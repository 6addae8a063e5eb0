"""Compute columns."""

from collections.abc import Iterable, Mapping
from typing import Annotated, Literal

import polars as pl
from pydantic import AfterValidator, Field

from ingest.core.errors import ConfigError
from ingest.core.rows import HIDDEN_PREFIX, reject
from ingest.expressions import checked, columns, failure, resolve
from ingest.transforms.base import StepContext, Transform
from ingest.transforms.columns import need_free

_FAILED = f"{HIDDEN_PREFIX}failed"


class Derive(Transform):
    """Compute columns, one after the other: each may use those before it.

    An existing column with the same name is replaced in its place. A row for which an expression
    cannot be computed (a CAST that fails, an integer divided by zero) is rejected.
    """

    type: Literal["derive"]
    columns: dict[str, Annotated[str, AfterValidator(checked)]] = Field(min_length=1)
    """Columns and SQL expressions: `{speed: "distance / (air_time / 60.0)"}`."""

    def apply(self, frame: pl.LazyFrame, context: StepContext) -> pl.LazyFrame:
        """Return the frame with the new columns."""
        need_free((), self.columns, "columns")
        for name, text in self.columns.items():
            try:
                found = resolve(text, frame.collect_schema())
            except ConfigError as error:
                raise ConfigError(*(f"columns.{name}: {line}" for line in error.lines)) from None
            if found.fails is None:
                frame = frame.with_columns(found.value.alias(name))
                continue
            failed = found.fails.alias(_FAILED)  # in one node, so that common parts are shared
            frame = frame.with_columns(found.value.alias(name), failed)
            reason = f"{name}: {failure(text)}"
            frame = reject(frame, pl.col(_FAILED), reason, name).drop(_FAILED)
        return frame

    def touches(self, given: Mapping[str, pl.DataType]) -> frozenset[str]:
        """Return the columns of the expressions."""
        return frozenset().union(*map(columns, self.columns.values())) & frozenset(given)

    def origins(
        self, given: Mapping[str, pl.DataType], made: Iterable[str]
    ) -> dict[str, frozenset[str]]:
        """Return for each computed column those that its expression reads."""
        known = {name: frozenset([name]) for name in given}
        for name, text in self.columns.items():
            known[name] = frozenset().union(*(known.get(read, ()) for read in columns(text)))
        return known

    def writes(self) -> frozenset[str]:
        """Return the computed columns."""
        return frozenset(self.columns)
