"""Give columns other types."""

from collections.abc import Mapping
from typing import Literal, Self

import polars as pl
from pydantic import Field, field_validator, model_validator

from ingest.core.errors import ConfigError
from ingest.core.rows import HIDDEN_PREFIX, Fault, reject_any
from ingest.core.types import parse_type
from ingest.core.values.casting import converted, lost, not_a
from ingest.core.values.numerals import Numerals
from ingest.core.values.texts import Form
from ingest.transforms.base import StepContext, Transform
from ingest.transforms.columns import need


class CastTo(Numerals):
    """A type, and how its values are written."""

    type: str
    """The name of the type: `int32`, `decimal(12, 2)`, `timestamp(us, UTC)`, `date`."""
    format: str | None = None
    """The format of dates and times written as text (`%d/%m/%Y %H:%M`), or what a numeric timestamp
    counts since 1970: `epoch_s`, `epoch_ms` or `epoch_us`. Default: ISO 8601."""

    @field_validator("type")
    @classmethod
    def _known(cls, name: str) -> str:
        parse_type(name)
        return name

    @model_validator(mode="after")
    def _readable(self) -> Self:
        self.check(parse_type(self.type))
        return self

    @property
    def form(self) -> Form | None:
        """How texts are written, if not plainly."""
        return self.format or (None if self.is_plain else self)


class Cast(Transform):
    """Change the types of columns strictly: no value is rounded, cut or turned into null.

    A row with a value that does not fit (`1.9` for an integer, `300` for int8, a third digit for
    `decimal(9, 2)`, a text that is not a date) is rejected with the column, the reason and the
    original record; the contract's `on_error` says what happens to it. Text is read as it is:
    spaces around a number are not allowed (see `normalize_text`).
    """

    type: Literal["cast"]
    columns: dict[str, str | CastTo] = Field(min_length=1)
    """Columns and types: `{distance: int32, day: {type: date, format: "%d/%m/%Y"}}`."""

    @field_validator("columns")
    @classmethod
    def _known(cls, columns: dict[str, str | CastTo]) -> dict[str, str | CastTo]:
        for kind in columns.values():
            parse_type(kind if isinstance(kind, str) else kind.type)
        return columns

    def apply(self, frame: pl.LazyFrame, context: StepContext) -> pl.LazyFrame:
        """Return the frame in the new types, rows with values that do not fit marked."""
        schema = frame.collect_schema()
        need(schema, self.columns, "columns")
        casts: dict[str, pl.Expr] = {}
        for name, kind in self.columns.items():
            wanted = kind if isinstance(kind, CastTo) else CastTo(type=kind)
            try:
                casts[name] = converted(
                    pl.col(name), schema[name], parse_type(wanted.type), wanted.form
                )
            except ConfigError as error:
                raise ConfigError(f"columns.{name}: {error}") from None
        # each value is cast once: beside the old one, which says whether it was null before
        beside = {name: f"{HIDDEN_PREFIX}cast_{place}" for place, name in enumerate(casts)}
        frame = frame.with_columns(casts[name].alias(new) for name, new in beside.items())
        faults = []
        for name, new in beside.items():
            kind = self.columns[name]
            target = parse_type(kind if isinstance(kind, str) else kind.type)
            broken = lost(pl.col(name), pl.col(new))
            faults.append(Fault(broken, f"{name}: {not_a(target)}", name))
        frame = reject_any(frame, faults)
        return frame.with_columns(pl.col(new).alias(name) for name, new in beside.items()).drop(
            *beside.values()
        )

    def touches(self, given: Mapping[str, pl.DataType]) -> frozenset[str]:
        """Return the columns whose types change."""
        return self.writes()

    def writes(self) -> frozenset[str]:
        """Return the columns whose types change."""
        return frozenset(self.columns)
