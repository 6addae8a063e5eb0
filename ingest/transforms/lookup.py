"""Add columns from a small table."""

from collections.abc import Iterable, Mapping
from typing import Annotated, ClassVar, Literal

import polars as pl
from pydantic import BeforeValidator, Field, field_validator

from ingest.core.errors import ConfigError
from ingest.core.lineage import Origin
from ingest.core.rows import visible
from ingest.core.types import type_name
from ingest.sources import AnySource
from ingest.sources.base import Source
from ingest.transforms.base import StepContext, Transform
from ingest.transforms.columns import need, need_free
from ingest.transforms.reference import OnDuplicate, as_source, digest, read


class Lookup(Transform):
    """Add columns from a small table, by a key that is unique in that table.

    A row has one match or none, so rows are never multiplied. Null never matches. The table is
    read like a source, once in each worker. It must not contain bad records, and must not change
    during a run.
    """

    drops: ClassVar[str] = "unmatched"

    hints: ClassVar[Mapping[str, str]] = {"reference": "Write {path: FILE}"}

    type: Literal["lookup"]
    reference: Annotated[AnySource, BeforeValidator(as_source)]
    """The lookup table: a source, with all its options. Leave out `type` if the file's ending shows
    it."""
    key: str | tuple[str, ...] | dict[str, str] = Field(min_length=1)
    """The key: a column that both tables have, a list of such columns, or a mapping from columns
    here to columns there (`{dest: faa}`). Types must be the same in both tables."""
    columns: tuple[str, ...] | dict[str, str] | None = Field(default=None, min_length=1)
    """What to add from the table: columns, or a mapping from columns to new names. Default: all
    columns except the key."""
    how: Literal["left", "inner"] = "left"
    """What to do with a row without a match: keep it, with nulls (`left`), or drop it (`inner`,
    counted as unmatched)."""

    on_duplicate: OnDuplicate = "fail"
    """What to do if a key occurs more than once in the table: refuse the job, or use the first of
    these rows (by file, then line)."""

    @field_validator("reference")
    @classmethod
    def _whole(cls, reference: Source) -> Source:
        if reference.is_incremental:
            raise ValueError(
                "incremental: a lookup reads its whole table in each run. Remove incremental"
            )
        return reference

    def prepare(self, context: StepContext) -> None:
        """Read the table and check that its key is unique."""
        self._table(context)

    def apply(self, frame: pl.LazyFrame, context: StepContext) -> pl.LazyFrame:
        """Return the frame with the columns of the table at its end."""
        schema = frame.collect_schema()
        table = self._table(context)
        keys = self._keys()
        need(schema, keys, "key", "before this step")
        for here, there in keys.items():
            if schema[here] != table.schema[there]:
                raise ConfigError(self._unlike(here, schema[here], there, table.schema[there]))
        taken = self._taken(table)
        need_free(visible(schema), taken.values(), "columns")
        partners = table.lazy().select(
            *(pl.col(there).alias(here) for here, there in keys.items()),
            *(pl.col(name).alias(new) for name, new in taken.items()),
        )
        return frame.join(partners, on=list(keys), how=self.how, maintain_order="left")

    def touches(self, given: Mapping[str, pl.DataType]) -> frozenset[str]:
        """Return the key."""
        return frozenset(self._keys())

    def fingerprint(self, context: StepContext) -> str:
        """Return the digest of the table's files."""
        return digest(self.reference)

    def origins(
        self, given: Mapping[str, pl.DataType], made: Iterable[str]
    ) -> dict[str, frozenset[str]]:
        """Return for new columns none: their values come from the table."""
        return {name: frozenset([name]) & frozenset(given) for name in made}

    def outside(self, given: Mapping[str, pl.DataType], made: Iterable[str]) -> dict[str, Origin]:
        """Return for new columns those of the table."""
        place = ", ".join(self.reference.roots)
        renamed = self.columns if isinstance(self.columns, dict) else {}
        there = {new: name for name, new in renamed.items()}
        return {
            name: Origin(there.get(name, name), place=place) for name in made if name not in given
        }

    def decides(self, given: Mapping[str, pl.DataType]) -> frozenset[str]:
        """Return the key, if rows without a match are dropped."""
        return frozenset(self._keys()) if self.how == "inner" else frozenset()

    def writes(self) -> frozenset[str]:
        """Return the new columns, as far as they are named."""
        if isinstance(self.columns, dict):
            return frozenset(self.columns.values())
        return frozenset(self.columns or ())

    def _keys(self) -> dict[str, str]:
        """Return the key columns: here and there."""
        if isinstance(self.key, dict):
            return self.key
        names = (self.key,) if isinstance(self.key, str) else self.key
        return {name: name for name in names}

    def _taken(self, table: pl.DataFrame) -> dict[str, str]:
        """Return the columns to take, and their names here."""
        if self.columns is None:
            keys = self._keys().values()
            return {name: name for name in table.columns if name not in keys}
        taken = self.columns
        if not isinstance(taken, dict):
            taken = {name: name for name in taken}
        need(table.schema, taken, "columns", "in the lookup table")
        return taken

    def _table(self, context: StepContext) -> pl.DataFrame:
        # A key may be made of a private column, which is not known yet where this is first called.
        quote_values = not context.private
        keys = tuple(self._keys().values())
        return read(self.reference, keys, self.on_duplicate, quote_values=quote_values)

    def _unlike(self, here: str, left: pl.DataType, there: str, right: pl.DataType) -> str:
        """Return the message about keys of two types, and what makes them one."""
        remedy = f'an earlier step: {{type: cast, columns: {{{here}: "{type_name(right)}"}}}}'
        if self.reference.type == "csv" and not left.is_nested():
            remedy = f'reference.columns: {{{there}: "{type_name(left)}"}}, or {remedy}'
        return (
            f'key: "{here}" is {type_name(left)} here, but "{there}" is {type_name(right)} in '
            f"the reference. Types must be the same. Write {remedy}"
        )
