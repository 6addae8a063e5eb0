"""What columns and rows must be, and what happens to those that are not.

Each row is checked once, by rules in this order: its values fit the contract's types; columns
that are not nullable have a value; the checks of scope `row`, as listed; then, among the rows that
are good so far, the checks of scope `partition`.

A value fits a type if it means the same in that type:

    integer to integer, decimal     if it is in range
    float, decimal to integer       if it is whole and in range
    float, decimal to decimal       if no digit is lost; a float's are the shortest that name it
    integer to float                if the float is exactly that number
    decimal to float                if the float's digits are the decimal's
    float64 to float32              the nearest, the one rounding there is; no new infinity or zero
    text to integer, decimal        if it is written as one, in plain digits, and none is lost
    text to float                   digits alone if exact, else the nearest; no new infinity or zero
    text to boolean                 true false t f yes no y n 1 0
    text to date, time, timestamp   in ISO 8601; a zone is written if and only if the type has one
    boolean to and from a number    0 and 1
    date to timestamp               as its midnight; never to one with a zone
    timestamp to date               at midnight on the clocks of its zone
    timestamp to another unit       if in range and no digit is lost; never to or from a zone
    list, struct                    if all that is in it fits
    anything but nested to string   as it is written

Other pairs are refused before anything runs.
"""

from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from typing import Annotated, Any, ClassVar, Literal, Self

import polars as pl
from pydantic import Field, field_validator, model_validator

from ingest.checks import CHECKS
from ingest.checks.base import BROKEN, Check, Violation
from ingest.checks.rules import ColumnCast, Rules
from ingest.core.counts import counted
from ingest.core.credentials import without_credentials
from ingest.core.errors import ConfigError
from ingest.core.marks import NOTHING, OUTSIDE
from ingest.core.model import Model
from ingest.core.names import no_such_column
from ingest.core.types import Schema, parse_type, type_name
from ingest.core.values.casting import converted
from ingest.storage.connections import AnyStore
from ingest.storage.remote import writer_of

__all__ = ["BROKEN", "Column", "Contract", "Quarantine"]

AnyCheck = Annotated[Check, CHECKS]


class Column(Model):
    """What a column must be. May be written as its type alone: `distance: int32`."""

    hints: ClassVar[Mapping[str, str]] = {
        "not_null": "Write nullable: false",
        "required": "Write nullable: false",
        "tests": "Rules are listed in contract.checks, such as {type: not_null, columns: [id]}",
        "data_tests": "Rules are listed in contract.checks, such as {type: not_null, columns: "
        "[id]}",
    }

    type: str
    """The column's type, such as `int32`, `string`, `date`, `timestamp`, `decimal(10,2)` or
    `list<string>`."""
    description: Annotated[str, NOTHING] = ""
    """What the column means, for readers of the docs."""
    nullable: bool = True
    """Whether the column may be null."""
    unit: Annotated[str | None, NOTHING] = None
    """The unit of the column's numbers, such as `mile` or `USD`."""
    pii: bool = False
    """Whether it holds personal data: see `contract.pii`, which this adds the column to."""

    @model_validator(mode="before")
    @classmethod
    def _short(cls, value: Any) -> Any:
        return {"type": value} if isinstance(value, str) else value

    @field_validator("type")
    @classmethod
    def _known(cls, text: str) -> str:
        parse_type(text)
        return text


class Quarantine(Model):
    """Where rejected rows go."""

    path: str | None = Field(default=None, min_length=1)
    """The directory of the Parquet data set, on a local disk or in a bucket. Default: the sink's
    path followed by `_quarantine`."""
    connection: Annotated[AnyStore | None, OUTSIDE] = None
    """The connection that a bucket is written through, by its name: `conf/connection/NAME.yaml`.
    Without it, that of the sink if it has one, otherwise the environment says how."""
    keep: Literal["published", "all"] = "published"
    """Which rejected rows the quarantine contains after a run whose sink overwrites: `published`
    keeps those of the published run, `all` keeps those of every run, marked by `run_id`. Other
    sinks always keep those of every run."""
    original: bool = True
    """Whether to keep each rejected record as it is in the input, so that it can be read again.
    With `false`, only `row` is kept: the values at the time of the rejection."""
    pii: Literal["redact", "keep"] = "redact"
    """What `original` and `row` contain for private columns (see `contract.pii`): `***` (`redact`)
    or their values (`keep`). To read a redacted record again, use its `file` and `line`."""

    @model_validator(mode="after")
    def _reachable(self) -> Self:
        if self.path is not None:
            writer_of(without_credentials(self.path), self.connection)
        elif self.connection is not None:
            raise ValueError("connection: goes with path. Write path: s3://BUCKET/PATH")
        return self


class Contract(Model):
    """What the columns and rows of the output must be, and what happens to rows that are not."""

    columns: dict[str, Column] = Field(default_factory=dict)
    """Types by column. A column that is not listed passes through unchanged."""
    pii: tuple[str, ...] = ()
    """Columns with personal data, in addition to those marked in `columns`: columns of the source,
    or of any step. They are private, and so are masked columns, columns from which a private column
    is computed, and columns computed from a private column. Their values are never shown in the
    quarantine, previews, logs or errors."""
    checks: tuple[AnyCheck, ...] = ()
    """Rules that every row must pass, in addition to the types."""
    on_error: Literal["fail", "skip", "quarantine"] = "fail"
    """What happens to a row that breaks a rule or cannot be read. `fail` ends the run, `skip` drops
    the row and counts it, `quarantine` writes it beside the output with its place, reason and
    original text."""
    max_errors: int | None = Field(default=None, ge=0)
    """How many rows may be rejected before the run fails. Default: no limit."""
    max_error_ratio: float | None = Field(default=None, ge=0, le=1)
    """Which share of all records may be rejected before the run fails: 0.01 is one in a hundred."""
    min_records: int = Field(default=0, ge=0)
    """`max_error_ratio` applies once a run has read this many records. With fewer records, one bad
    row would weigh too much."""
    quarantine: Quarantine | None = None
    """Where rejected rows are written, if not to the default place beside the output."""

    @property
    def keeps_original(self) -> bool:
        """Whether the quarantine holds records as they lie in the input."""
        return self.quarantine is None or self.quarantine.original

    @property
    def shows_private(self) -> bool:
        """Whether the quarantine holds the values of private columns."""
        told = self.quarantine is not None and self.quarantine.pii == "keep"
        return told and self.on_error == "quarantine"

    @property
    def marked(self) -> frozenset[str]:
        """The columns of the output that hold personal data, as far as `columns` says it."""
        return frozenset(name for name, column in self.columns.items() if column.pii)

    @property
    def private(self) -> frozenset[str]:
        """All columns that the contract says hold personal data."""
        return self.marked.union(self.pii)

    @property
    def types(self) -> Schema:
        """The types of the listed columns."""
        return {name: parse_type(column.type) for name, column in self.columns.items()}

    def outgoing(self, schema: Mapping[str, pl.DataType]) -> Schema:
        """Return the schema of rows that came in with `schema` and keep the contract.

        Raises:
            ConfigError: columns are missing, can never become the type, or cannot be checked so:
                all of it, one line each, beginning at the option.
        """
        lines: list[str] = []
        absent = self.types.keys() - schema.keys()
        for name, kind in self.types.items():
            try:
                if name not in schema:
                    raise no_such_column(name, schema)
                converted(pl.col(name), schema[name], kind)
            except ConfigError as error:
                lines += (f"columns.{name}: {line}" for line in error.lines)
        outgoing = {**schema, **{k: v for k, v in self.types.items() if k in schema}}
        for place, check in enumerate(self.checks):
            try:
                check.violations(outgoing)
            except ConfigError as error:
                said = (line for line in error.lines if not _is_about(line, absent))
                lines += (f"checks[{place}]: {check.type}: {line}" for line in said)
        if lines:
            raise ConfigError(*lines)
        return outgoing

    def decides(self, schema: Mapping[str, pl.DataType]) -> frozenset[str]:
        """Return the columns by whose values the rules reject rows."""
        broken = (rule.broken for rule in self.rules(schema).all)
        names = {name for each in broken for name in each.meta.root_names()}
        return frozenset(names & schema.keys())

    def rules(self, schema: Mapping[str, pl.DataType]) -> Rules:
        """Return what judges rows of a schema; it is made once and used for all of them."""
        outgoing = {**schema, **self.types}
        not_null = (
            Violation(name, f"{name}: not_null", pl.col(name).is_null())
            for name, column in self.columns.items()
            if not column.nullable
        )
        return Rules(
            casts=tuple(
                ColumnCast(name, type_name(kind), converted(pl.col(name), schema[name], kind))
                for name, kind in self.types.items()
                if schema[name] != kind
            ),
            row=(*not_null, *self._violations("row", outgoing)),
            partition=tuple(self._violations("partition", outgoing)),
        )

    def within_budget(self, errors: int, records: int) -> str | None:
        """Say by how much the rejected rows exceed what the contract tolerates; None if not at all.

        `records` are all that were read, the rejected ones among them.
        """
        if self.on_error == "fail" and errors:
            return f"on_error: {_were(errors)} rejected, and on_error is fail"
        if self.max_errors is not None and errors > self.max_errors:
            return f"max_errors: {_were(errors)} rejected; at most {self.max_errors:,} may be"
        if self.max_error_ratio is None or not records or records < self.min_records:
            return None
        if errors <= self.max_error_ratio * records:
            return None
        return (
            f"max_error_ratio: {errors:,} of {counted(records, 'record')} "
            f"({_percent(errors / records, self.max_error_ratio)}) were rejected; at most "
            f"{100 * self.max_error_ratio:g} % may be"
        )

    def _violations(self, scope: str, schema: Mapping[str, pl.DataType]) -> Iterator[Violation]:
        for check in self.checks:
            if check.scope == scope:
                yield from check.violations(schema)


def _is_about(line: str, absent: AbstractSet[str]) -> bool:
    """Whether a mistake is that a column is absent of which `columns` has said so already."""
    return any(f'no such column "{name}".' in line for name in absent)


def _were(rows: int) -> str:
    return f"{counted(rows, 'row')} {'was' if rows == 1 else 'were'}"


def _percent(share: float, allowed: float) -> str:
    """Return a share in percent, with as many digits as show that it is more than allowed."""
    texts = (f"{100 * share:.{digits}f}" for digits in range(2, 17))
    text = next((text for text in texts if float(text) > 100 * allowed), f"{100 * share}")
    return f"{text.rstrip('0').rstrip('.')} %"
