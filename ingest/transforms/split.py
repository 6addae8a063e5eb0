"""Cut text at a separator."""

from collections.abc import Iterable, Mapping
from typing import Literal

import polars as pl
from pydantic import Field

from ingest.core.rows import HIDDEN_PREFIX
from ingest.transforms.base import StepContext, Transform
from ingest.transforms.columns import need_free, need_text

_PARTS = f"{HIDDEN_PREFIX}parts"


class Split(Transform):
    """Split a text at a separator, into columns or into a list."""

    type: Literal["split"]
    column: str
    """The column to split."""
    separator: str = Field(min_length=1)
    """Where to split: this exact text, not a pattern."""
    into: str | tuple[str, ...] = Field(min_length=1)
    """The names of the new columns. The last one takes the rest of the text; columns without a part
    are null. With a single name, the column is the list of all parts."""
    keep: bool = True
    """Whether to keep the original column. If not, a new column may have its name."""

    def apply(self, frame: pl.LazyFrame, context: StepContext) -> pl.LazyFrame:
        """Return the frame with the parts as new columns at its end."""
        schema = frame.collect_schema()
        need_text(schema, [self.column], "column")
        kept = [name for name in schema if self.keep or name != self.column]
        names = [self.into] if isinstance(self.into, str) else list(self.into)
        need_free(kept, names, "into")
        text = pl.col(self.column).cast(pl.String)
        if isinstance(self.into, str):
            parts = [text.str.split(self.separator).alias(self.into)]
        else:
            frame = frame.with_columns(text.str.splitn(self.separator, len(names)).alias(_PARTS))
            fields = [pl.col(_PARTS).struct.field(f"field_{place}") for place in range(len(names))]
            parts = [field.alias(name) for field, name in zip(fields, names, strict=True)]
        return frame.select(*kept, *parts)

    def touches(self, given: Mapping[str, pl.DataType]) -> frozenset[str]:
        """Return the text."""
        return frozenset([self.column])

    def origins(
        self, given: Mapping[str, pl.DataType], made: Iterable[str]
    ) -> dict[str, frozenset[str]]:
        """Return for each part the text that it is a piece of."""
        pieces = self.writes()
        return {name: frozenset([self.column if name in pieces else name]) for name in made}

    def writes(self) -> frozenset[str]:
        """Return the parts."""
        return frozenset([self.into] if isinstance(self.into, str) else self.into)
