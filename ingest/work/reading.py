"""Reading a partition in runs of slices, so that memory does not grow with their number."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial

import polars as pl

from ingest.core.partition import Partition, Slice
from ingest.core.rows import POSITION, position
from ingest.sources.base import Layout, Read, Rejects, Source, original_texts

RUN_BYTES = 8 * 1024 * 1024
"""How much of a partition is read at a time, as stored, where slices can be cut. Four files of
500,000 taxi rows at once took a worker 490 MB, half a file after the other 290."""


def runs(source: Source, partition: Partition, layout: Layout) -> Iterator[Read]:
    """Read neighbouring slices together, up to `RUN_BYTES`, each run when it is asked for.

    A larger slice is read alone, and in parts if its source can cut it. For steps of scope `row`,
    to which it makes no difference: positions are those within the whole partition, and what is
    read is the same.

    Raises:
        FatalError, BadRowError, RetryableError: as `Source.read`.
    """
    first = 0
    while first < len(partition.slices):
        length = _length(partition.slices[first:])
        slices = partition.slices[first : first + length]
        parts = [slices]
        if length == 1:
            parts = [(piece,) for piece in source.pieces(slices[0], RUN_BYTES)]
        records = 0
        for part in parts:
            read = source.read(replace(partition, slices=part), layout)
            before, records = records, records + read.records
            moved = [_moved(read, position(first, before))]
            del read  # only who asked for it holds it
            yield moved.pop()
        first += length


def _length(slices: Sequence[Slice]) -> int:
    """Return how many slices are read together."""
    size = 0
    for number, piece in enumerate(slices):
        size += piece.bytes
        if number and size > RUN_BYTES:
            return number
    return len(slices)


def _moved(read: Read, base: int) -> Read:
    """Return what was read, with positions that begin at `base`."""
    if not base:
        return read
    rejects = read.rejects
    if rejects is not None:
        rejects = Rejects(rejects.frame.with_columns(pl.col("position") + base))
    return replace(
        read,
        frame=read.frame.with_columns(pl.col(POSITION) + base),
        rejects=rejects,
        locate=read.locate and partial(_located_at, read.locate, base),
        completed=read.completed and partial(_completed_at, read.completed, base),
    )


def _located_at(
    locate: Callable[[pl.Series], pl.DataFrame], base: int, positions: pl.Series
) -> pl.DataFrame:
    here = locate(positions.cast(pl.UInt64) - base)
    return here.with_columns(pl.col("position") + base)


def _completed_at(
    completed: Callable[[pl.DataFrame], pl.DataFrame], base: int, rows: pl.DataFrame
) -> pl.DataFrame:
    here = completed(rows.with_columns(pl.col(POSITION) - base))
    return here.with_columns(pl.col(POSITION) + base)


class Sum:
    """What the runs of a partition come to, without their rows."""

    def __init__(self) -> None:
        self.records = 0
        self.filters = False
        self.filtered: dict[str, int] = {}
        self._rejects: list[pl.DataFrame] = []
        self._located: list[pl.DataFrame] | None = []

    def add(self, read: Read) -> None:
        """Count a run, before its rows are worked."""
        self.records += read.records
        self.filters |= read.filters
        for reason, count in read.filtered.items():
            self.filtered[reason] = self.filtered.get(reason, 0) + count
        if read.rejects:
            self._rejects.append(read.rejects.frame)

    def locate(self, read: Read, positions: pl.Series) -> None:
        """Keep where rows of a run stand that were rejected, before the run is let go of."""
        if read.locate is None:
            self._located = None
        elif self._located is not None and not positions.is_empty():
            self._located.append(read.locate(positions))

    @property
    def unread(self) -> int:
        """How many records could not be read as rows."""
        return sum(frame.height for frame in self._rejects)

    @property
    def read(self) -> Read:
        """All runs as one; its frame has no rows."""
        located = self._located
        return Read(
            pl.LazyFrame(),
            self.records,
            Rejects(pl.concat(self._rejects)) if self._rejects else None,
            self.filters,
            self.filtered,
            None if located is None else partial(_chosen, located),
        )


def _chosen(located: Sequence[pl.DataFrame], positions: pl.Series) -> pl.DataFrame:
    """Return where rows stand; once for all runs, so that what is alike is written together."""
    if len({frame.schema["original"] for frame in located}) > 1:
        located = [each.with_columns(original_texts(each["original"])) for each in located]
    whole, wanted = pl.concat(located, rechunk=True), positions.cast(pl.UInt64)
    if wanted.equals(whole["position"]):
        return whole
    wanted_rows = wanted.to_frame("position")
    return wanted_rows.join(whole, on="position", how="left", maintain_order="left")
