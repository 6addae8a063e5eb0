r"""The conformance suite for sources: tries to break what `Source` promises.

An author inherits `SourceSuite` in a test module and writes one method:

    class TestMySource(SourceSuite):
        def make(self, folder: Path) -> Source:
            (folder / "a.txt").write_text("1\n2\n")
            return MySource(type="mine", path=str(folder))

The input should hold several files, some bad records, and names in another order than they are
written. pytest then runs every test below on it.
"""

import os
import pickle
from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path

import polars as pl

from ingest.core.errors import FatalError
from ingest.core.partition import Partition, Slice, partition_id
from ingest.core.rows import POSITION
from ingest.sources.base import Layout, Read, Rejects, Source, original_texts

CUTS = (1, 2, 3, 7, 16, 61, 256, 4096)
"""Target sizes of slices, in bytes, each of which must give the same records."""
WHOLE_BYTES = 1 << 40
SPLITS = 6
"""How often in a row everything is split; each time, the records are compared."""


def plan(source: Source, target_bytes: int = WHOLE_BYTES) -> tuple[Partition, Layout]:
    """Return all of a source as one partition, and its layout as the driver would freeze it."""
    return pack(list(source.slices(target_bytes))), layout_of(source)


def layout_of(source: Source) -> Layout:
    """Return a source's layout, made from whole files so that no cut can influence it."""
    return source.layout(list(source.slices(WHOLE_BYTES)), {})


def pack(slices: Sequence[Slice], index: int = 0) -> Partition:
    """Return slices as a partition."""
    return Partition(index, partition_id(slices), tuple(slices))


def rows_of(read: Read) -> pl.DataFrame:
    """Return the rows that were read, without their positions."""
    return read.frame.collect().drop(POSITION)


def records_of(
    source: Source, partition: Partition, layout: Layout
) -> list[tuple[str, int | None, str]]:
    """Return every record as its file, its line, and what became of it, in order of reading.

    Two partitions of the same input hold the same records if these lists are equal.
    """
    read = source.read(partition, layout)
    frame = read.frame.collect()
    located = source.locate(partition, layout, frame[POSITION].sort())
    lines = dict(zip(located["position"], located["line"], strict=True))
    found = [
        (position, lines[position], repr(row))
        for position, row in zip(frame[POSITION], frame.drop(POSITION).rows(), strict=True)
    ]
    for position, line, *what in _rejects(read).rows():
        found.append((position, line, repr(what)))
    uris = [piece.uri for piece in partition.slices]
    return [(uris[position >> 40], line, what) for position, line, what in sorted(found)]


def assert_balanced(read: Read, *, filters: bool = False) -> None:
    """Assert that every record is a row, a reject, or filtered; with `filters`, not all by name."""
    kept = read.frame.collect().height + _rejects(read).height
    named = sum(read.filtered.values())
    assert kept + named <= read.records if filters else kept + named == read.records, (
        f"{read.records} records, but {kept} rows and rejects, and {named} filtered"
    )


def _split(source: Source, partition: Partition) -> list[Partition]:
    """Return the parts of a partition, or itself if it cannot be cut."""
    parts = source.split(partition)
    assert len(parts) != 1, "a split makes several parts, or none"
    assert all(parts), "each part has slices"
    return [pack(part) for part in parts] or [partition]


def _rejects(read: Read) -> pl.DataFrame:
    return pl.DataFrame(schema=Rejects.SCHEMA) if read.rejects is None else read.rejects.frame


class SourceSuite(ABC):
    """Tests that every source must pass."""

    filters = False
    """Whether the source leaves out records by a condition, and so does not count them by name."""

    @abstractmethod
    def make(self, folder: Path) -> Source:
        """Write an input into an empty folder and return a source that reads it."""

    def test_any_cut_gives_the_same_records(self, tmp_path: Path) -> None:
        """A record belongs to exactly one slice, whichever way the input is cut."""
        source = self.make(tmp_path)
        partition, layout = plan(source)
        whole = records_of(source, partition, layout)
        for target in CUTS:
            cut, _ = plan(source, target)
            assert records_of(source, cut, layout) == whole, f"cut every {target} bytes"

    def test_the_parts_of_a_split_hold_the_same_records(self, tmp_path: Path) -> None:
        """Each once and in the same order, however often what was split is split again."""
        source = self.make(tmp_path)
        for target in (CUTS[4], WHOLE_BYTES):
            partition, layout = plan(source, target)
            whole = records_of(source, partition, layout)
            parts = [partition]
            for _ in range(SPLITS):
                parts = [smaller for part in parts for smaller in _split(source, part)]
                found = [record for part in parts for record in records_of(source, part, layout)]
                assert found == whole, f"split into {len(parts)}"

    def test_splitting_comes_to_an_end(self, tmp_path: Path) -> None:
        """Sooner or later nothing can be cut any more."""
        source = self.make(tmp_path)
        partition, _ = plan(source)
        most = 2 * sum(piece.size + 1 for piece in partition.slices)
        parts, number = [partition], 0
        while parts:
            number += 1
            assert number <= most, "more parts than there are bytes"
            last = parts.pop()
            smaller = _split(source, last)
            parts += smaller if smaller != [last] else []

    def test_slices_can_be_read_one_by_one(self, tmp_path: Path) -> None:
        """What a slice gives does not depend on which others are in its partition."""
        source = self.make(tmp_path)
        partition, layout = plan(source)
        pieces = list(source.slices(CUTS[3]))
        alone = [record for piece in pieces for record in records_of(source, pack([piece]), layout)]
        assert alone == records_of(source, partition, layout)

    def test_slices_come_in_a_stable_order(self, tmp_path: Path) -> None:
        """By URI, then start; the same each time."""
        source = self.make(tmp_path)
        pieces = list(source.slices(CUTS[3]))
        assert pieces == sorted(pieces, key=lambda piece: (piece.uri, piece.start))
        assert pieces == list(source.slices(CUTS[3]))

    def test_reading_twice_gives_the_same(self, tmp_path: Path) -> None:
        """The same records in the same order, also by a copy of the source in another process."""
        source = self.make(tmp_path)
        partition, layout = plan(source)
        first = source.read(partition, layout)
        copy = pickle.loads(pickle.dumps((source, layout)))  # noqa: S301 - our own pickle
        again = copy[0].read(partition, copy[1])
        assert first.frame.collect().equals(again.frame.collect())
        assert _rejects(first).equals(_rejects(again))

    def test_every_record_is_accounted_for(self, tmp_path: Path) -> None:
        """The records are the rows, the rejects and the filtered together, whatever the cut."""
        source = self.make(tmp_path)
        layout = layout_of(source)
        counts = set()
        for target in (*CUTS, WHOLE_BYTES):
            read = source.read(pack(list(source.slices(target))), layout)
            assert_balanced(read, filters=self.filters)
            counts.add((read.records, *sorted(read.filtered.items())))
        assert len(counts) == 1

    def test_the_frame_has_the_columns_of_the_layout(self, tmp_path: Path) -> None:
        """In order and with their types, and the position of each row behind them."""
        source = self.make(tmp_path)
        partition, layout = plan(source)
        schema = source.read(partition, layout).frame.collect_schema()
        assert dict(schema) == {**layout.columns, POSITION: pl.UInt64()}
        assert layout.columns.keys() == layout.notes.keys(), "each column says how it got its type"

    def test_positions_tell_records_apart(self, tmp_path: Path) -> None:
        """Each position stands once, and they rise in the order of reading."""
        source = self.make(tmp_path)
        partition, layout = plan(source, CUTS[4])
        read = source.read(partition, layout)
        rows, rejects = read.frame.collect()[POSITION], _rejects(read)["position"]
        assert rows.is_sorted()
        assert rejects.is_sorted()
        assert pl.concat([rows, rejects]).is_unique().all()

    def test_rejects_and_places_have_their_form(self, tmp_path: Path) -> None:
        """Rejects have a reason and an original; `locate` answers for each position, in order."""
        source = self.make(tmp_path)
        partition, layout = plan(source)
        read = source.read(partition, layout)
        assert dict(_rejects(read).schema) == Rejects.SCHEMA
        assert _rejects(read)["reason"].null_count() == 0
        asked = read.frame.collect()[POSITION].gather_every(2)
        found = source.locate(partition, layout, asked)
        assert found["position"].to_list() == asked.to_list()
        assert dict(found.schema) == {
            name: Rejects.SCHEMA[name] for name in ("position", "line", "original")
        }
        if read.locate is not None:
            here = read.locate(asked)
            assert here.with_columns(original_texts(here["original"])).equals(found)

    def test_a_changed_input_is_an_error(self, tmp_path: Path) -> None:
        """Never a mixture of two versions: grown, shrunk, rewritten, gone, or put back.

        Also if size and time of writing are those of the plan: what lies there then need not be
        what was planned.
        """
        source = self.make(tmp_path)
        partition, layout = plan(source)
        victim = Path(partition.slices[0].uri)
        content, status = victim.read_bytes(), victim.stat()
        for changed in (content + b"\n", content[:-1], content[::-1]):
            victim.write_bytes(changed)
            assert_refused(source, partition, layout, victim.name)
        victim.unlink()
        assert_refused(source, partition, layout, victim.name)
        victim.write_bytes(content[::-1])
        os.utime(victim, ns=(status.st_atime_ns, status.st_mtime_ns))
        assert_refused(source, partition, layout, victim.name)


def assert_refused(source: Source, partition: Partition, layout: Layout, name: str) -> None:
    """Assert that reading raises a `FatalError` that names the input."""
    said = ""
    try:
        source.read(partition, layout).frame.collect()
    except FatalError as error:
        said = str(error)
    assert said, f"{name} has changed since the plan, and was read all the same"
    assert name in said, f"the error names the input: {said}"
