"""The condition of a Parquet source, `where`: which rows of the files are read."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import polars as pl

from ingest.core.dataclass import dataclass
from ingest.core.errors import BadRowError, ConfigError
from ingest.core.rows import HIDDEN_PREFIX
from ingest.core.types import Schema, type_name
from ingest.expressions import columns, resolve
from ingest.sources.columns.options import refuse_unknown

_FAILS = f"{HIDDEN_PREFIX}fails"


@dataclass(frozen=True, slots=True)
class Condition:
    """A SQL condition over the columns of files; without text, it is true for all rows."""

    text: str | None

    def __bool__(self) -> bool:
        """Whether rows may be left out by it."""
        return self.text is not None

    def names(self, known: Sequence[str]) -> list[str]:
        """Return the columns that it is about.

        Raises:
            ConfigError: it is no condition, or names a column that is not `known`.
        """
        if self.text is None:
            return []
        with _in_where():
            names = sorted(columns(self.text))
        refuse_unknown("where", names, known)
        return names

    def check(self, known: Schema) -> None:
        """Refuse a condition that does not fit the columns that are read.

        Raises:
            ConfigError: it is none, or names or compares what it cannot.
        """
        if self.text is None:
            return
        with _in_where():
            condition = resolve(self.text, known)
        if condition.dtype != pl.Boolean:
            raise ConfigError(
                f'where: "{self.text}" is {type_name(condition.dtype)}. A condition must be '
                "true or false. Compare it with a value"
            )

    def filtered(self, frame: pl.LazyFrame, uri: str, planned: Schema) -> pl.DataFrame:
        """Return the rows of a file for which it is true.

        Raises:
            BadRowError: it cannot be computed in some of them.
        """
        if self.text is None:
            return frame.collect()
        condition = resolve(self.text, planned)
        if condition.fails is None:
            return frame.filter(condition.value).collect()
        table = frame.with_columns(condition.fails.alias(_FAILS)).collect()
        if failing := int(table[_FAILS].fill_null(value=False).sum()):
            raise BadRowError(
                f'{uri}: where: "{self.text}" cannot be computed in {failing} rows. Use '
                "TRY_CAST to get null instead"
            )
        return table.drop(_FAILS).filter(condition.value)


@contextmanager
def _in_where() -> Iterator[None]:
    """Say that a mistake is one of the condition."""
    try:
        yield
    except ConfigError as error:
        raise ConfigError(*(f"where: {line}" for line in error.lines)) from None
