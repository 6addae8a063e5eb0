"""Writing files into a table's folder that no version lists yet, and what the log is to say."""

import itertools
import time
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Protocol

import polars as pl

from ingest.core.errors import JobError
from ingest.core.outcome import Staged
from ingest.core.rows import filled
from ingest.formats.base import Encoder
from ingest.sinks.directory.hive import by_keys, folder, value_text
from ingest.sinks.directory.staged import StagedFile
from ingest.sinks.directory.staging import HashedFile, stage_rows
from ingest.sinks.directory.write_back import WriteBack
from ingest.sinks.table.place import TablePlace
from ingest.sinks.table.statistics import CountedEncoder


class Writer(Protocol):
    """What is asked of a sink to write files."""

    @property
    def place(self) -> TablePlace:
        """Where the table is."""
        ...

    @property
    def partition_by(self) -> tuple[str, ...]:
        """The partition columns."""
        ...

    @property
    def target_file_bytes(self) -> int:
        """About how many bytes a file is to have."""
        ...

    @property
    def chunk_rows(self) -> int:
        """At most how many rows are encoded at a time."""
        ...

    def encoder(self, file: HashedFile, rows: pl.DataFrame) -> Encoder:
        """Begin a file."""
        ...


def staged_files(
    sink: Writer,
    portions: Iterable[pl.DataFrame],
    run_id: str,
    stem: str,
    write_back: WriteBack,
) -> Iterator[Staged]:
    """Write rows as files, each of one partition of the table: `<run_id>/<column>=<value>/...`.

    The folders of partitions are for Polars, which takes values of partition columns from paths.
    The files are durable once the table's place has settled them.

    Raises:
        JobError: a value cannot be that of a partition.
        FatalError, RetryableError: the disk is full, or did not answer.
    """
    numbers = itertools.count()
    for keys, rows in by_keys(filled(portions), sink.partition_by):
        values = _texts(keys)
        names = (f"{stem}-{number}.parquet" for number in numbers)
        where = f"{run_id}/{folder(keys)}".rstrip("/")
        yield from written_files(sink, rows, where, names, values, write_back=write_back)


def written_files(
    sink: Writer,
    rows: Iterable[pl.DataFrame],
    folder: str,
    names: Iterator[str],
    values: Mapping[str, str | None],
    *,
    write_back: WriteBack,
) -> Iterator[Staged]:
    """Write rows of one partition as files of a folder, by these names; see `staged_files`."""
    nulls = tuple(name for name, value in values.items() if value is None)
    with sink.place.staging() as staging:
        opened = (sink.place.new_file(staging / folder / name, write_back) for name in names)
        for file, statistics in _written(sink, rows, opened):
            path = f"{folder}/{file.name}"
            sink.place.keep(staging, path)
            yield _kept(file, {"path": path, "values": values, "stats": statistics}, nulls)


def _written(
    sink: Writer, rows: Iterable[pl.DataFrame], opened: Iterator[HashedFile]
) -> Iterator[tuple[StagedFile, str]]:
    """Write files, and return each with its statistics."""
    counted: list[CountedEncoder] = []

    def begun(file: HashedFile, first: pl.DataFrame) -> CountedEncoder:
        counted[:] = [CountedEncoder(sink.encoder(file, first))]
        return counted[0]

    files = stage_rows(
        rows,
        opened,
        begun,
        target_bytes=sink.target_file_bytes,
        most_rows=sink.chunk_rows,
    )
    for file in files:
        yield file, counted[0].text


def _kept(file: StagedFile, keep: dict[str, Any], nulls: tuple[str, ...]) -> Staged:
    """Return what an add action needs of a file."""
    keep |= {"sha256": file.sha256, "modified": int(time.time() * 1000)}
    return Staged(output="", rows=file.rows, bytes=file.bytes, keep=keep, nulls=nulls)


def _texts(keys: Mapping[str, object]) -> dict[str, str | None]:
    """Return the values of partition columns as a table's log has them.

    Raises:
        JobError: one is the empty text, which readers of the log take for null.
    """
    for column, value in keys.items():
        if value == "":
            raise JobError(
                f'sink.partition_by: column "{column}" contains an empty text, which Delta tables '
                "read as null. Replace it in a step, or partition by another column"
            )
    return {name: None if value is None else value_text(value) for name, value in keys.items()}
