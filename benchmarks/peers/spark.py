"""Spark on one machine: `local[n]`, everything in its own columnar expressions, no Python rows."""

from typing import Any

from pyspark.sql import SparkSession
from pyspark.sql import functions as fn

from benchmarks.peers.harness import Clock, Spec, main

CANNOT = {"inference": "PySpark scores in Python processes beside the JVM: that measures those"}
LINEITEM = """
    l_orderkey BIGINT, l_partkey BIGINT, l_suppkey BIGINT, l_linenumber BIGINT, l_quantity BIGINT,
    l_extendedprice DOUBLE, l_discount DOUBLE, l_tax DOUBLE, l_returnflag STRING,
    l_linestatus STRING, l_shipdate DATE, l_commitdate DATE, l_receiptdate DATE,
    l_shipinstruct STRING, l_shipmode STRING, l_comment STRING
"""
DOCUMENT = """
    id STRING, text STRING, url STRING, meta STRUCT<lang: STRING, score: DOUBLE,
    source: STRUCT<name: STRING, shard: BIGINT>>, ts BIGINT
"""
READING = """
    event_id STRING, device STRING, ts BIGINT, temp DOUBLE, hum DOUBLE, ok BOOLEAN, kind STRING
"""
SESSION: list[SparkSession] = []


def start(spec: Spec) -> None:
    """Start the JVM and a session."""
    options = {
        "spark.driver.memory": "8g",
        "spark.ui.enabled": "false",
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.parquet.compression.codec": "zstd",
        "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",
        # without it each task sorts its rows by the column that routes rejects
        "spark.sql.maxConcurrentOutputFileWriters": "4",
        "spark.local.dir": str(spec.output.parent),
    }
    builder = SparkSession.builder.master(f"local[{spec.cpus}]")
    for name, value in options.items():
        builder = builder.config(name, value)
    session = builder.getOrCreate()
    session.sparkContext.setLogLevel("ERROR")
    SESSION.append(session)


def stop() -> None:
    """End the session."""
    SESSION.pop().stop()


def taxi(spec: Spec, _: Clock) -> None:
    """Trips, checked."""
    took = fn.unix_micros("dropoff_ts") - fn.unix_micros("pickup_ts")
    trips = _reader().parquet(*_files(spec))
    for name in ("pickup_ts", "dropoff_ts"):  # written without a time zone
        trips = trips.withColumn(name, fn.col(name).cast("timestamp"))
    trips = (
        trips.where("trip_distance > 0 AND fare > 0 AND dropoff_ts > pickup_ts")
        .withColumn("passenger_count", fn.col("passenger_count").cast("tinyint"))
        .withColumn("rate_code", fn.col("rate_code").cast("smallint"))
        .withColumn("duration_s", took / 1e6)
        .withColumn("tip_ratio", fn.col("tip") / fn.col("fare"))
        .drop("vendor_id", "store_fwd")
    )
    reason = """
        CASE WHEN passenger_count IS NULL THEN 'passenger_count'
             WHEN NOT fare BETWEEN 0.01 AND 500 THEN 'fare'
             WHEN NOT trip_id RLIKE '^T[0-9]{9}$' THEN 'trip_id' END
    """
    _routed(trips.withColumn("_reason", fn.expr(reason)), spec)


def csv(spec: Spec, _: Clock) -> None:
    """Line items, checked; under gzip as well."""
    # enforceSchema=false would compare headers, mode=FAILFAST is the strict one
    reader = _reader().schema(LINEITEM).option("header", True).option("mode", "FAILFAST")
    items = (
        reader.csv(_files(spec))
        .where("l_quantity > 1 AND l_discount < 0.1")
        .withColumn("l_revenue", fn.expr("l_extendedprice * (1 - l_discount)"))
        .withColumn("ship_days", fn.expr("CAST(date_diff(l_receiptdate, l_shipdate) AS BIGINT)"))
    )
    reason = """
        CASE WHEN l_extendedprice > 92000 THEN 'l_extendedprice'
             WHEN NOT l_comment RLIKE '^[a-z ,.]' THEN 'l_comment'
             WHEN l_shipmode = 'AIR' AND ship_days > 29 THEN 'ship_days' END
    """
    _routed(items.withColumn("_reason", fn.expr(reason)), spec)


def wide(spec: Spec, _: Clock) -> None:
    """Rows of 1,000 columns, checked."""
    beyond = [
        f"WHEN NOT {name} BETWEEN -3.3 AND 3.3 THEN '{name}'"
        for name in ("n003", "n004", "n005", "n006")
    ]
    texts = ("s600", "s601", "s602")
    unknown = [f"WHEN NOT {name} RLIKE '^v[0-7]$' THEN '{name}'" for name in texts]
    reason = f"""
        CASE WHEN n002 IS NULL THEN 'n002' {" ".join(beyond + unknown)}
             WHEN length(s603) > 2 THEN 's603' WHEN s604 IS NULL THEN 's604' END
    """
    rows = _reader().parquet(*_files(spec)).where("n001 > -2")
    _routed(rows.withColumn("_reason", fn.expr(reason)), spec)


def jsonl(spec: Spec, _: Clock) -> None:
    """Documents, their text normalized."""
    text = fn.trim(fn.regexp_replace(fn.lower("text"), r"\s+", " "))
    documents = _reader().schema(DOCUMENT).json(_files(spec)).withColumn("text", text)
    _written(documents.where("length(text) BETWEEN 80 AND 5000"), spec)


def small_files(spec: Spec, _: Clock) -> None:
    """Readings as they are."""
    _written(_reader().schema(READING).json(_files(spec)), spec)


def _reader() -> Any:
    return SESSION[0].read


def _files(spec: Spec) -> list[str]:
    return [str(file) for file in spec.files]


def _written(frame: Any, spec: Spec) -> None:
    frame.write.parquet(str(spec.output / "good"))


def _routed(frame: Any, spec: Spec) -> None:
    """Write good rows and rejects in one pass: partitioned by a column, the folders then named."""
    written = spec.output / "written"
    frame.withColumn("_bad", fn.expr("_reason IS NOT NULL")).write.partitionBy("_bad").parquet(
        str(written)
    )
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
            "wide": wide,
        },
        packages=("pyspark",),
        start=start,
        stop=stop,
    )
