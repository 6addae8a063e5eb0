"""One SELECT over a partition."""

import re
from itertools import pairwise
from typing import ClassVar, Literal

import polars as pl

from ingest.core.errors import ConfigError
from ingest.core.names import no_such_column
from ingest.core.rows import visible
from ingest.expressions.refusals import AGGREGATES, CLOCKS, RANDOM, WINDOWS
from ingest.expressions.tokens import Token, tokens
from ingest.transforms.base import Scope, StepContext, Transform
from ingest.transforms.columns import need_free

_NO_TABLE = re.compile(r"relation '(.+)' was not found")
_NO_COLUMN = re.compile(r'unable to find column "(.+?)"')
_PARTIAL = (
    "GROUP BY, ORDER BY, DISTINCT, LIMIT, aggregates and windows see one part of the input at a "
    "time (a partition), not all rows"
)


class Sql(Transform):
    """Replace the rows of a partition with the result of one SELECT over them.

    `SELECT carrier, count(*) AS flights FROM input GROUP BY carrier` counts within each
    partition, not over the whole data set: a carrier in two partitions gives two rows. The SQL
    dialect is that of Polars. Rows that later steps reject name only the partition, because the new
    rows have no place in a file.
    """

    scope: ClassVar[Scope] = "partition"
    drops: ClassVar[str] = "aggregated"
    adds: ClassVar[bool] = True

    type: Literal["sql"]
    query: str
    """One SELECT over the table `input`. It cannot read files, and has no clock and no random
    functions."""

    def apply(self, frame: pl.LazyFrame, context: StepContext) -> pl.LazyFrame:
        """Return the rows of the query; hidden columns end here."""
        self._check()
        rows = frame.select(visible(frame.collect_schema()))
        try:
            result = pl.SQLContext({"input": rows}, register_globals=False, eager=False).execute(
                self.query
            )
            schema = result.collect_schema()
        except pl.exceptions.PolarsError as error:
            reason = str(error).strip().partition("\n\n")[0].replace("\n", " ").rstrip(".")
            if table := _NO_TABLE.match(reason):
                reason = f'there is no table "{table[1]}". The rows are the table input: FROM input'
            if column := _NO_COLUMN.match(reason):
                reason = str(no_such_column(column[1], rows.collect_schema())).rstrip(".")
            raise ConfigError(f"query: {reason}.") from None
        need_free((), schema, "query")
        return result

    def remark(self) -> str:
        """Say that a query over several rows sees those of a partition."""
        return _PARTIAL if any(_looks_at_others(token) for token in tokens(self.query)) else ""

    def _check(self) -> None:
        """Refuse whatever is no single SELECT over `input` alone.

        Raises:
            ConfigError: Polars would run it: it reads files (`read_csv`) and alters tables.
        """
        try:
            found = list(tokens(self.query))
        except ConfigError as error:
            raise ConfigError(f"query: {error}") from None
        if not found[0].is_word("select", "with"):
            raise ConfigError(f'query: it begins with "{found[0].value}". Write one SELECT.')
        for token, after in pairwise(found):
            called = after.kind == "operator" and after.value == "("
            if called and token.kind in {"word", "name"}:
                _refuse_reader(token)
            if token.is_word(*CLOCKS, *RANDOM) and (called or "_" in token.value):
                raise ConfigError(
                    f'query: "{token.value}" would give a different value when a partition is '
                    "tried again. Use a step of type add_metadata."
                )


def _looks_at_others(token: Token) -> bool:
    """Whether a word of a query makes a row depend on other rows."""
    return token.is_word("group", "distinct", "order", "limit", "over", *AGGREGATES, *WINDOWS)


def _refuse_reader(token: Token) -> None:
    if token.value.lower().startswith(("read_", "scan_")):
        raise ConfigError(
            f'query: "{token.value}" reads a file. The only table is input. To join another '
            "file, use a step of type lookup."
        )
