"""Choose columns."""

from collections.abc import Mapping
from typing import Literal

import polars as pl
from pydantic import Field

from ingest.core.errors import ConfigError
from ingest.core.names import no_such_column
from ingest.core.rows import hidden, visible
from ingest.transforms.base import StepContext, Transform
from ingest.transforms.columns import matching


class Select(Transform):
    """Keep some columns, in the order in which they are listed."""

    type: Literal["select"]
    columns: tuple[str, ...] = Field(min_length=1)
    """Names, patterns with `*`, `?` or `[abc]`, and with a leading minus sign the columns to
    remove: `[carrier, "dep_*", "-dep_delay"]`. If the first entry removes, all other columns are
    kept."""

    def apply(self, frame: pl.LazyFrame, context: StepContext) -> pl.LazyFrame:
        """Return the chosen columns; each entry must mean at least one column."""
        schema = frame.collect_schema()
        names = visible(schema)
        chosen = list(names) if self._leaves_out(self.columns[0], names) else []
        for entry in self.columns:
            leave = self._leaves_out(entry, names)
            found = matching(names, entry[1:] if leave else entry)
            if not found:
                raise ConfigError(f"columns: {no_such_column(entry.removeprefix('-'), names)}")
            if leave:
                chosen = [name for name in chosen if name not in found]
            else:
                chosen += [name for name in found if name not in chosen]
        if not chosen:
            raise ConfigError("columns: no columns are left. Name at least one to keep.")
        return frame.select(*chosen, *hidden(schema))

    def touches(self, given: Mapping[str, pl.DataType]) -> frozenset[str]:
        """Return none of them: it chooses by name."""
        return frozenset()

    @staticmethod
    def _leaves_out(entry: str, names: list[str]) -> bool:
        return entry.startswith("-") and entry not in names
