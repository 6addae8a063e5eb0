"""Taxi trips in files of which one has most of the rows."""

from pathlib import Path

from benchmarks.data import _trips as trips


def generate(folder: Path, *, rows: int, files: int, share: float) -> None:
    """Write `rows` trips: `share` of them in the last file, the others in equal files."""
    small = round(rows * (1 - share)) // (files - 1)
    for number in range(files - 1):
        trips.write(folder / f"part-{number:04}.parquet", number, number * small, small)
    first = (files - 1) * small
    trips.write(folder / f"part-{files - 1:04}.parquet", files - 1, first, rows - first)
