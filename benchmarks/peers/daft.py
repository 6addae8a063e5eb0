"""Daft's native runner: lazy, streaming, all cores of one machine."""

from typing import Any

import daft
from daft import DataType, col, lit
from daft import functions as fn

from benchmarks.peers.harness import Clock, Spec, main

LINEITEM = {
    "l_orderkey": DataType.int64(),
    "l_partkey": DataType.int64(),
    "l_suppkey": DataType.int64(),
    "l_linenumber": DataType.int64(),
    "l_quantity": DataType.int64(),
    "l_extendedprice": DataType.float64(),
    "l_discount": DataType.float64(),
    "l_tax": DataType.float64(),
    "l_returnflag": DataType.string(),
    "l_linestatus": DataType.string(),
    "l_shipdate": DataType.date(),
    "l_commitdate": DataType.date(),
    "l_receiptdate": DataType.date(),
    "l_shipinstruct": DataType.string(),
    "l_shipmode": DataType.string(),
    "l_comment": DataType.string(),
}
DOCUMENT = {
    "id": DataType.string(),
    "text": DataType.string(),
    "url": DataType.string(),
    "meta": DataType.struct(
        {
            "lang": DataType.string(),
            "score": DataType.float64(),
            "source": DataType.struct({"name": DataType.string(), "shard": DataType.int64()}),
        }
    ),
    "ts": DataType.int64(),
}
READING = {
    "event_id": DataType.string(),
    "device": DataType.string(),
    "ts": DataType.int64(),
    "temp": DataType.float64(),
    "hum": DataType.float64(),
    "ok": DataType.bool(),
    "kind": DataType.string(),
}


def start(_: Spec) -> None:
    """Choose the runner of one machine."""
    daft.set_runner_native()


def taxi(spec: Spec, _: Clock) -> None:
    """Trips, checked."""
    took = col("dropoff_ts") - col("pickup_ts")
    trips = daft.read_parquet(_files(spec)).where(
        (col("trip_distance") > 0) & (col("fare") > 0) & (col("dropoff_ts") > col("pickup_ts"))
    )
    trips = trips.with_columns(
        {
            "passenger_count": col("passenger_count").cast(DataType.int8()),
            "rate_code": col("rate_code").cast(DataType.int16()),
            "duration_s": took.total_microseconds() / 1e6,
            "tip_ratio": col("tip") / col("fare"),
            "_reason": _first_of(
                ("passenger_count", col("passenger_count").is_null()),
                ("fare", ~col("fare").between(0.01, 500)),
                ("trip_id", ~col("trip_id").regexp("^T[0-9]{9}$")),
            ),
        }
    )
    _routed(trips.exclude("vendor_id", "store_fwd"), spec)


def csv(spec: Spec, _: Clock) -> None:
    """Line items, checked; under gzip as well."""
    items = daft.read_csv(_files(spec), infer_schema=False, schema=LINEITEM)
    items = items.where((col("l_quantity") > 1) & (col("l_discount") < 0.1))
    # the difference of two dates is wrong in 0.7.26: 60 days are a duration of 60 seconds
    received, shipped = (
        col(name).cast(DataType.int64()) for name in ("l_receiptdate", "l_shipdate")
    )
    days = received - shipped
    items = items.with_columns(
        {"l_revenue": col("l_extendedprice") * (1 - col("l_discount")), "ship_days": days}
    )
    reason = _first_of(
        ("l_extendedprice", col("l_extendedprice") > 92_000),
        ("l_comment", ~col("l_comment").regexp("^[a-z ,.]")),
        ("ship_days", (col("l_shipmode") == "AIR") & (col("ship_days") > 29)),
    )
    _routed(items.with_column("_reason", reason), spec)


def wide(spec: Spec, _: Clock) -> None:
    """Rows of 1,000 columns, checked."""
    known = [f"v{number}" for number in range(8)]
    numbers, texts = ("n003", "n004", "n005", "n006"), ("s600", "s601")
    reason = _first_of(
        ("n002", col("n002").is_null()),
        *((name, ~col(name).between(-3.3, 3.3)) for name in numbers),
        *((name, ~col(name).is_in(known)) for name in texts),
        ("s602", ~col("s602").regexp("^v[0-7]$")),
        ("s603", col("s603").length() > 2),
        ("s604", col("s604").is_null()),
    )
    rows = daft.read_parquet(_files(spec)).where(col("n001") > -2)
    _routed(rows.with_column("_reason", reason), spec)


def jsonl(spec: Spec, _: Clock) -> None:
    """Documents, their text normalized."""
    documents = daft.read_json(_files(spec), infer_schema=False, schema=DOCUMENT)
    # strip knows nothing but blanks, tabs and line ends, which are one blank each by then
    text = fn.strip(fn.regexp_replace(fn.lower(col("text")), r"\s+", " "))
    documents = documents.with_column("text", text)
    _written(documents.where(fn.length(col("text")).between(80, 5000)), spec)


def small_files(spec: Spec, _: Clock) -> None:
    """Readings as they are."""
    _written(daft.read_json(_files(spec), infer_schema=False, schema=READING), spec)


def inference(spec: Spec, _: Clock) -> None:
    """Rows with a score; the model is loaded once."""
    import pyarrow as pa  # noqa: PLC0415 - only here is a model needed

    from benchmarks.peers import _model as model  # noqa: PLC0415

    file = str(spec.input / "model.onnx")

    def score(*features: Any) -> Any:
        columns = [feature.to_arrow() for feature in features]
        names = [f"f{place}" for place in range(len(columns))]
        return model.probabilities(pa.table(columns, names), file)

    batch = daft.func.batch(return_dtype=DataType.float32(), batch_size=model.BATCH_ROWS)
    features = [col(f"f{place}") for place in range(model.FEATURES)]
    rows = daft.read_parquet(_files(spec))
    _written(rows.with_column("score", batch(score)(*features)), spec)


def _files(spec: Spec) -> list[str]:
    return [str(file) for file in spec.files]


def _first_of(*rules: tuple[str, Any]) -> Any:
    reason = lit(None).cast(DataType.string())
    for name, broken in reversed(rules):
        reason = fn.when(broken, lit(name)).otherwise(reason)
    return reason


def _written(frame: Any, spec: Spec) -> None:
    frame.write_parquet(str(spec.output / "good"), compression="zstd")


def _routed(frame: Any, spec: Spec) -> None:
    """Write good rows and rejects in one pass: partitioned by a column, the folders then named."""
    written = spec.output / "written"
    frame = frame.with_column("_bad", col("_reason").not_null())
    frame.write_parquet(str(written), compression="zstd", partition_cols=["_bad"])
    for value, name in (("false", "good"), ("true", "bad")):
        if (written / f"_bad={value}").exists():
            (written / f"_bad={value}").rename(spec.output / name)


if __name__ == "__main__":
    main(
        {
            "taxi": taxi,
            "csv": csv,
            "csv_gz": csv,
            "jsonl": jsonl,
            "small_files": small_files,
            "inference": inference,
            "wide": wide,
        },
        packages=("daft",),
        start=start,
    )
