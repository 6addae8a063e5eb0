"""A function of the job's own."""

from collections.abc import Mapping
from typing import ClassVar, Literal

import polars as pl
from pydantic import Field, field_validator

from ingest.core.errors import ConfigError, JobError
from ingest.core.rows import hidden, visible
from ingest.core.types import Schema, parse_type, schema_to_json
from ingest.transforms.base import Scope, StepContext, Transform
from ingest.transforms.columns import need_free
from ingest.transforms.finding import find
from ingest.transforms.functions import load, version

_NAME = r"^[A-Za-z_]\w*(:[A-Za-z_]\w*)?$"


class Python(Transform):
    """Pass the rows of a partition through a Python function.

    The function takes a `polars.DataFrame` and returns one. It must be deterministic: a
    partition that is tried again must give the same rows. Rows that later steps reject name only
    the partition, unless the function is `row_wise`.
    """

    scope: ClassVar[Scope] = "partition"
    drops: ClassVar[str] = "aggregated"
    adds: ClassVar[bool] = True

    hints: ClassVar[Mapping[str, str]] = {
        "function": "write MODULE:FUNCTION for a function in jobs/NAME/MODULE.py, or the name of "
        "an installed entry point"
    }

    type: Literal["python"]
    function: str = Field(pattern=_NAME)
    """`module:function` for `def function(rows)` in `jobs/<name>/<module>.py`, or the name of an
    installed entry point of the group `ingest.functions`. No other code can be called."""
    columns: dict[str, str] | None = Field(default=None, min_length=1)
    """The columns that the function returns and their types, in order. Default: the columns it was
    given. A function that returns other columns fails the run."""
    row_wise: bool = False
    """Declares that the function returns one row for each row it is given, in the same order, and
    that each depends on that row alone. Then rows that later steps reject keep their file and line,
    and a row that kills or breaks a worker can be found and rejected. A different number of rows
    fails the run."""

    @property
    def by_row(self) -> bool:
        """Whether the function promises it."""
        return self.row_wise

    @field_validator("columns")
    @classmethod
    def _known(cls, columns: dict[str, str] | None) -> dict[str, str] | None:
        for name in (columns or {}).values():
            parse_type(name)
        return columns

    def check(self, context: StepContext) -> None:
        """Check that there is such a function, without importing its module."""
        self._refuse_if_shut(context)
        find(self.function, context.job_folder)

    def prepare(self, context: StepContext) -> None:
        """Check that the function can be loaded."""
        self._refuse_if_shut(context)
        load(self.function, context.job_folder)

    def apply(self, frame: pl.LazyFrame, context: StepContext) -> pl.LazyFrame:
        """Return what the function returns; hidden columns end here, unless it is `row_wise`."""
        self._refuse_if_shut(context)
        given: Schema = dict(frame.collect_schema())
        shown = visible(given)
        kept = hidden(given) if self.row_wise else []
        schema = {name: given[name] for name in shown}
        if self.columns:
            need_free((), self.columns, "columns")
            schema = {name: parse_type(kind) for name, kind in self.columns.items()}

        def call(batch: pl.DataFrame) -> pl.DataFrame:
            result = load(self.function, context.job_folder)(batch.select(shown))
            rows = self._checked(result, schema)
            return self._aligned(rows, batch).hstack(batch.select(kept)) if self.row_wise else rows

        return frame.select(*shown, *kept).map_batches(
            call,
            schema=pl.Schema({**schema, **{name: given[name] for name in kept}}),
            predicate_pushdown=False,
            projection_pushdown=False,
            slice_pushdown=False,
        )

    def fingerprint(self, context: StepContext) -> str:
        """Return the digest of the function's file, or the version of the package it comes with.

        What the file itself imports is not looked into.
        """
        return version(self.function, context.job_folder)

    def writes(self) -> frozenset[str]:
        """Return the declared columns."""
        return frozenset(self.columns or ())

    def decides(self, given: Mapping[str, pl.DataType]) -> frozenset[str]:
        """Return all of them, unless no row comes or goes."""
        return frozenset() if self.row_wise else frozenset(given)

    def _refuse_if_shut(self, context: StepContext) -> None:
        if not context.python:
            raise ConfigError(
                f'function: "{self.function}": Python functions are turned off for this run '
                "(execution.python: false). Use other steps, or ask your operator to allow "
                "them."
            )

    def _checked(self, result: object, schema: Schema) -> pl.DataFrame:
        if not isinstance(result, pl.DataFrame):
            raise JobError(
                f'python: "{self.function}" returned {type(result).__name__}. It must return a '
                "polars.DataFrame. Fix the function."
            )
        found = dict(result.schema)
        if found != schema or list(found) != list(schema):
            raise JobError(
                f'python: "{self.function}" returned the columns {schema_to_json(found)}. '
                f"Expected {schema_to_json(schema)}. Declare other columns under columns, or "
                "fix the function."
            )
        return result

    def _aligned(self, rows: pl.DataFrame, given: pl.DataFrame) -> pl.DataFrame:
        if rows.height != given.height:
            raise JobError(
                f'python: "{self.function}" returned {rows.height:,} rows for '
                f"{given.height:,}. With row_wise it must return one row for each, in the same "
                "order. Remove row_wise if it does not."
            )
        return rows
