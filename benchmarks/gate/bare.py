"""What bare Polars does with the inputs: the same rows as our jobs, and no guarantee at all."""

from collections.abc import Callable
from pathlib import Path

import polars as pl

Rows = tuple[int, int]
"""How many good rows were written, and how many that were not."""

COLUMNS = {
    **dict.fromkeys(
        ["l_orderkey", "l_partkey", "l_suppkey", "l_linenumber", "l_quantity"], pl.Int64()
    ),
    **dict.fromkeys(["l_extendedprice", "l_discount", "l_tax"], pl.Float64()),
    **dict.fromkeys(["l_returnflag", "l_linestatus"], pl.String()),
    **dict.fromkeys(["l_shipdate", "l_commitdate", "l_receiptdate"], pl.Date()),
    **dict.fromkeys(["l_shipinstruct", "l_shipmode", "l_comment"], pl.String()),
}


def taxi(path: Path, to: Path) -> Rows:
    """Work trips."""
    fare = pl.col("fare")
    frame = (
        pl.scan_parquet(path)
        .filter(
            (pl.col("trip_distance") > 0)
            & (fare > 0)
            & (pl.col("dropoff_ts") > pl.col("pickup_ts"))
        )
        .with_columns(
            pl.col("passenger_count").cast(pl.Int8),
            pl.col("rate_code").cast(pl.Int16),
            duration_s=(pl.col("dropoff_ts") - pl.col("pickup_ts")).dt.total_microseconds() / 1e6,
            tip_ratio=pl.col("tip") / fare,
        )
        .drop("vendor_id", "store_fwd")
    )
    return _apart(
        frame,
        to,
        passenger_count=pl.col("passenger_count").is_null(),
        fare=~fare.is_between(0.01, 500),
        trip_id=~pl.col("trip_id").str.contains("^T[0-9]{9}$"),
    )


def csv(path: Path, to: Path) -> Rows:
    """Work line items."""
    days = pl.col("l_receiptdate") - pl.col("l_shipdate")
    frame = (
        pl.scan_csv(path, schema=COLUMNS)
        .filter((pl.col("l_quantity") > 1) & (pl.col("l_discount") < 0.1))
        .with_columns(
            l_revenue=pl.col("l_extendedprice") * (1 - pl.col("l_discount")),
            ship_days=days.dt.total_days(),
        )
    )
    return _apart(
        frame,
        to,
        l_extendedprice=pl.col("l_extendedprice") > 92_000,
        l_comment=~pl.col("l_comment").str.contains("^[a-z ,.].*"),
        ship_days=(pl.col("l_shipmode") == "AIR") & (pl.col("ship_days") > 29),
    )


def jsonl(path: Path, to: Path) -> Rows:
    """Work documents."""
    text = pl.col("text").str.to_lowercase().str.replace_all(r"\s+", " ").str.strip_chars()
    frame = pl.scan_ndjson(path).with_columns(text)
    frame = frame.filter(pl.col("text").str.len_chars().is_between(80, 5000))
    return _apart(frame, to)


def _apart(frame: pl.LazyFrame, to: Path, **rules: pl.Expr) -> Rows:
    """Write good and rejected rows; those have their first reason beside them."""
    reason = pl.coalesce(
        *(pl.when(broken).then(pl.lit(name)) for name, broken in rules.items()),
        pl.lit(None, pl.String),
    )
    marked = frame.with_columns(_reason=reason).collect()
    is_good = marked["_reason"].is_null()
    good, bad = marked.filter(is_good).drop("_reason"), marked.filter(~is_good)
    for name, rows in (("good", good), ("bad", bad)):
        if rows.height:
            rows.write_parquet(to / f"{name}.parquet", compression="zstd", compression_level=1)
    return good.height, bad.height


WORK: dict[str, Callable[[Path, Path], Rows]] = {"taxi": taxi, "csv": csv, "jsonl": jsonl}
