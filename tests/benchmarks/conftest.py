"""A small input of taxi trips, and settings to run the scenario on it without Ray."""

import sys
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from benchmarks.contenders import Ours, Peer
from benchmarks.inputs import Input
from benchmarks.rounds import Place
from benchmarks.scenario import Settings, load

ROWS, FILES = 300, 3


@pytest.fixture(scope="session")
def trips(tmp_path_factory: pytest.TempPathFactory) -> Input:
    """Trips of which some are filtered, and some break each of the rules."""
    folder = tmp_path_factory.mktemp("trips")
    dice = np.random.default_rng(1)
    start = datetime(2024, 1, 1)
    for number in range(FILES):
        rows = range(number * ROWS, (number + 1) * ROWS)
        pl.DataFrame(
            {
                "trip_id": [f"{'X-' if row % 23 == 5 else ''}T{row:09d}" for row in rows],
                "vendor_id": [1] * ROWS,
                "pickup_ts": [start + timedelta(seconds=row) for row in rows],
                "dropoff_ts": [start + timedelta(seconds=row + row % 90) for row in rows],
                "passenger_count": [None if row % 29 == 3 else 1 + row % 6 for row in rows],
                "trip_distance": dice.gamma(1.5, 2.2, ROWS).round(2),
                "rate_code": [1 + row % 99 for row in rows],
                "store_fwd": ["N"] * ROWS,
                "payment_type": [("card", "cash")[row % 2] for row in rows],
                "zone": [f"zone_{row % 7}" for row in rows],
                "fare": [900.5 if row % 31 == 7 else 3 + row % 50 for row in rows],
                "tip": dice.random(ROWS).round(2),
            },
            schema_overrides={"fare": pl.Float64, "passenger_count": pl.Int64},
        ).write_parquet(folder / f"{number}.parquet")
    sizes = [file.stat().st_size for file in folder.iterdir()]
    return Input(folder, "*.parquet", FILES, sum(sizes))


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """The scenario taxi, once, without Ray, at home in a temporary folder."""
    told = ["repeats=1", "scale=small", "cluster=inline", f"home={tmp_path}"]
    return load(["+scenario=taxi", *told])[0]


def ours(settings: Settings, trips: Input, name: str = "ingest") -> Place:
    return Place(Ours(name, settings.scenario, settings.scenario.ours["ingest"], settings), trips)


def peer(settings: Settings, trips: Input, tamper: str = "", name: str = "tester") -> Place:
    script = str(Path(__file__).with_name("taxi_peer.py"))
    start = ("env", f"TAMPER={tamper}", sys.executable, script)
    return Place(Peer(name, start, settings.scenario, settings.cpus), trips)
