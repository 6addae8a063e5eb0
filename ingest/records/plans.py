"""The frozen plan of a run: its partitions as Parquet files, and a page of facts about them."""

import io
import itertools
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
import polars as pl

from ingest.core.arrow import lists
from ingest.core.partition import Partition, Slice
from ingest.records.plan_facts import FORMAT, PlanFacts, damaged, plan_facts
from ingest.storage.objects import Store

PART_ROWS = 20_000
_FRAME_ROWS = 4_000

_SLICE = pl.Struct(
    {
        "uri": pl.String(),
        "size": pl.Int64(),
        "version": pl.String(),
        "start": pl.Int64(),
        "end": pl.Int64(),
        "bytes": pl.Int64(),
        "changed_ns": pl.Int64(),
    }
)
_SCHEMA = {"index": pl.Int64(), "id": pl.String(), "bytes": pl.Int64(), "slices": pl.List(_SLICE)}


class Plan:
    """The partitions of a run, read in order or by index, a part of the file at a time.

    In memory: one part, whatever the number of partitions.
    """

    def __init__(self, store: Store, run_id: str) -> None:
        self.run_id = run_id
        self._store = store
        self._folder = f"runs/{run_id}"
        self._part: tuple[int, pl.DataFrame] | None = None
        self.facts = plan_facts(store, run_id)

    def __len__(self) -> int:
        return self.facts.partitions

    def order_of_work(self) -> "np.ndarray[Any, np.dtype[np.int32]]":
        """Return the indexes in the order that has workers end together: longest first.

        By classes of about a fifth in size and stable within one, so that reading the plan in this
        order walks through its parts and does not jump among them.
        """
        classes = np.empty(len(self), dtype=np.int16)
        for first in range(0, len(self), PART_ROWS):
            sizes = self._read(first // PART_ROWS, ["bytes"])["bytes"].to_numpy()
            classes[first : first + len(sizes)] = np.floor(4 * np.log2(sizes + 1.0))
        return np.argsort(-classes, kind="stable").astype(np.int32)

    def __iter__(self) -> Iterator[Partition]:
        for index in range(len(self)):
            yield self[index]

    def __getitem__(self, index: int) -> Partition:
        number, row = divmod(index, PART_ROWS)
        if self._part is None or self._part[0] != number:
            self._part = None  # never two of them at once
            self._part = (number, self._read(number))
        found = self._part[1].row(row, named=True)
        slices = tuple(Slice(**piece) for piece in found["slices"])
        return Partition(index=found["index"], id=found["id"], slices=slices)

    def pieces(self) -> Iterator[tuple[int, str, int, str, int]]:
        """Return index, URI, size, version and `changed_ns` of every slice, a part at a time."""
        for number in range(-(-len(self) // PART_ROWS)):
            part = self._read(number, ["index", "slices"]).explode("slices").drop_nulls("slices")
            table = part.unnest("slices")
            if "changed_ns" not in table.columns:  # format 1
                table = table.with_columns(changed_ns=pl.lit(0))
            yield from table.select("index", "uri", "size", "version", "changed_ns").iter_rows()

    def inputs(self) -> pl.Series:
        """Return a number for each input, the same in every plan of this process: eight bytes."""
        parts = (
            self._read(number, ["slices"])
            .select(pl.col("slices").explode().struct.field("uri").drop_nulls().hash())
            .to_series()
            .unique()
            for number in range(-(-len(self) // PART_ROWS))
        )
        return pl.concat([pl.Series(dtype=pl.UInt64), *parts]).unique()

    def files(self) -> Iterator[pl.DataFrame]:
        """Yield URI, size and version of each input, once, a part of the plan at a time."""
        last = ""
        for number in range(-(-len(self) // PART_ROWS)):
            pieces = self._read(number, ["slices"]).select(pl.col("slices").explode()).drop_nulls()
            files = pieces.unnest("slices").select("uri", "size", "version")
            # the last file of the part before may continue in this one
            files = files.unique("uri", maintain_order=True).filter(pl.col("uri") != last)
            if files.height:
                last = files["uri"][-1]
                yield files

    def _read(self, number: int, columns: list[str] | None = None) -> pl.DataFrame:
        name = f"plan/{number:06d}.parquet"
        try:
            part = pl.read_parquet(self._store.read(f"{self._folder}/{name}"), columns=columns)
        except FileNotFoundError:
            raise damaged(self._store, self.run_id, name, "the file is missing") from None
        except pl.exceptions.PolarsError as error:
            raise damaged(self._store, self.run_id, name, error) from None
        if part.height != (wanted := min(PART_ROWS, len(self) - number * PART_ROWS)):
            raise damaged(
                self._store, self.run_id, name, f"{part.height} partitions instead of {wanted}"
            )
        return part


class PlanWriter:
    """Writes a plan once: parts first, the page of facts last."""

    def __init__(self, store: Store, run_id: str) -> None:
        self._store = store
        self._folder = f"runs/{run_id}"

    def write(self, partitions: Iterable[tuple[str, tuple[Slice, ...]]]) -> int:
        """Write the partitions (id and slices, in the order of work); return how many."""
        rest, written = iter(partitions), 0
        while count := self._write_part(written, itertools.islice(rest, PART_ROWS)):
            written += count
        return written

    def freeze(self, facts: PlanFacts) -> Plan:
        """Write the page of facts, after which the plan stands, and return the plan."""
        page = {"format": FORMAT, **asdict(facts)}
        self._store.create(f"{self._folder}/plan.json", json.dumps(page, indent=1).encode())
        return Plan(self._store, self._folder.removeprefix("runs/"))

    def _write_part(self, first: int, part: Iterator[tuple[str, tuple[Slice, ...]]]) -> int:
        """Write what comes as one part and return how much it was, nothing if nothing came."""
        frames = list(_frames(first, part))
        if not frames:
            return 0
        frame = pl.concat(frames, rechunk=False)
        sink = io.BytesIO()
        frame.write_parquet(sink, compression="zstd")
        number = first // PART_ROWS
        self._store.create(f"{self._folder}/plan/{number:06d}.parquet", sink.getvalue())
        return frame.height


def _frames(first: int, part: Iterator[tuple[str, tuple[Slice, ...]]]) -> Iterator[pl.DataFrame]:
    """Yield partitions as columns, few at a time: as objects they take more memory."""
    while some := list(itertools.islice(part, _FRAME_ROWS)):
        yield pl.DataFrame(
            {
                "index": range(first, first + len(some)),
                "id": [name for name, _ in some],
                "bytes": [sum(piece.bytes for piece in slices) for _, slices in some],
                "slices": _lists([slices for _, slices in some]),
            },
            schema=_SCHEMA,
        )
        first += len(some)


def _lists(groups: Sequence[tuple[Slice, ...]]) -> pl.Series:
    """Return slices as lists of structures."""
    pieces = [piece for slices in groups for piece in slices]
    columns = {
        field.name: pl.Series([getattr(piece, field.name) for piece in pieces], dtype=field.dtype)
        for field in _SLICE.fields
    }
    values = pl.DataFrame(columns).to_struct("slices")
    offsets = pl.Series(itertools.accumulate(map(len, groups), initial=0), dtype=pl.Int64)
    return lists("slices", values, offsets).cast(_SCHEMA["slices"])
