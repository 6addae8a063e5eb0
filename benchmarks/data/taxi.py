"""Taxi trips in equal files; repeated ones are further names of the same bytes."""

import os
from pathlib import Path

from benchmarks.data import _trips as trips


def generate(
    folder: Path, *, files: int, rows_per_file: int, repeat: int = 1, passing: bool = False
) -> None:
    """Write `files` files, each under `repeat` names; with `passing`, no trip is to be rejected."""
    for number in range(files):
        path = folder / f"part-0-{number:04}.parquet"
        trips.write(path, number, number * rows_per_file, rows_per_file, passing=passing)
        for again in range(1, repeat):
            os.link(path, folder / f"part-{again}-{number:04}.parquet")
