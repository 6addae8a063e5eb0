"""Parquet files."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from functools import partial
from typing import Any, Literal

import polars as pl

from ingest.core.errors import BadRowError, FatalError
from ingest.core.partition import Partition, Slice
from ingest.core.rows import POSITION, slice_of
from ingest.core.types import schema_from_json, schema_to_json
from ingest.formats.parquet.span import Span
from ingest.formats.parquet.writing import ParquetFormat
from ingest.sources.base import LOCATED, Layout, Read, Rejects
from ingest.sources.columns.aligning import Aligner
from ingest.sources.columns.options import (
    Columns,
    declared_formats,
    declared_type,
    file_values,
    refuse_clash,
    refuse_names,
    refuse_unknown,
    with_file_values,
)
from ingest.sources.columns.types import choose_types
from ingest.sources.file_source import FileSource
from ingest.sources.files.identity import while_planning
from ingest.sources.files.opening import open_input
from ingest.sources.files.sampling import COMPARED_FILES, files_of, spread
from ingest.sources.files.schema import schema_remarks, together
from ingest.sources.json.redaction import redacted
from ingest.sources.row_groups.condition import Condition
from ingest.sources.row_groups.cutting import cut_groups, halve_groups
from ingest.sources.row_groups.footers import Footer, Int96, open_span, read_footer
from ingest.sources.row_groups.refusing import LEAVE_OUT, refuse_unnameable, refuse_unreadable
from ingest.sources.row_groups.rows import in_json, located, located_in
from ingest.sources.row_groups.schemas import footers_of
from ingest.sources.row_groups.slices import SliceReader
from ingest.sources.row_groups.unread import Missing
from ingest.storage.uris import is_remote


class Parquet(FileSource):
    """Parquet files. Large files are split between row groups.

    A column whose type differs between files gets the narrowest type that can represent all
    values. If there is none, set its type in `columns` or in the contract; values that do not fit
    exactly are rejected. `schema` controls which columns may differ between files.

    Values are read exactly: dates of any year, timestamps with a zone as instants, decimals with
    all their digits. Categories are read as their values, maps as lists of key and value,
    fixed-size lists as lists, float16 as float32, and zones that are only an offset as UTC; the
    plan reports these conversions. A row with text that is not UTF-8, a time of 24:00 or a decimal
    with too many digits is rejected. Files that cannot be read (encrypted files, VARIANT, decimals
    of 39 digits and more, two columns with the same name) are refused when the plan is made, and so
    are extension types that would run code. Page checksums are verified if the file has them.

    Columns that no step uses and that are not part of the output are not read: what is in them
    cannot reject a row. The quarantine shows them nevertheless.
    """

    format = ParquetFormat
    memory_per_byte = 2.6

    type: Literal["parquet"]
    columns: tuple[str, ...] | Columns | None = None
    """The columns to read, as a list. Default: all. Or the types of some columns, such as
    `{amount: float64}`: the other columns are read too, with the types they have in the files. For
    a timestamp without a zone, a zone in the type says in which zone its local times are."""
    int96: Int96 = "us"
    """The precision of the old timestamp type INT96: `us` can represent every date, `ns` every
    digit of the years 1678 to 2261. A row with a value out of range is rejected."""
    where: str | None = None
    """A SQL condition over the file's columns; only rows for which it is true are read. The others
    are counted as filtered. Row groups that cannot match by their statistics are skipped."""

    def cut(self, piece: Slice, target_bytes: int) -> Iterable[Slice]:
        """Cut a file larger than the target between its row groups."""
        if piece.size <= target_bytes:
            return [piece]
        return cut_groups(piece, self._footer(piece).bytes, target_bytes)

    def halve(self, piece: Slice) -> Sequence[Slice]:
        """Cut between row groups, so that the bytes are even; a single one cannot be cut."""
        return halve_groups(piece, self._opened(piece).bytes)

    def pieces(self, piece: Slice, most_bytes: int) -> Sequence[Slice]:
        """Cut between row groups, where a part is read without fetching the footer again."""
        if piece.bytes <= most_bytes or is_remote(piece.uri):
            return (piece,)
        return tuple(cut_groups(piece, self._opened(piece).bytes, most_bytes))

    def expansion(self, sample: Sequence[Slice]) -> float:
        """Return how far the sample's files unpack, all of them together, by their footers."""
        footers = [self._footer(piece) for piece in {each.uri: each for each in sample}.values()]
        stored = sum(sum(footer.bytes) for footer in footers)
        return max(1.0, sum(footer.plain_bytes for footer in footers) / max(1, stored))

    def layout(self, slices: Sequence[Slice], types: Mapping[str, pl.DataType]) -> Layout:
        """Freeze the columns as the files have them, by the footers of all."""
        files = files_of(slices)
        declared = {name: declared_type(form) for name, form in self._typed.items()}
        made = self.made_columns(files, declared, types)
        footers = self._footers(files)
        schemas = {uri: footer.schema for uri, footer in footers.items()}
        names = {uri: list(schema) for uri, schema in schemas.items()}
        chosen = self.columns if isinstance(self.columns, tuple) else None
        known = list(dict.fromkeys(name for each in names.values() for name in each))
        found = together(names, self.schema_) if chosen is None else None
        known = found.names if found else known
        refuse_unknown("columns", chosen or declared, [*known, *made.keys])
        asked_for = self._condition.names(known)
        wanted = list(dict.fromkeys([*(chosen or known), *asked_for]))
        found = found or together(names, self.schema_, wanted)
        kinds = choose_types(schemas, wanted, declared, types, declared_formats(self._typed))
        data = {name: kinds.columns[name] for name in chosen or known}
        refuse_unreadable(footers, kinds.columns)
        refuse_names("columns", data, f"{LEAVE_OUT}, or rename it there")
        refuse_unnameable(data)
        refuse_clash(made.columns, data)
        self._condition.check(kinds.columns)
        notes = {name: kinds.notes[name] for name in data}
        for footer in footers.values():
            own = {name: note for name, note in footer.notes.items() if name in data}
            notes |= {name: f"the files' own type: {note}" for name, note in own.items()}
        notes |= dict.fromkeys(made.columns, "the file's name and place")
        facts = {
            "read": schema_to_json(kinds.columns),
            "strict": kinds.strict,
            **made.facts,
            **found.facts,
        }
        remarks = (*found.remarks(), *kinds.remarks, *made.remarks)
        return Layout({**data, **made.columns}, facts, notes, schema_remarks(remarks, len(files)))

    @property
    def _condition(self) -> Condition:
        return Condition(self.where)

    @property
    def _typed(self) -> Columns:
        """The columns whose types are given."""
        return self.columns if isinstance(self.columns, Mapping) else {}

    def _footers(self, files: Sequence[Slice]) -> dict[str, Footer]:
        """Return the footers of files by URI; files that are alike share one."""
        try:
            return footers_of(spread(files, COMPARED_FILES), self._opened, self.connection)
        except (BadRowError, FatalError) as error:
            raise while_planning(error) from None

    def without(self, layout: Layout, unused: frozenset[str]) -> Layout:
        """Return a layout by which these columns are not read; see `Source.without`."""
        facts = layout.facts
        asked_for = self._condition.names(list(facts["read"]))
        left = [name for name in facts["read"] if name in unused and name not in asked_for]
        return replace(layout, facts={**facts, "unused": left}) if left else layout

    def read(self, partition: Partition, layout: Layout) -> Read:
        """Read a partition; see `Source.read`."""
        facts = layout.facts
        aligner = Aligner(
            schema_from_json(facts["read"]),
            facts.get("strict", ()),
            declared_formats(self._typed),
            facts.get("example", ""),
        )
        reader = SliceReader(
            aligner,
            self.expected(layout, aligner.planned),
            self._condition,
            self.int96,
            self.connection,
            unused=facts.get("unused", ()),
            only_planned=isinstance(self.columns, tuple),
        )
        parts = [reader.read(place, piece) for place, piece in enumerate(partition.slices)]
        values = file_values(
            partition.slices,
            layout.columns,
            self.planned_keys(layout),
            columns={},
            file_columns=self.include_file_columns,
            connection=self.connection,
        )
        rows = pl.concat(part.frame for part in parts)
        frame = with_file_values(rows, values).select(*layout.columns, POSITION)
        bad = pl.concat(part.bad for part in parts)
        opened = partial(self._span, partition, facts.get("unused", ()))
        missing = Missing([part.unread for part in parts], opened)
        before = [part.before for part in parts]

        def locate(positions: pl.Series) -> pl.DataFrame:
            found = located_in(rows, before, missing.completed, positions)
            return self.locate(partition, layout, positions) if missing.faulty else found

        return Read(
            frame.lazy(),
            sum(part.records for part in parts),
            rejects=None if bad.is_empty() else Rejects(bad),
            filters=self.where is not None,
            locate=locate if all(part.unchanged for part in parts) else None,
            completed=missing.completed if missing else None,
        )

    def locate(self, partition: Partition, layout: Layout, positions: pl.Series) -> pl.DataFrame:
        """Return the rows' numbers within their files, from 1, and the rows as JSON."""
        planned = schema_from_json(layout.facts["read"])
        wanted = pl.DataFrame({"position": positions.cast(pl.UInt64)})
        parts = [pl.DataFrame(schema=LOCATED)]
        for place in wanted.select(slice_of(pl.col("position")).unique().sort()).to_series():
            here = wanted.filter(slice_of(pl.col("position")) == place).to_series()
            with self._span(partition, planned, place) as span:
                parts.append(located(span, list(planned), here))
        return pl.concat(parts)

    def reader(self, piece: Slice, layout: Layout) -> dict[str, Any]:  # noqa: ARG002
        """Return the JSON Lines source that reads rows as `locate` returns them."""
        planned = schema_from_json(layout.facts["read"])
        return {"type": "jsonl", "columns": {name: in_json(planned[name]) for name in planned}}

    def redacted(
        self,
        piece: Slice,  # noqa: ARG002
        layout: Layout,  # noqa: ARG002
        originals: pl.Series,
        shown: frozenset[str],
    ) -> pl.Series:
        """Return rows as JSON with `***` in all columns but the `shown`."""
        return redacted(originals, shown)

    def _footer(self, piece: Slice) -> Footer:
        try:
            return self._opened(piece)
        except (BadRowError, FatalError) as error:
            raise while_planning(error) from None

    def _opened(self, piece: Slice) -> Footer:
        with open_input(piece, self.connection) as file:
            return read_footer(file, piece, self.int96)

    def _span(
        self, partition: Partition, names: Iterable[str], place: int
    ) -> AbstractContextManager[Span]:
        return open_span(partition.slices[place], self.int96, names, self.connection)
