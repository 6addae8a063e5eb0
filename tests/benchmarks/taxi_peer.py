"""A peer for tests: does as scenario `taxi` says, with Polars; `TAMPER` spoils what it makes."""

import json
import os
import sys
import time
from pathlib import Path

import polars as pl


def main() -> None:
    spec = json.loads(Path(sys.argv[1]).read_text())
    tamper = os.environ.get("TAMPER", "")
    if tamper == "crash":
        raise RuntimeError("out of cheese")
    ready = time.time()
    good, bad = work(pl.scan_parquet(Path(spec["input"]) / spec["params"]["glob"]).collect())
    good, bad = spoil(tamper, good, bad)
    for name, frame in (("good", good), ("bad", bad)):
        folder = Path(spec["output"], name)
        folder.mkdir()
        columns = sorted(frame.columns)  # neither the order of rows nor that of columns counts
        frame.select(columns).sort("trip_id", descending=True).write_parquet(folder / "0.parquet")
    told = {"ready": ready, "first": None, "ended": time.time(), "version": "test 1"}
    print(f"RESULT {json.dumps(told)}")


def work(trips: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    fare = pl.col("fare")
    trips = (
        trips.filter(
            pl.col("trip_distance") > 0, fare > 0, pl.col("dropoff_ts") > pl.col("pickup_ts")
        )
        .with_columns(
            pl.col("passenger_count").cast(pl.Int8),
            pl.col("rate_code").cast(pl.Int16),
            duration_s=(pl.col("dropoff_ts") - pl.col("pickup_ts")).dt.total_microseconds() / 1e6,
            tip_ratio=pl.col("tip") / fare,
        )
        .drop("vendor_id", "store_fwd")
    )
    reason = (
        pl.when(pl.col("passenger_count").is_null())
        .then(pl.lit("passenger_count"))
        .when(~fare.is_between(0.01, 500))
        .then(pl.lit("fare"))
        .when(~pl.col("trip_id").str.contains("^T[0-9]{9}$"))
        .then(pl.lit("trip_id"))
    )
    trips = trips.with_columns(_reason=reason)
    good = trips.filter(pl.col("_reason").is_null()).drop("_reason")
    return good, trips.filter(pl.col("_reason").is_not_null())


def spoil(how: str, good: pl.DataFrame, bad: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    if how == "row":
        good = good[1:]
    if how == "value":
        first = pl.int_range(pl.len()) == 0
        good = good.with_columns(tip=pl.when(first).then(pl.col("tip") + 0.01).otherwise("tip"))
    if how == "shuffle":
        good = good.with_columns(zone=pl.col("zone").reverse())
    if how == "reason":
        bad = bad.with_columns(_reason=pl.lit("fare"))
    if how == "column":
        good = good.drop("zone")
    return good, bad


if __name__ == "__main__":
    main()
