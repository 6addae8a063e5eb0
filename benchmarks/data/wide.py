"""Rows of 1,000 columns: an id, numbers, short texts; one in a thousand spoilt in each of ten."""

from pathlib import Path

import numpy as np
import polars as pl

RARE = 0.001
NUMBERS = range(1, 600)
TEXTS = range(600, 1000)
KNOWN = pl.Series([f"v{number}" for number in range(8)])


def generate(folder: Path, *, files: int, rows_per_file: int) -> None:
    """Write `files` Parquet files."""
    for number in range(files):
        dice = np.random.default_rng(6000 + number)
        first = number * rows_per_file
        columns = {"id": pl.Series(range(first, first + rows_per_file))}
        for place in NUMBERS:
            columns[f"n{place:03}"] = pl.Series(dice.normal(size=rows_per_file))
        for place in TEXTS:
            columns[f"s{place}"] = KNOWN.gather(dice.integers(0, len(KNOWN), rows_per_file))
        for name, wrong in (
            ("n002", None),
            ("s604", None),
            ("s600", "x"),
            ("s601", "x"),
            ("s602", "V1"),
            ("s603", "v1234"),
        ):
            rare = pl.Series(dice.random(rows_per_file) < RARE)
            columns[name] = columns[name].set(rare, wrong)
        pl.DataFrame(columns).write_parquet(folder / f"wide-{number:03}.parquet")
