"""Cursors: what runs of a job have read and published to an output, and is not to be read again.

A cursor is a sequence of entries, `jobs/<job>/cursor/<output>/<n>.json`, each created once: by a
run that was published, or by a person (`ingest cursor`). The last one counts. Files that were read
are not in the entry but in segments, Parquet files beside it that it names: an entry takes over
those of the one before, and adds its own. Small neighbours are merged while an entry is written:
there are few to read, and each file is written about as often as the cursor has doubled since.
See docs/decisions/0018-a-cursor-is-entries-and-segments.md.
"""

import hashlib
import io
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import field
from typing import Any, Literal

import polars as pl

from ingest.core.dataclass import dataclass
from ingest.core.errors import FatalError
from ingest.records.runs import RESTORE
from ingest.storage.objects import Store

FORMAT = 1
SEGMENT_FILES = 50_000
"""How many files a segment has at most: about 2 MB."""
MERGED_RATIO = 2
"""A segment is merged with a new one that has at least half as many files."""
FILES = pl.Schema({"uri": pl.String(), "size": pl.Int64(), "version": pl.String()})
"""The columns of a segment: what makes a file the one that was read (see decision 0010)."""

Frames = Iterable[pl.DataFrame]


@dataclass(frozen=True, slots=True)
class Segment:
    """Files that were read, in one object: its name below the cursor, and how many there are."""

    name: str
    files: int


@dataclass(frozen=True, slots=True)
class Move:
    """What an entry adds, without the files themselves.

    `token` is the same whenever this move is made again, and no other's. `base` is the entry that
    it was decided on: behind it, the token is looked for. `known` is how many of its files were in
    that entry already, as other versions. `drops` says that files of earlier entries count no more.
    `position` is where a cursor over columns stands from now on, and `layout` how the files were
    read: plain data, empty if this move says nothing about it. `about` is for people.
    """

    token: str
    base: int
    by: Literal["run", "set", "reset"]
    known: int = 0
    drops: bool = False
    position: dict[str, Any] = field(default_factory=dict)
    layout: dict[str, Any] = field(default_factory=dict)
    about: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry: how the cursor stood after it.

    `added` is how many files it brought, `files` how many there are in all. `about` says who made
    it, when, and by which run.
    """

    number: int
    output: str
    token: str
    by: str
    added: int
    files: int
    segments: tuple[Segment, ...]
    position: dict[str, Any]
    layout: dict[str, Any]
    about: dict[str, Any]


class Cursor:
    """The cursor of a job for one of its outputs, within one state.

    Outputs are apart because a run to another place, for a test, has brought nothing to this one.
    """

    def __init__(self, store: Store, job: str, output: str) -> None:
        self.output = output
        self._store = store
        name = hashlib.sha256(output.encode()).hexdigest()[:16]
        self.folder = f"jobs/{job}/cursor/{name}"

    def last(self) -> Entry | None:
        """Return the entry that counts; None if nothing was ever read or set.

        Raises:
            FatalError: it is damaged, or another version of ingest wrote it.
        """
        numbers = self._numbers()
        return self.entry(numbers[-1]) if numbers else None

    def number(self) -> int:
        """Return the number of the last entry; 0 if there is none."""
        return max(self._numbers(), default=0)

    def entries(self, newest: int = 0) -> Iterator[Entry]:
        """Yield all entries, oldest first, or so many of the newest."""
        return map(self.entry, self._numbers()[-newest:])

    def entry(self, number: int) -> Entry:
        """Return an entry.

        Raises:
            FatalError: it is damaged, or another version of ingest wrote it.
        """
        name = self._name(number)
        try:
            page = json.loads(self._store.read(name))
            written = page.pop("format")
            page["segments"] = tuple(Segment(**segment) for segment in page["segments"])
            if written == FORMAT:
                return Entry(**page)
        except FileNotFoundError:
            raise self._damaged(name, "the file is missing") from None
        except (ValueError, LookupError, TypeError, AttributeError) as error:
            raise self._damaged(name, error) from None
        raise FatalError(
            f"{self._store.uri(name)}: format {written}, this version of ingest reads {FORMAT}. "
            "Use the version that wrote it"
        )

    def files(self, entry: Entry) -> Iterator[pl.DataFrame]:
        """Yield the files of an entry, newest first, one segment in memory at a time.

        A file that was read in several versions comes once for each; the first one counts.
        """
        return (self._read(segment.name) for segment in reversed(entry.segments))

    def move(self, move: Move, frames: Callable[[], Frames]) -> Entry:
        """Add an entry behind the last one, unless this move was made already; return it.

        `frames` returns files in the columns of `FILES`, the same whenever it is called. In memory
        are a few segments.
        """
        while True:
            if own := self._made(move):
                return own
            last = self.last()
            number = (last.number if last else 0) + 1
            segments, added = self._segments(number, move, last, frames())
            entry = Entry(
                number=number,
                output=self.output,
                token=move.token,
                by=move.by,
                added=added,
                files=self._total(move, last, segments, added),
                segments=segments,
                position=move.position or (last.position if last and not move.drops else {}),
                layout=move.layout or (last.layout if last else {}),
                about=move.about,
            )
            if self._store.create(self._name(number), _page(entry)):
                return entry

    def trim(self) -> None:
        """Remove segments that the last entry does not need any more.

        Those of an entry that is just being written stay: their number is higher.
        """
        last = self.last()
        if last is None:
            return
        needed = {segment.name for segment in last.segments}
        names = self._store.names(f"{self.folder}/files")
        for name in names:
            if name not in needed and _number(name) <= last.number:
                self._store.remove(f"{self.folder}/files/{name}")

    def _made(self, move: Move) -> Entry | None:
        """Return the entry of this move, if it was made: after the one it was decided on."""
        later = (self.entry(number) for number in self._numbers() if number > move.base)
        return next((entry for entry in later if entry.token == move.token), None)

    def _segments(
        self, number: int, move: Move, last: Entry | None, frames: Frames
    ) -> tuple[tuple[Segment, ...], int]:
        """Write the new files as segments, small ones together with those before them."""
        kept = list(last.segments) if last and not move.drops else []
        added, place = 0, 0

        def write(files: pl.DataFrame) -> None:
            nonlocal place
            name = f"{number:06d}-{move.token}-{place:03d}.parquet"
            data = io.BytesIO()
            files.write_parquet(data, compression="zstd")
            self._store.create(f"{self.folder}/files/{name}", data.getvalue())
            kept.append(Segment(name, files.height))
            place += 1

        for files in _sized(frames):
            added += files.height
            merged = files
            while kept and _merge(kept[-1].files, merged.height):
                both = [merged, self._read(kept.pop().name)]
                merged = pl.concat(both).unique("uri", keep="first", maintain_order=True)
            write(merged)
        return tuple(kept), added

    def _total(
        self, move: Move, last: Entry | None, segments: tuple[Segment, ...], added: int
    ) -> int:
        if last is None or move.drops:
            return added
        if last.number == move.base:
            return last.files + added - move.known
        uris = (self._read(segment.name)["uri"].hash() for segment in segments)
        return pl.concat([pl.Series(dtype=pl.UInt64), *uris]).n_unique()

    def _read(self, name: str) -> pl.DataFrame:
        place = f"{self.folder}/files/{name}"
        try:
            return pl.read_parquet(self._store.read(place)).select(FILES.names())
        except FileNotFoundError:
            raise self._damaged(place, "the file is missing") from None
        except pl.exceptions.PolarsError as error:
            raise self._damaged(place, error) from None

    def _numbers(self) -> list[int]:
        names = self._store.names(self.folder)
        return sorted(_number(name) for name in names if name.endswith(".json"))

    def _name(self, number: int) -> str:
        return f"{self.folder}/{number:06d}.json"

    def _damaged(self, name: str, why: object) -> FatalError:
        return FatalError(f"{self._store.uri(name)}: the cursor is damaged: {why}. {RESTORE}")


def trim(store: Store, jobs: Iterable[str]) -> None:
    """Remove what no cursor of these jobs needs any more."""
    for job in jobs:
        for output in outputs_of(store, job):
            Cursor(store, job, output).trim()


def outputs_of(store: Store, job: str) -> list[str]:
    """Return the outputs that a job has cursors for, each as its entries name it."""
    folders = store.names(f"jobs/{job}/cursor")
    firsts = (store.read(f"jobs/{job}/cursor/{folder}/{1:06d}.json") for folder in folders)
    return sorted(json.loads(first)["output"] for first in firsts)


def _sized(frames: Frames) -> Iterator[pl.DataFrame]:
    """Yield the same rows in frames of `SEGMENT_FILES`, but for the last one."""
    rest = pl.DataFrame(schema=FILES)
    for frame in frames:
        rest = pl.concat([rest, frame.select(pl.col(name).cast(FILES[name]) for name in FILES)])
        while rest.height >= SEGMENT_FILES:
            yield rest.head(SEGMENT_FILES)
            rest = rest.slice(SEGMENT_FILES)
    if rest.height:
        yield rest


def _merge(before: int, files: int) -> bool:
    return before <= MERGED_RATIO * files and before + files <= SEGMENT_FILES


def _number(name: str) -> int:
    """Return the number that a name in a cursor begins with."""
    return int(name.partition(".")[0].partition("-")[0])


def _page(entry: Entry) -> bytes:
    page = {name: getattr(entry, name) for name in Entry.__slots__}
    page["segments"] = [
        {"name": segment.name, "files": segment.files} for segment in entry.segments
    ]
    return json.dumps({"format": FORMAT, **page}, indent=1).encode()
