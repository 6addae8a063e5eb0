"""Bringing the columns of one file into the types of the plan."""

import json
from collections.abc import Container, Mapping
from dataclasses import field, replace

import polars as pl

from ingest.core.dataclass import dataclass
from ingest.core.errors import BadRowError, ConfigError
from ingest.core.paths import readable_path
from ingest.core.rows import HIDDEN_PREFIX, POSITION, REJECT, REJECT_COLUMN, Fault, reject_any
from ingest.core.types import Schema, type_name
from ingest.core.values.casting import lost, not_a
from ingest.sources.base import Rejects
from ingest.sources.columns.types import as_type, in_yaml, remedy
from ingest.sources.columns.widening import common, widens

_NEW = f"{HIDDEN_PREFIX}new_"
_WAS = f"{HIDDEN_PREFIX}was_"


@dataclass(frozen=True, slots=True)
class Aligner:
    """Brings the columns of a file into their planned types.

    `strict` are the columns whose values are rejected if they do not fit: somebody named the type.
    Of others no value may be lost. `example` is a file that the types were taken from. `uri` and
    `found` are of the file that is read.
    """

    planned: Schema
    strict: Container[str]
    formats: Mapping[str, str]
    example: str
    uri: str = ""
    found: Schema = field(default_factory=dict)

    def of(self, uri: str, found: Schema) -> "Aligner":
        """Return the one for a file with these columns."""
        return replace(self, uri=uri, found=found)

    @property
    def doubtful(self) -> list[str]:
        """The columns of the file whose values may not fit the plan's types."""
        planned = self.planned.items()
        return [name for name, dtype in planned if not _fits(self.found.get(name), dtype)]

    def check(self) -> None:
        """Refuse the file if it has a column whose type does not go with the plan's.

        Raises:
            BadRowError: there is one; the text names two files and what to write.
        """
        for name, planned in self.planned.items():
            dtype = self.found.get(name, planned)
            if name in self.strict:
                self._expression(name, dtype)
            elif not (widens(dtype, planned) or common(dtype, planned) == planned):
                raise BadRowError(
                    f'{readable_path(self.uri)}: column "{name}" is {type_name(dtype)}, but '
                    f"was planned as {type_name(planned)} because of "
                    f"{readable_path(self.example) or 'all files'}. {remedy(name, planned, dtype)}"
                )

    def align(self, frame: pl.LazyFrame) -> pl.LazyFrame:
        """Return the planned columns in their types, and the hidden ones; null where missing.

        Values that may not fit are marked as `core.rows.reject` does, with what they were beside.
        """
        found, doubtful = self.found, self.doubtful
        actual = frame.collect_schema()  # may have categories, where the plan has texts
        if doubtful:
            frame = frame.with_columns(
                pl.col(name).cast(found[name]) for name in doubtful if actual[name] != found[name]
            )
            frame = frame.with_columns(
                *(self._expression(name, found[name]).alias(_NEW + name) for name in doubtful),
                *(
                    pl.col(name).cast(pl.String, strict=False).alias(_WAS + name)
                    for name in doubtful
                    if not found[name].is_nested()
                ),
            )
            frame = reject_any(frame, [self._fault(name) for name in doubtful])
        columns = [
            pl.col(_NEW + name).alias(name)
            if name in doubtful
            else _column(name, actual.get(name), to)
            for name, to in self.planned.items()
        ]
        return frame.select(*columns, pl.col(f"^{HIDDEN_PREFIX}.*$").exclude(f"^{_NEW}.*$"))

    def part(self, table: pl.DataFrame, first_row: int) -> tuple[pl.DataFrame, Rejects]:
        """Part rows, with `POSITION`, from those that are marked; `first_row` counts from 0.

        Raises:
            BadRowError: a value is lost that nobody allowed to be rejected.
        """
        bad = table.filter(pl.col(REJECT).is_not_null())
        for row in bad.iter_rows(named=True):
            if row[REJECT_COLUMN] not in self.strict:
                raise self._out_of_range(row[REJECT_COLUMN], row)
        rows = table.filter(pl.col(REJECT).is_null())
        kept = [name for name in table.columns if name in self.planned or name == POSITION]
        return rows.select(kept), _rejects(table, bad, first_row)

    def _expression(self, name: str, dtype: pl.DataType) -> pl.Expr:
        try:
            return as_type(pl.col(name), dtype, self.planned[name], self.formats.get(name))
        except ConfigError as error:
            raise BadRowError(f'{readable_path(self.uri)}: column "{name}": {error}') from None

    def _out_of_range(self, name: str, row: Mapping[str, object]) -> BadRowError:
        planned = self.planned[name]
        zone = planned.time_zone if isinstance(planned, pl.Datetime) else None
        return BadRowError(
            f'{readable_path(self.uri)}: column "{name}": "{row.get(_WAS + name)}" is outside '
            f"the range of {type_name(planned)}, the planned type. Set the type: columns: "
            f"{{{name}: {in_yaml(pl.Datetime('us', zone))}}}"
        )

    def _fault(self, name: str) -> Fault:
        return Fault(lost(pl.col(name), pl.col(_NEW + name)), not_a(self.planned[name]), name)


def _fits(dtype: pl.DataType | None, planned: pl.DataType) -> bool:
    return dtype is None or widens(dtype, planned)


def _column(name: str, dtype: pl.DataType | None, planned: pl.DataType) -> pl.Expr:
    if dtype is None:
        return pl.lit(None, planned).alias(name)
    return pl.col(name) if dtype == planned else pl.col(name).cast(planned)


def _rejects(table: pl.DataFrame, bad: pl.DataFrame, first_row: int) -> Rejects:
    start = table[POSITION][0] if table.height else 0
    originals = []
    for row in bad.iter_rows(named=True):
        name = row[REJECT_COLUMN]
        originals.append(json.dumps({name: row.get(_WAS + name)}, ensure_ascii=False))
    frame = bad.select(
        pl.col(POSITION).alias("position"),
        (pl.col(POSITION) - start + first_row + 1).cast(pl.Int64).alias("line"),
        pl.col(REJECT_COLUMN).alias("column"),
        pl.col(REJECT).alias("reason"),
    )
    return Rejects(frame.with_columns(pl.Series("original", originals, dtype=pl.String)))
