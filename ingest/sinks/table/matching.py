"""Which rows of a table have the keys of a run."""

import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Self

import numpy as np
import numpy.typing as npt
import polars as pl

from ingest.sinks.table.keys import ROW, Keys, Piece, slices_of

_SOURCE = "__source"
Rows = npt.NDArray[np.int64]
"""Numbers of rows of a file, from 0, ascending."""


class Matching:
    """Rows that were found, kept in files: memory is bounded by a slice of keys and one file."""

    def __init__(self, keys: Keys) -> None:
        self._keys = keys
        self._folder = tempfile.TemporaryDirectory(prefix="ingest-merge-")
        self._pieces: dict[int, Piece] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._folder.cleanup()

    def match(self, own: Sequence[Piece], files: Sequence[Piece], rows: int) -> int:
        """Find the rows of files whose keys are among those of a run; return how many keys are."""
        slices, count = slices_of(rows), 0
        for number in range(slices):
            held = self._keys.held(own, number, slices)
            if held.is_empty():
                continue
            held, seen = held.with_row_index(_SOURCE), np.zeros(held.height, dtype=np.bool_)
            for place, piece in enumerate(files):
                parts = [
                    self._keys.slice(batch, number, slices).join(held, on=list(self._keys.columns))
                    for batch in self._keys.batches(piece)
                ]
                matched = pl.concat(part.select(ROW, _SOURCE) for part in parts) if parts else None
                if matched is not None and matched.height:
                    seen[matched[_SOURCE].to_numpy()] = True
                    self._pieces[place] = piece
                    np.save(self._path(place, number), matched[ROW].to_numpy())
            count += int(seen.sum())
        return count

    def matched(self) -> Iterator[tuple[Piece, Rows]]:
        """Yield the files that have such rows, and these."""
        for place, piece in sorted(self._pieces.items()):
            parts = sorted(Path(self._folder.name).glob(f"{place}-*.npy"))
            yield piece, np.unique(np.concatenate([np.load(part) for part in parts]))

    def _path(self, place: int, number: int) -> Path:
        return Path(self._folder.name, f"{place}-{number}.npy")
