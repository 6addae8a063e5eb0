"""What every source promises.

A package that brings a source imports from here what it takes and returns, too.
"""

import itertools
from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import field
from datetime import datetime
from typing import Any, ClassVar

import polars as pl

from ingest.core.dataclass import dataclass
from ingest.core.model import Model
from ingest.core.partition import Partition, Slice
from ingest.core.private import REDACTED
from ingest.core.types import Schema
from ingest.sources.incremental import Earlier, Unread
from ingest.sources.inputs import Difference, Fate, Inputs, Planned
from ingest.sources.reading import LOCATED, Read, Rejects, original_texts

__all__ = [
    "LOCATED",
    "Difference",
    "Fate",
    "Inputs",
    "Layout",
    "Planned",
    "Read",
    "Rejects",
    "Source",
    "original_texts",
]


@dataclass(frozen=True, slots=True)
class Layout:
    """What the plan freezes of a source: its input schema and what its reader needs besides.

    `columns` are the columns that `read` returns, in order and with their types. `facts` is plain
    data of the type's own (the header of CSV files, say); it is stored in the plan as JSON.
    `notes` say, for a person, how each column got its type; `remarks` are sentences about what the
    inputs have not in common: columns that are widened, filled with nulls, left out or added.
    """

    columns: Schema
    facts: dict[str, Any] = field(default_factory=dict)
    notes: dict[str, str] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()


class Source(Model, ABC):
    """Where rows come from.

    On the driver, once per run and in this order: `inputs` (or `unread` if it is incremental),
    `cut` for each of them, `layout`, then `admit`. In workers, any number of times and in any
    order: `read`, and `locate` if rows of that partition were rejected. The object is pickled
    between the two and holds no state.

    Guarantees that every source gives, and that `ingest.testing` tries to break:
    a record belongs to exactly one slice, whichever way the input is cut; reading the same slice
    again gives the same records in the same order, or an error if the input has changed meanwhile
    (never a mixture); nothing is skipped: a record is a row, a reject, or part of an error.

    `memory_per_byte` is about how many bytes a worker takes for each decoded byte of its partition,
    beside its own 200 MiB: the slope of its peak over partitions of three sizes, with a filter, a
    derived column and a contract, six columns and 60 bytes a row.
    """

    type: str
    memory_per_byte: ClassVar[float] = 8.0

    @abstractmethod
    def inputs(self) -> Inputs:
        """List the input. Reads no more than names and sizes.

        Raises:
            ConfigError: nothing is there, or it may not be read.
        """

    @property
    def is_incremental(self) -> bool:
        """Whether what earlier runs have read is not read again: see `incremental`."""
        return False

    def unread(self, earlier: Earlier) -> Unread:  # noqa: ARG002 - for those that are incremental
        """List what earlier runs have not read; instead of `inputs`, if it is incremental.

        Raises:
            ConfigError: as `inputs`; or something that was read is not as it was.
        """
        inputs = self.inputs()
        return Unread(inputs.slices, inputs.remarks)

    def doubt(
        self,
        layout: Layout,  # noqa: ARG002
        wanted: Collection[str],  # noqa: ARG002
        *,
        private: bool,  # noqa: ARG002
    ) -> str:
        """Say which option is probably wrong, if the columns of a layout do not fit the job.

        `wanted` are names that the job has for columns of the source; if there are `private` ones
        among them, what may be a record is not shown.

        It is told instead of what does not fit, so it begins with the option's name. Empty if
        nothing of the source looks wrong.
        """
        return ""

    def cut(self, piece: Slice, target_bytes: int) -> Iterable[Slice]:  # noqa: ARG002
        """Cut an input into slices of about `target_bytes`, in order, if it is larger than that.

        Raises:
            ConfigError: what has to be read to cut it cannot be.
        """
        return [piece]

    def slices(self, target_bytes: int) -> Iterator[Slice]:
        """List the input, each large piece cut: in a stable order (by URI, then start)."""
        for piece in self.inputs().slices:
            yield from self.cut(piece, target_bytes)

    @abstractmethod
    def layout(self, slices: Sequence[Slice], types: Mapping[str, pl.DataType]) -> Layout:
        """Freeze the input schema, looking into some of the inputs.

        `slices` are all there are, up to a large number. `types` are the types that the contract
        gives to columns of the source that no step writes; the source's own `columns` go before
        them.

        Raises:
            ConfigError: inputs cannot be read or do not go together, or `columns` names what is
                not there.
        """

    def without(self, layout: Layout, unused: frozenset[str]) -> Layout:  # noqa: ARG002
        """Return a layout by which `read` may leave these columns unread, for nobody looks at them.

        They stay columns of its frame, null where they were not read, and `Read.completed` reads
        them for rows that are rejected. Only for sources that save something by it.
        """
        return layout

    def admit(self, slices: Iterable[Slice], layout: Layout) -> Iterator[Slice]:  # noqa: ARG002
        """Pass on the slices that `layout` was not shown.

        Raises:
            ConfigError: one of them can be seen not to fit the layout, without reading it.
        """
        return iter(slices)

    @abstractmethod
    def read(self, partition: Partition, layout: Layout) -> Read:
        """Read a partition. The result is the same whenever and wherever it is read.

        Raises:
            FatalError: an input has changed since the plan, has vanished or cannot be read.
            BadRowError: a whole file breaks its format (another header, a truncated archive).
            RetryableError: the storage did not answer.
        """

    @abstractmethod
    def locate(self, partition: Partition, layout: Layout, positions: pl.Series) -> pl.DataFrame:
        """Say where rows stand: columns `position`, `line` and `original`, one row for each.

        `positions` are sorted and come from the frame that `read` returned. `line` is the row's
        number where the format has no lines; `original` is null where it has no text.
        """

    def reader(self, piece: Slice, layout: Layout) -> dict[str, Any] | None:  # noqa: ARG002
        """Return the source, as a job would name it but for `path`, that reads `original`s.

        Those that `locate` and `Rejects` have of this slice, each as a line of a file in UTF-8. The
        quarantine keeps it beside them, so that they can be read again without the file that they
        came from. None where there is no text.

        Raises:
            FatalError, RetryableError, BadRowError: as `read`.
        """
        return None

    def overlapping(self, names: Collection[str]) -> frozenset[str]:  # noqa: ARG002
        """Return the columns that are read from the same characters as one of these; else none."""
        return frozenset()

    def redacted(
        self,
        piece: Slice,  # noqa: ARG002 - for those that can take records apart
        layout: Layout,  # noqa: ARG002
        originals: pl.Series,
        shown: frozenset[str],  # noqa: ARG002
    ) -> pl.Series:
        """Return `original`s of a slice with `***` for the values of all columns but the `shown`.

        What is empty or null stays so. A record that cannot be taken apart is `***` as a whole, and
        so is each one here.

        Raises:
            FatalError, RetryableError, BadRowError: as `read`.
        """
        return originals.set(originals.is_not_null(), REDACTED)

    def split(self, partition: Partition) -> Sequence[tuple[Slice, ...]]:
        """Cut a partition in two that together hold its records, each once.

        On the driver, when a partition is too much for a worker. Between slices, so that the bytes
        are even, and a single slice as `halve` does. Returns none if it cannot be cut; cutting its
        parts further comes to that end.

        Raises:
            FatalError, RetryableError: as `read`.
        """
        pieces = partition.slices
        if len(pieces) == 1:
            return tuple((half,) for half in self.halve(pieces[0]))
        sums = list(itertools.accumulate(piece.bytes for piece in pieces))
        place = min(range(1, len(pieces)), key=lambda place: abs(2 * sums[place - 1] - sums[-1]))
        return pieces[:place], pieces[place:]

    def halve(self, piece: Slice) -> Sequence[Slice]:  # noqa: ARG002 - for those that can
        """Cut a slice in two, reading no more than is needed to; none if it cannot be cut."""
        return ()

    def pieces(self, piece: Slice, most_bytes: int) -> Sequence[Slice]:  # noqa: ARG002
        """Cut a slice for reading part by part, in a worker, where that costs next to nothing.

        The records of the parts, one part after the other, are those of the slice.

        Raises:
            FatalError, BadRowError, RetryableError: as `read`.
        """
        return (piece,)

    def expansion(self, sample: Sequence[Slice]) -> float:  # noqa: ARG002 - for those that pack
        """Return how many decoded bytes stand behind one that is stored, judging by a few slices.

        Raises:
            ConfigError: the sample cannot be read.
        """
        return 1.0

    def compare(
        self,
        planned: Iterable[Planned],  # noqa: ARG002 - for those that can tell
        since: datetime,  # noqa: ARG002
        earlier: Earlier | None = None,  # noqa: ARG002
    ) -> Iterable[Difference]:
        """Say which inputs are not as a plan has them: on the driver, before a run is resumed.

        `planned` is a stream, each input once, in the order that `slices` gave; `since` is when the
        plan was made. What `earlier` runs have read is not new. By default nothing is said: `read`
        finds out.

        Raises:
            ConfigError: the inputs may not be listed.
        """
        return ()

    @property
    def server(self) -> str:
        """The URL of the server that its roots are meant for; empty if they say that themselves."""
        return ""

    @property
    def roots(self) -> tuple[str, ...]:
        """The places below which this source reads, so that no sink is put there."""
        return ()

    def would_read(self, file: str) -> bool:  # noqa: ARG002 - for those that read folders
        """Say whether a local file would be read as input, if it were there."""
        return False
