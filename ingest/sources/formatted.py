"""Files of a format that has no source of its own: another package brings it."""

import io
import traceback
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from functools import cache

import numpy as np
import polars as pl
from pydantic import Field

from ingest.core.errors import BadRowError, ConfigError, FatalError, IngestError, JobError
from ingest.core.json_rows import json_rows
from ingest.core.partition import Partition, Slice
from ingest.core.rows import POSITION, REJECT, position, record_of, slice_of
from ingest.core.types import Schema, schema_from_json, schema_to_json
from ingest.formats.base import Decoded, Format, ReadableFormat
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
from ingest.sources.files.opening import open_input, read_plain
from ingest.sources.files.sampling import SAMPLE_FILES, files_of, spread
from ingest.sources.files.schema import Expected, schema_remarks, together


class FormattedSource(ReadableFormat, FileSource):
    """A source of files that a format decodes: each is read whole, and none is cut.

    The columns and their types are those of a sample of ten files. A difference in another file is
    handled as `schema` says; its values are widened to the planned types if no value is lost.
    """

    columns: Columns = Field(default={})
    """The types of some columns, such as `{amount: float64}`; values that do not fit exactly are
    rejected. The other columns are read too, with the types that the format knows."""
    max_decompressed_bytes: int | None = Field(default=None, ge=1)
    """The largest allowed size of a compressed file after unpacking, in bytes. Default: 100 times
    its compressed size, but at least 256 MiB."""

    def layout(self, slices: Sequence[Slice], types: Mapping[str, pl.DataType]) -> Layout:
        """Freeze the columns as a sample of the files has them."""
        files = files_of(slices)
        declared = {name: declared_type(form) for name, form in self.columns.items()}
        made = self.made_columns(files, declared, types)
        schemas = {piece.uri: self._planned(piece) for piece in spread(files, SAMPLE_FILES)}
        if not any(schemas.values()):
            raise ConfigError(f'path: "{self.path}": the sampled files have no columns')
        combined = together({uri: list(schema) for uri, schema in schemas.items()}, self.schema_)
        refuse_unknown("columns", declared, [*combined.names, *made.keys])
        kinds = choose_types(
            schemas, combined.names, declared, types, declared_formats(self.columns)
        )
        refuse_names("path", kinds.columns, "Rename it in the files")
        refuse_clash(made.columns, kinds.columns)
        notes = {**kinds.notes, **dict.fromkeys(made.columns, "the file's name and place")}
        read = schema_to_json(kinds.columns)
        facts = {"read": read, "strict": kinds.strict, **made.facts, **combined.facts}
        remarks = schema_remarks((*combined.remarks(), *kinds.remarks, *made.remarks), len(files))
        return Layout({**kinds.columns, **made.columns}, facts, notes, remarks)

    def read(self, partition: Partition, layout: Layout) -> Read:
        """Read a partition; see `Source.read`."""
        facts = layout.facts
        planned = schema_from_json(facts["read"])
        aligner = Aligner(
            planned, facts["strict"], declared_formats(self.columns), facts.get("example", "")
        )
        expected = self.expected(layout, planned)
        frames, rejects = [], [pl.DataFrame(schema=Rejects.SCHEMA)]
        for place, piece in enumerate(partition.slices):
            frame, bad = self._read(place, piece, aligner, expected)
            frames.append(frame)
            rejects += bad
        values = file_values(
            partition.slices,
            layout.columns,
            self.planned_keys(layout),
            self.columns,
            file_columns=self.include_file_columns,
            connection=self.connection,
        )
        frame = with_file_values(pl.concat(frames), values).select(*layout.columns, POSITION)
        bad_records = pl.concat(rejects).sort("position")
        records = frame.height + bad_records.height
        return Read(frame.lazy(), records, None if bad_records.is_empty() else Rejects(bad_records))

    def locate(self, partition: Partition, layout: Layout, positions: pl.Series) -> pl.DataFrame:  # noqa: ARG002
        """Return the lines of rows, counted by records from 1, and the rows as JSON."""
        wanted = pl.DataFrame({"position": positions.cast(pl.UInt64)})
        parts = [pl.DataFrame(schema=LOCATED)]
        for place in wanted.select(slice_of(pl.col("position")).unique().sort()).to_series():
            here = wanted.filter(slice_of(pl.col("position")) == place)
            records = here.select(record_of(pl.col("position"))).to_series()
            decoded = self._decoded(partition.slices[place])
            rows = np.searchsorted(_numbers(decoded), records.to_numpy())
            parts.append(
                here.with_columns(
                    (records.cast(pl.Int64) + 1 + decoded.lines).alias("line"),
                    json_rows(decoded.rows[rows]).alias("original"),
                )
            )
        return pl.concat(parts)

    def _planned(self, piece: Slice) -> Schema:
        try:
            return dict(self._decoded(piece, planning=True).rows.schema)
        except (BadRowError, FatalError) as error:
            raise while_planning(error) from None

    def _decoded(self, piece: Slice, *, planning: bool = False) -> Decoded:
        """Read a file, unpacked, as it was when the plan was frozen.

        While a plan is made, a bug of the format is a text without its words: they may quote values
        that are private. Later, it is left to the worker, which knows whether there are any.
        """
        with open_input(piece, self.connection) as file, _in_file(piece):
            data = b"".join(read_plain(file, piece, self.max_decompressed_bytes))
            with _bugs(self.type, piece) if planning else nullcontext():
                return _checked(self.decode(io.BytesIO(data)))

    def _read(
        self, place: int, piece: Slice, aligner: Aligner, expected: Expected
    ) -> tuple[pl.DataFrame, list[pl.DataFrame]]:
        """Return the rows of a file in the types of the plan, and its rejects."""
        decoded = self._decoded(piece)
        numbers, base = _numbers(decoded), position(place)
        bad = [_rejects(decoded, base)]
        if decoded.rows.is_empty() and not decoded.rows.columns:
            return pl.DataFrame(schema={**aligner.planned, POSITION: pl.UInt64()}), bad
        expected.check(piece.uri, decoded.rows.columns)
        aligner = aligner.of(piece.uri, dict(decoded.rows.schema))
        aligner.check()
        positions = pl.Series(POSITION, numbers.astype(np.uint64) + np.uint64(base))
        frame = aligner.align(decoded.rows.with_columns(positions).lazy()).collect()
        if REJECT in frame.columns:
            first = int(numbers[0]) + decoded.lines if len(numbers) else 0
            frame, unfit = aligner.part(frame, first)
            bad.append(unfit.frame)
        return frame.select(*aligner.planned, POSITION), bad


def _numbers(decoded: Decoded) -> "np.ndarray[tuple[int], np.dtype[np.int64]]":
    """Return the numbers of a file's rows among all its records."""
    bad = [record.number for record in decoded.bad]
    every = np.ones(decoded.rows.height + len(bad), dtype=bool)
    every[bad] = False
    return np.flatnonzero(every)


def _rejects(decoded: Decoded, base: int) -> pl.DataFrame:
    rows = [
        (base + bad.number, bad.number + 1 + decoded.lines, bad.column, bad.reason, bad.original)
        for bad in decoded.bad
    ]
    return pl.DataFrame(rows, schema=Rejects.SCHEMA, orient="row")


@contextmanager
def _in_file(piece: Slice) -> Iterator[None]:
    """Say of what a format does not read in which file it is."""
    try:
        yield
    except BadRowError as error:
        text = str(error)
        raise BadRowError(text if piece.uri in text else f"{piece.uri}: {text}") from error


@contextmanager
def _bugs(name: str, piece: Slice) -> Iterator[None]:
    """Say of what a format did not raise on purpose where it was, without its words."""
    try:
        yield
    except IngestError:
        raise
    except (Exception, SystemExit, pl.exceptions.PanicException) as error:
        where = traceback.extract_tb(error.__traceback__)[-1]
        raise JobError(
            f'{piece.uri}: format "{name}" raised {type(error).__name__} at {where.filename}:'
            f"{where.lineno}. A format raises BadRowError for a file that it cannot read: correct "
            "the format, or the file"
        ) from error


def _checked(decoded: object) -> Decoded:
    if isinstance(decoded, Decoded):
        return decoded
    raise TypeError(f"decode() returned {type(decoded).__name__}. It must return a Decoded")


@cache
def source_of(kind: type[Format]) -> type[FileSource] | None:
    """Return the source of a format that has none of its own; None if it cannot be read so."""
    if not issubclass(kind, ReadableFormat):
        return None

    class Made(kind, FormattedSource):  # type: ignore[valid-type, misc]  # a class by its name
        __doc__ = kind.__doc__
        format = kind

        def __reduce__(self) -> tuple[object, ...]:
            return _restored, (kind, self.__getstate__())

    return Made


def _restored(kind: type[Format], state: dict[str, object]) -> FileSource:
    """Return a source that was pickled: its class has no name that could be looked up."""
    made = source_of(kind)
    assert made is not None, "it was made once"
    source = made.__new__(made)
    source.__setstate__(state)
    return source
