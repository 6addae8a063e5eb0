"""Taxi trips: two in a hundred are filtered, one is rejected. Used by `taxi` and `skew`.

Those that are to be rejected have no passengers, another id, or a fare of 900.50.
"""

from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

DAY_US = 86_400_000_000
GROUPS = 4
"""How many row groups a file has."""
PLACES = ("mid", "up", "low", "east", "west")
ZONES = [f"zone_{PLACES[number % 5]}_{number:03}" for number in range(260)]


def write(path: Path, seed: int, first: int, rows: int, *, passing: bool = False) -> None:
    """Write trips number `first` and after as one Parquet file, a day in the order of time.

    With `passing`, those that would be rejected are like the others.
    """
    bad = 0.0 if passing else 1.0
    dice = np.random.default_rng(1000 + seed)
    numbers = pl.Series(range(first, first + rows)).cast(pl.String).str.zfill(9)
    begin = datetime(2024, 1, 1 + seed % 30)  # noqa: DTZ001 - trips have local times
    picked = begin + _lasting(np.sort(dice.integers(0, DAY_US, rows)))
    took = dice.gamma(2.0, 400, rows).astype(np.int64) * 1_000_000
    took -= np.where(dice.random(rows) < 0.003, 5_000_000_000, 0)
    distance = dice.gamma(1.5, 2.2, rows).round(2)
    distance[dice.random(rows) < 0.008] = 0
    fare = (3 + distance * 2.8 + dice.normal(0, 1.5, rows)).round(2)
    fare[dice.random(rows) < 0.006] = -5.0
    fare[dice.random(rows) < 0.002 * bad] = 900.5
    shares = dice.choice([0, 0, 0.1, 0.15, 0.2], rows)
    passengers = pl.Series(dice.integers(1, 7, rows))
    pl.DataFrame(
        {
            "trip_id": pl.Series(np.where(dice.random(rows) < 0.004 * bad, "X-T", "T")) + numbers,
            "vendor_id": dice.integers(1, 3, rows),
            "pickup_ts": picked,
            "dropoff_ts": picked + _lasting(took),
            "passenger_count": passengers.set(pl.Series(dice.random(rows) < 0.004 * bad), None),
            "trip_distance": distance,
            "rate_code": dice.choice([1, 1, 1, 1, 1, 1, 2, 3, 4, 5, 6, 99], rows),
            "store_fwd": _picked(dice, ["Y", "N"], rows, [0.02, 0.98]),
            "payment_type": _picked(
                dice,
                ["card", "cash", "dispute", "free", "unknown"],
                rows,
                [0.7, 0.25, 0.01, 0.02, 0.02],
            ),
            "zone": _picked(dice, ZONES, rows),
            "fare": fare,
            "tip": (np.maximum(0, fare) * shares).round(2),
        }
    ).write_parquet(path, compression="snappy", row_group_size=max(1, rows // GROUPS))


def _lasting(microseconds: Any) -> pl.Series:
    return pl.Series(microseconds).cast(pl.Duration("us"))


def _picked(
    dice: np.random.Generator, values: list[str], rows: int, weights: list[float] | None = None
) -> pl.Series:
    return pl.Series(values).gather(dice.choice(len(values), rows, p=weights))
