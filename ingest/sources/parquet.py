"""Parquet files."""

import itertools
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from functools import partial
from typing import Any, Literal, NamedTuple

import polars as pl

from ingest.core.errors import BadRowError, ConfigError, FatalError
from ingest.core.partition import WHOLE, Partition, Slice
from ingest.core.rows import HIDDEN_PREFIX, POSITION, REJECT, position, slice_of
from ingest.core.types import Schema, schema_from_json, schema_to_json, type_name
from ingest.expressions import columns, resolve
from ingest.formats.parquet.reading import read_span
from ingest.formats.parquet.span import Span
from ingest.formats.parquet.writing import ParquetFormat
from ingest.sources.base import LOCATED, Layout, Read, Rejects
from ingest.sources.columns.aligning import Aligner
from ingest.sources.columns.options import (
    Columns,
    declared_type,
    file_values,
    is_nameable,
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
from ingest.sources.files.schema import Expected, schema_remarks, together
from ingest.sources.json.redaction import redacted
from ingest.sources.row_groups.footers import Footer, Int96, damaged, open_span, read_footer
from ingest.sources.row_groups.rows import in_json, located, located_in, rejects_of
from ingest.sources.row_groups.schemas import footers_of
from ingest.sources.row_groups.unread import Missing, unread
from ingest.storage.uris import is_remote

_LEAVE_OUT = "Leave the column out by naming the others: columns: [name, …]"


class _Part(NamedTuple):
    """A slice as it was read: the rows that are wanted, and the rejects.

    `records` is how many rows it has, `before` how many of its file come before it; `unchanged` is
    whether all that is known of its records is in `frame`, as it is in the file, and `unread` are
    the columns that were not read.
    """

    frame: pl.DataFrame
    bad: pl.DataFrame
    records: int
    before: int
    unchanged: bool
    unread: frozenset[str]


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
        with open_input(piece, self.connection) as file:
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

    def pieces(self, piece: Slice, most_bytes: int) -> Sequence[Slice]:
        """Cut between row groups, where a part is read without fetching the footer again."""
        if piece.bytes <= most_bytes or is_remote(piece.uri):
            return (piece,)
        with open_input(piece, self.connection) as file:
            sizes = read_footer(file, piece, self.int96).bytes
        return tuple(cut_groups(piece, sizes, most_bytes))

    def expansion(self, sample: Sequence[Slice]) -> float:
        """Return how far the sample's files unpack, all of them together, by their footers."""
        footers = [self._footer(piece) for piece in {each.uri: each for each in sample}.values()]
        stored = sum(sum(footer.bytes) for footer in footers)
        return max(1.0, sum(footer.plain_bytes for footer in footers) / max(1, stored))

    def layout(self, slices: Sequence[Slice], types: Mapping[str, pl.DataType]) -> Layout:
        """Freeze the columns as the files have them, by the footers of all."""
        files = files_of(slices)
        made = self.made_columns(files, self._declared, types)
        footers = self._footers(files)
        schemas = {uri: footer.schema for uri, footer in footers.items()}
        names = {uri: list(schema) for uri, schema in schemas.items()}
        chosen = self.columns if isinstance(self.columns, tuple) else None
        known = list(dict.fromkeys(name for each in names.values() for name in each))
        found = together(names, self.schema_) if chosen is None else None
        known = found.names if found else known
        refuse_unknown("columns", chosen or self._declared, [*known, *made.keys])
        asked_for = self._asked_for(known)
        wanted = list(dict.fromkeys([*(chosen or known), *asked_for]))
        found = found or together(names, self.schema_, wanted)
        kinds = choose_types(schemas, wanted, self._declared, types, self._formats)
        data = {name: kinds.columns[name] for name in chosen or known}
        refuse_unreadable(footers, kinds.columns)
        refuse_names("columns", data, f"{_LEAVE_OUT}, or rename it there")
        _refuse_unnameable(data)
        refuse_clash(made.columns, data)
        self._check_condition(kinds.columns)
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
    def _declared(self) -> Schema:
        """The types that `columns` gives."""
        if isinstance(self.columns, Mapping):
            return {name: declared_type(form) for name, form in self.columns.items()}
        return {}

    @property
    def _formats(self) -> dict[str, str]:
        """How texts of columns are written, that are read as dates, times or timestamps."""
        typed = self.columns if isinstance(self.columns, Mapping) else {}
        forms = {name: form.format for name, form in typed.items() if not isinstance(form, str)}
        return {name: form for name, form in forms.items() if form is not None}

    def _footers(self, files: Sequence[Slice]) -> dict[str, Footer]:
        """Return the footers of files by URI; files that are alike share one."""
        try:
            return footers_of(spread(files, COMPARED_FILES), self._opened, self.connection)
        except (BadRowError, FatalError) as error:
            raise while_planning(error) from None

    def _asked_for(self, known: Sequence[str]) -> list[str]:
        """Return the columns that the condition is about."""
        if self.where is None:
            return []
        with _in_where():
            asked_for = sorted(columns(self.where))
        refuse_unknown("where", asked_for, known)
        return asked_for

    def _check_condition(self, known: Schema) -> None:
        """Refuse a condition that does not fit the columns that are read.

        Raises:
            ConfigError: it is none, or names or compares what it cannot.
        """
        if self.where is None:
            return
        with _in_where():
            condition = resolve(self.where, known)
        if condition.dtype != pl.Boolean:
            raise ConfigError(
                f'where: "{self.where}" is {type_name(condition.dtype)}. A condition must be '
                "true or false. Compare it with a value"
            )

    def without(self, layout: Layout, unused: frozenset[str]) -> Layout:
        """Return a layout by which these columns are not read; see `Source.without`."""
        facts = layout.facts
        asked_for = self._asked_for(list(facts["read"]))
        left = [name for name in facts["read"] if name in unused and name not in asked_for]
        return replace(layout, facts={**facts, "unused": left}) if left else layout

    def read(self, partition: Partition, layout: Layout) -> Read:
        """Read a partition; see `Source.read`."""
        facts = layout.facts
        aligner = Aligner(
            schema_from_json(facts["read"]),
            facts.get("strict", ()),
            self._formats,
            facts.get("example", ""),
        )
        expected = self.expected(layout, aligner.planned)
        parts = [
            self._read(place, piece, aligner, expected, facts.get("unused", ()))
            for place, piece in enumerate(partition.slices)
        ]
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

    def _read(
        self,
        place: int,
        piece: Slice,
        aligner: Aligner,
        expected: Expected,
        unused: Collection[str],
    ) -> _Part:
        """Return what one slice holds."""
        planned = aligner.planned
        leave = partial(unread, unused, planned)
        with open_span(piece, self.int96, planned, self.connection, leave) as span:
            schema = span.footer.schema
            aligner = self._checked(aligner.of(piece.uri, schema), expected)
            left = leave(schema)
            read = {name: dtype for name, dtype in schema.items() if name not in left}
            aligner = aligner.of(piece.uri, read)
            unfit: list[Rejects] = []

            def collect(rows: pl.LazyFrame) -> pl.DataFrame:
                frame, rejects = self._wanted(rows, aligner, place, span.first)
                unfit[:] = [rejects] if rejects is not None else []
                return frame

            names = [name for name in planned if name in read]
            whole = self.where is None and not aligner.doubtful
            frame, faults = read_span(span, names, collect, whole=whole)
            bad = rejects_of(span, planned, faults, place)
            rows, before = span.rows, span.first
        unchanged = {name: schema.get(name) for name in planned} == planned
        if not bad.is_empty():
            frame = frame.join(bad, left_on=POSITION, right_on="position", how="anti")
        more = [each.frame.join(bad, on="position", how="anti") for each in unfit]
        bad = pl.concat([bad, *more]).sort("position")
        if self.where is None and frame.height + bad.height != rows:
            raise damaged(
                piece.uri, f"{frame.height + bad.height} rows, but the footer says {rows}"
            )
        return _Part(frame, bad, rows, before, unchanged and bad.is_empty(), left)

    def _checked(self, aligner: Aligner, expected: Expected) -> Aligner:
        """Check a file's columns and their types against the plan's."""
        names = list(aligner.found)
        if isinstance(self.columns, tuple):
            names = [name for name in names if name in aligner.planned]
        expected.check(aligner.uri, names)
        aligner.check()
        return aligner

    def _wanted(
        self, frame: pl.LazyFrame, aligner: Aligner, place: int, first_row: int
    ) -> tuple[pl.DataFrame, Rejects | None]:
        """Return the rows that the condition lets through, and those with values that do not fit.

        All have their positions.
        """
        base, planned, uri = position(place), aligner.planned, aligner.uri
        frame = aligner.align(frame)
        if REJECT in frame.collect_schema():
            table, bad = aligner.part(numbered(frame.collect(), base), first_row)
            return self._filtered(table.lazy(), uri, planned).select(*planned, POSITION), bad
        if self.where is None and planned:
            like = next((name for name in planned if name in aligner.found), "")
            return numbered(frame.collect(), base, like), None
        frame = frame.with_row_index(POSITION).with_columns(pl.col(POSITION).cast(pl.UInt64) + base)
        return self._filtered(frame, uri, planned).select(*planned, POSITION), None

    def _filtered(self, frame: pl.LazyFrame, uri: str, planned: Schema) -> pl.DataFrame:
        """Return the rows for which the source's own condition is true."""
        if self.where is None:
            return frame.collect()
        condition = resolve(self.where, planned)
        if condition.fails is None:
            return frame.filter(condition.value).collect()
        table = frame.with_columns(condition.fails.alias(_FAILS)).collect()
        if failing := int(table[_FAILS].fill_null(value=False).sum()):
            raise BadRowError(
                f'{uri}: where: "{self.where}" cannot be computed in {failing} rows. Use '
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


_FAILS = f"{HIDDEN_PREFIX}fails"


def numbered(table: pl.DataFrame, first: int, like: str = "") -> pl.DataFrame:
    """Return the rows with their positions, counted from `first`.

    The new column has the chunks of the column `like`, or of the first: else Polars would copy all
    of them into one, which costs a third of reading them.
    """
    column = table[like] if like else table.to_series(0)
    ends = list(itertools.accumulate(column.chunk_lengths(), initial=first))
    chunks = [
        pl.int_range(start, end, dtype=pl.UInt64, eager=True)
        for start, end in itertools.pairwise(ends)
    ]
    return table.with_columns(pl.concat(chunks, rechunk=False).alias(POSITION))


def cut_groups(piece: Slice, sizes: Sequence[int], target_bytes: int) -> Iterator[Slice]:
    """Cut a slice between row groups; a row group larger than the target stands alone.

    `sizes` are those of all row groups of the file.
    """
    start, size = piece.start, 0
    end = len(sizes) if piece.end == WHOLE else piece.end
    for index in range(start, end):
        if size and size + sizes[index] > target_bytes:
            yield replace(piece, start=start, end=index, bytes=size)
            start, size = index, 0
        size += sizes[index]
    yield replace(piece, start=start, end=end, bytes=size)


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
        f'columns: "{name}": steps do not support {type_name(dtype)}. {_LEAVE_OUT}'
        for name, dtype in data.items()
        if not is_nameable(dtype)
    ]
    if lines:
        raise ConfigError(*lines)
