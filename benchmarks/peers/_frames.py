"""What each scenario makes of its rows, in Polars: for the peers that run Polars inside.

Each function takes the rows and returns them worked, with a column `_reason`: null in good rows.
The contracts stand in benchmarks/conf/scenario.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl

Work = Callable[[pl.LazyFrame], pl.LazyFrame]

LINEITEM: dict[str, pl.DataType | type[pl.DataType]] = {
    "l_orderkey": pl.Int64,
    "l_partkey": pl.Int64,
    "l_suppkey": pl.Int64,
    "l_linenumber": pl.Int64,
    "l_quantity": pl.Int64,
    "l_extendedprice": pl.Float64,
    "l_discount": pl.Float64,
    "l_tax": pl.Float64,
    "l_returnflag": pl.String,
    "l_linestatus": pl.String,
    "l_shipdate": pl.Date,
    "l_commitdate": pl.Date,
    "l_receiptdate": pl.Date,
    "l_shipinstruct": pl.String,
    "l_shipmode": pl.String,
    "l_comment": pl.String,
}
DOCUMENT: dict[str, pl.DataType | type[pl.DataType]] = {
    "id": pl.String,
    "text": pl.String,
    "url": pl.String,
    "meta": pl.Struct(
        {
            "lang": pl.String,
            "score": pl.Float64,
            "source": pl.Struct({"name": pl.String, "shard": pl.Int64}),
        }
    ),
    "ts": pl.Int64,
}
READING: dict[str, pl.DataType | type[pl.DataType]] = {
    "event_id": pl.String,
    "device": pl.String,
    "ts": pl.Int64,
    "temp": pl.Float64,
    "hum": pl.Float64,
    "ok": pl.Boolean,
    "kind": pl.String,
}
ZSTD_LEVEL = 3


def taxi(trips: pl.LazyFrame) -> pl.LazyFrame:
    """Filter, cast, derive, drop two columns, check."""
    took = pl.col("dropoff_ts") - pl.col("pickup_ts")
    return (
        trips.filter(
            pl.col("trip_distance") > 0,
            pl.col("fare") > 0,
            pl.col("dropoff_ts") > pl.col("pickup_ts"),
        )
        .with_columns(
            pl.col("passenger_count").cast(pl.Int8),
            pl.col("rate_code").cast(pl.Int16),
            duration_s=took.dt.total_microseconds() / 1e6,
            tip_ratio=pl.col("tip") / pl.col("fare"),
        )
        .drop("vendor_id", "store_fwd")
        .with_columns(
            _reason=first_of(
                ("passenger_count", pl.col("passenger_count").is_null()),
                ("fare", ~pl.col("fare").is_between(0.01, 500)),
                ("trip_id", ~pl.col("trip_id").str.contains("^T[0-9]{9}$")),
            )
        )
    )


def csv(items: pl.LazyFrame) -> pl.LazyFrame:
    """Filter, derive two columns, check."""
    days = (pl.col("l_receiptdate") - pl.col("l_shipdate")).dt.total_days()
    return (
        items.filter(pl.col("l_quantity") > 1, pl.col("l_discount") < 0.1)
        .with_columns(
            l_revenue=pl.col("l_extendedprice") * (1 - pl.col("l_discount")), ship_days=days
        )
        .with_columns(
            _reason=first_of(
                ("l_extendedprice", pl.col("l_extendedprice") > 92_000),
                ("l_comment", ~pl.col("l_comment").str.contains("^[a-z ,.]")),
                ("ship_days", (pl.col("l_shipmode") == "AIR") & (pl.col("ship_days") > 29)),
            )
        )
    )


def jsonl(documents: pl.LazyFrame) -> pl.LazyFrame:
    """Normalize the text; leave short and long ones out."""
    text = pl.col("text").str.to_lowercase().str.replace_all(r"\s+", " ").str.strip_chars(" ")
    length = pl.col("text").str.len_chars()
    return documents.with_columns(text=text).filter(length.is_between(80, 5000))


def wide(rows: pl.LazyFrame) -> pl.LazyFrame:
    """Filter; check ten columns of a thousand."""
    known = [f"v{number}" for number in range(8)]
    beyond = [
        (name, ~pl.col(name).is_between(-3.3, 3.3)) for name in ("n003", "n004", "n005", "n006")
    ]
    return rows.filter(pl.col("n001") > -2).with_columns(
        _reason=first_of(
            ("n002", pl.col("n002").is_null()),
            *beyond,
            *((name, ~pl.col(name).is_in(known)) for name in ("s600", "s601")),
            ("s602", ~pl.col("s602").str.contains("^v[0-7]$")),
            ("s603", pl.col("s603").str.len_chars() > 2),
            ("s604", pl.col("s604").is_null()),
        )
    )


def as_they_are(rows: pl.LazyFrame) -> pl.LazyFrame:
    """Change nothing."""
    return rows


def first_of(*rules: tuple[str, pl.Expr]) -> pl.Expr:
    """Return the name of the first rule that a row breaks, null if it breaks none."""
    reason = pl.lit(None, dtype=pl.String)
    for name, broken in reversed(rules):
        reason = pl.when(broken).then(pl.lit(name)).otherwise(reason)
    return reason


def sinks(frame: pl.LazyFrame, output: str, name: str) -> list[pl.LazyFrame]:
    """Return the queries that write good and bad rows, to be collected together."""
    columns = frame.collect_schema().names()
    good, bad = Path(output, "good", name), Path(output, "bad", name)
    options: dict[str, Any] = {"compression": "zstd", "compression_level": ZSTD_LEVEL, "lazy": True}
    if "_reason" not in columns:
        return [frame.sink_parquet(good, **options)]
    kept = frame.filter(pl.col("_reason").is_null()).drop("_reason")
    rejected = frame.filter(pl.col("_reason").is_not_null())
    return [kept.sink_parquet(good, **options), rejected.sink_parquet(bad, **options)]
