"""Take pieces out of text by a pattern."""

from collections.abc import Iterable, Mapping
from typing import Literal

import polars as pl
from pydantic import Field, field_validator

from ingest.core.rows import HIDDEN_PREFIX, reject
from ingest.transforms.base import StepContext, Transform
from ingest.transforms.columns import need_free, need_text

_GROUPS = f"{HIDDEN_PREFIX}groups"


class Extract(Transform):
    """Extract parts of a text: each named group of a regular expression becomes a column."""

    type: Literal["extract"]
    column: str
    """The column to search."""
    pattern: str = Field(min_length=1)
    """A regular expression in Rust's syntax, without look-around, with named groups:
    `^(?P<carrier>[A-Z]{2})(?P<number>[0-9]+)$`. It may match anywhere in the text unless it has `^`
    and `$`. A group that did not match is null."""
    on_mismatch: Literal["keep", "reject"] = "keep"
    """What to do with text that does not match: keep the row, with nulls, or reject it. Rows with a
    null text are always kept."""

    @field_validator("pattern")
    @classmethod
    def _readable(cls, pattern: str) -> str:
        _groups(pattern)
        return pattern

    def apply(self, frame: pl.LazyFrame, context: StepContext) -> pl.LazyFrame:
        """Return the frame with the groups as new columns at its end."""
        schema = frame.collect_schema()
        need_text(schema, [self.column], "column")
        names = _groups(self.pattern)
        need_free(schema, names, "pattern")
        text = pl.col(self.column).cast(pl.String)
        frame = frame.with_columns(text.str.extract_groups(self.pattern).alias(_GROUPS))
        frame = frame.with_columns(pl.col(_GROUPS).struct.field(name) for name in names)
        frame = frame.drop(_GROUPS)
        if self.on_mismatch == "reject":
            # Only where all groups are null: searching all texts again takes as long as extracting
            doubtful = pl.all_horizontal(pl.col(name).is_null() for name in names)
            missed = ~pl.when(doubtful).then(text).str.contains(self.pattern)
            frame = reject(frame, missed, f"{self.column}: does not match the pattern", self.column)
        return frame

    def touches(self, given: Mapping[str, pl.DataType]) -> frozenset[str]:
        """Return the text."""
        return frozenset([self.column])

    def origins(
        self, given: Mapping[str, pl.DataType], made: Iterable[str]
    ) -> dict[str, frozenset[str]]:
        """Return for each group the text that it is a piece of."""
        pieces = self.writes()
        return {name: frozenset([self.column if name in pieces else name]) for name in made}

    def writes(self) -> frozenset[str]:
        """Return the names of the groups."""
        return frozenset(_groups(self.pattern))


def _groups(pattern: str) -> list[str]:
    """Return the names of a pattern's groups.

    Raises:
        ValueError: it is no regular expression, or has groups without a name, or none.
    """
    try:
        found = pl.Series([""]).str.extract_groups(pattern).struct.fields
    except pl.exceptions.PolarsError as error:
        reason = str(error).strip().rpartition("\n")[2].removeprefix("error: ")
        raise ValueError(
            f'"{pattern}" is not a regular expression: {reason}. Fix the pattern'
        ) from None
    if not found or any(name.isdigit() for name in found):
        raise ValueError(
            f'"{pattern}" has no groups, or groups without a name. Write (?P<name>...) for each '
            "new column, and (?:...) for other groups"
        )
    return found
