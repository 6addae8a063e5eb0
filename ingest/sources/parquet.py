"""Parquet files."""

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal

import polars as pl

from ingest.core.errors import BadRowError, ConfigError, FatalError
from ingest.core.expressions import resolve
from ingest.core.partition import WHOLE, Partition, Slice
from ingest.core.rows import HIDDEN_PREFIX, POSITION, position, slice_of
from ingest.core.types import Schema, schema_from_json, schema_to_json, type_name
from ingest.formats.parquet.reading import read_span
from ingest.sources.base import Layout, Read, Rejects
from ingest.sources.columns import (
    file_values,
    is_nameable,
    refuse_clash,
    refuse_names,
    refuse_unknown,
    with_file_values,
)
from ingest.sources.file_source import FileSource
from ingest.sources.opening import open_input
from ingest.sources.parquet_footer import Footer, Int96, damaged, open_span, read_footer
from ingest.sources.parquet_rows import LOCATED, in_json, located, rejects_of
from ingest.sources.widening import aligned, check_columns, widest

_LEAVE_OUT = "Leave it out by naming the others: columns: [name, …]"


class Parquet(FileSource):
    """Parquet files. Large ones are cut between row groups.

    A file whose column has a narrower type than planned is widened if that loses nothing; any
    other difference between a file's columns and the plan's is an error.

    Values come as they are written, whoever wrote them: dates of any year, timestamps with a zone
    as instants, decimals with all their digits. Categories are read as what they stand for, maps as
    lists of key and value, fixed-size lists as lists, float16 as float32, and zones that are only
    an offset as UTC; the plan says where. A row with a text that is not UTF-8, a time of 24:00 or a
    decimal of too many digits is rejected. What cannot be read (encrypted files, VARIANT, decimals
    of 39 digits and more, two columns of one name) is refused when the plan is made, as are
    extension types that unpickle their content. Checksums of pages are checked where there are any.
    """

    endings = (".parquet", ".pq", ".parq")
    memory_per_byte = 2.6

    type: Literal["parquet"]
    columns: tuple[str, ...] | None = None
    """The columns to read; without it all, and then every file must have the same ones."""
    int96: Int96 = "us"
    """How fine timestamps of the old type INT96 are read: `us` holds every date, `ns` every digit
    of the years 1678 to 2261. A row with a value that has no room is rejected."""
    where: str | None = None
    """A SQL expression over the file's columns; only rows for which it is true are read. The
    others are counted as filtered. Row groups whose statistics rule it out are not even read."""

    def cut(self, piece: Slice, target_bytes: int) -> Iterable[Slice]:
        """Cut a file larger than the target between its row groups."""
        if piece.size <= target_bytes:
            return [piece]
        return cut_groups(piece, self._footer(piece).bytes, target_bytes)

    def halve(self, piece: Slice) -> Sequence[Slice]:
        """Cut between row groups, so that the bytes are even; a single one cannot be cut."""
        with open_input(piece) as file:
            sizes = read_footer(file, piece, self.int96).bytes
        end = len(sizes) if piece.end == WHOLE else piece.end
        whole = sum(sizes[piece.start : end])
        places = range(piece.start + 1, end)
        if not places:
            return ()
        place = min(places, key=lambda place: abs(2 * sum(sizes[piece.start : place]) - whole))
        first = sum(sizes[piece.start : place])
        return (
            replace(piece, end=place, bytes=first),
            replace(piece, start=place, end=end, bytes=whole - first),
        )

    def expansion(self, sample: Sequence[Slice]) -> float:
        """Return how far the sample's files unpack, all of them together, by their footers."""
        footers = [self._footer(piece) for piece in {each.uri: each for each in sample}.values()]
        stored = sum(sum(footer.bytes) for footer in footers)
        return max(1.0, sum(footer.plain_bytes for footer in footers) / max(1, stored))

    def layout(self, sample: Sequence[Slice], types: Mapping[str, pl.DataType]) -> Layout:
        """Freeze the columns as the files of the sample have them."""
        files = {piece.uri: piece for piece in sample}
        footers = {uri: self._footer(piece) for uri, piece in files.items()}
        known = widest({uri: footer.schema for uri, footer in footers.items()}, self.columns)
        refuse_unknown("columns", self.columns or (), list(known))
        data = {name: known[name] for name in self.columns or known}
        refuse_unreadable(footers, data)
        refuse_names("columns", data, f"{_LEAVE_OUT}, or rename it there")
        _refuse_unnameable(data)
        made, keys = self.file_schema(sample, {}, types)
        refuse_clash(made, known)
        needed = dict(data)
        if self.where is not None:
            try:
                condition = resolve(self.where, known)
            except ConfigError as error:
                raise ConfigError(*(f"where: {line}" for line in error.lines)) from None
            if condition.dtype != pl.Boolean:
                raise ConfigError(
                    f'where: "{self.where}": is {type_name(condition.dtype)}. A condition is true '
                    "or false"
                )
            needed |= {name: known[name] for name in condition.value.meta.root_names()}
        notes = dict.fromkeys(data, "the files' own") | dict.fromkeys(
            made, "the file's name and place"
        )
        for footer in footers.values():
            notes |= {
                name: f"the files' own: {note}"
                for name, note in footer.notes.items()
                if name in data
            }
        facts = {"read": schema_to_json(needed), "folder_keys": keys}
        return Layout({**data, **made}, facts, notes)

    def read(self, partition: Partition, layout: Layout) -> Read:
        """Read a partition; see `Source.read`."""
        planned = schema_from_json(layout.facts["read"])
        frames, rejects, records = [], [], 0
        for place, piece in enumerate(partition.slices):
            frame, bad, rows = self._read(place, piece, planned)
            frames.append(frame)
            rejects.append(bad)
            records += rows
        values = file_values(
            partition.slices, layout.columns, layout.facts["folder_keys"], columns={}
        )
        frame = with_file_values(pl.concat(frames), values).select(*layout.columns, POSITION)
        bad = pl.concat(rejects)
        return Read(
            frame.lazy(),
            records,
            rejects=None if bad.is_empty() else Rejects(bad),
            filters=self.where is not None,
        )

    def locate(self, partition: Partition, layout: Layout, positions: pl.Series) -> pl.DataFrame:
        """Return the rows' numbers within their files, from 1, and the rows as JSON."""
        planned = schema_from_json(layout.facts["read"])
        wanted = pl.DataFrame({"position": positions.cast(pl.UInt64)})
        parts = [pl.DataFrame(schema=LOCATED)]
        for place in wanted.select(slice_of(pl.col("position")).unique().sort()).to_series():
            here = wanted.filter(slice_of(pl.col("position")) == place).to_series()
            with open_span(partition.slices[place], self.int96, planned) as span:
                parts.append(located(span, list(planned), here))
        return pl.concat(parts)

    def reader(self, piece: Slice, layout: Layout) -> dict[str, Any]:  # noqa: ARG002
        """Return the JSON Lines source that reads rows as `locate` returns them."""
        planned = schema_from_json(layout.facts["read"])
        return {"type": "jsonl", "columns": {name: in_json(planned[name]) for name in planned}}

    def _footer(self, piece: Slice) -> Footer:
        try:
            return self._opened(piece)
        except (BadRowError, FatalError) as error:
            raise ConfigError(str(error)) from None

    def _opened(self, piece: Slice) -> Footer:
        with open_input(piece) as file:
            return read_footer(file, piece, self.int96)

    def _read(
        self, place: int, piece: Slice, planned: Schema
    ) -> tuple[pl.DataFrame, pl.DataFrame, int]:
        """Return the rows of one slice that are wanted, its rejects, and how many rows it has."""
        with open_span(piece, self.int96, planned) as span:
            schema = span.footer.schema
            check_columns(piece.uri, schema, planned, exact=self.columns is None)
            frame, faults = read_span(
                span,
                [name for name in planned if name in schema],
                lambda rows: self._wanted(aligned(rows, planned), piece.uri, planned, place),
                whole=self.where is None,
            )
            bad = rejects_of(span, list(planned), faults, place)
            rows = span.rows
        if not bad.is_empty():
            frame = frame.join(bad, left_on=POSITION, right_on="position", how="anti")
        if self.where is None and frame.height + bad.height != rows:
            raise damaged(
                piece.uri, f"{frame.height + bad.height} rows where the footer says {rows}"
            )
        return frame, bad, rows

    def _wanted(self, frame: pl.LazyFrame, uri: str, planned: Schema, place: int) -> pl.DataFrame:
        """Return the rows for which the source's own condition is true, with their positions."""
        base = position(place)
        if self.where is None and planned:
            return numbered(frame.collect(), base)
        frame = frame.with_row_index(POSITION).with_columns(pl.col(POSITION).cast(pl.UInt64) + base)
        if self.where is None:
            return frame.collect()
        condition = resolve(self.where, planned)
        if condition.fails is None:
            return frame.filter(condition.value).collect()
        table = frame.with_columns(condition.fails.alias(_FAILS)).collect()
        if failing := int(table[_FAILS].fill_null(value=False).sum()):
            raise BadRowError(
                f'{uri}: where: "{self.where}" has no value in {failing} rows. Use TRY_CAST, which '
                "gives null"
            )
        return table.drop(_FAILS).filter(condition.value)


_FAILS = f"{HIDDEN_PREFIX}fails"


def numbered(table: pl.DataFrame, first: int) -> pl.DataFrame:
    """Return the rows with their positions, counted from `first`.

    The new column has the chunks of the others: else Polars would copy all of them into one, which
    costs a third of reading them.
    """
    ends = list(itertools.accumulate(table.to_series(0).chunk_lengths(), initial=first))
    chunks = [
        pl.int_range(start, end, dtype=pl.UInt64, eager=True)
        for start, end in itertools.pairwise(ends)
    ]
    return table.with_columns(pl.concat(chunks, rechunk=False).alias(POSITION))


def cut_groups(piece: Slice, sizes: Sequence[int], target_bytes: int) -> Iterator[Slice]:
    """Cut a file between row groups; a row group larger than the target stands alone."""
    start = size = 0
    for index, group in enumerate(sizes):
        if size and size + group > target_bytes:
            yield Slice(piece.uri, piece.size, piece.version, start, index, size)
            start, size = index, 0
        size += group
    yield Slice(piece.uri, piece.size, piece.version, start, len(sizes), size)


def refuse_unreadable(footers: Mapping[str, Footer], data: Iterable[str]) -> None:
    """Refuse columns that cannot be read, by what the files' footers say of them.

    Raises:
        ConfigError: one line for each such column.
    """
    reasons = {
        name: f'columns: "{name}": {footer.refused[name]} ({uri}). {_LEAVE_OUT}'
        for uri, footer in footers.items()
        for name in data
        if name in footer.refused
    }
    if reasons:
        raise ConfigError(*reasons.values())


def _refuse_unnameable(data: Schema) -> None:
    lines = [
        f'columns: "{name}": no step can work on {type_name(dtype)}. {_LEAVE_OUT}'
        for name, dtype in data.items()
        if not is_nameable(dtype)
    ]
    if lines:
        raise ConfigError(*lines)
