"""DuckDB, on all cores: the rows worked into a view of good and bad, each copied to Parquet.

Two COPYs read the input twice; a temporary table of all rows in between was slower on every size.
"""

from collections.abc import Callable

import duckdb

from benchmarks.peers.harness import Clock, Spec, Work, main

CANNOT = {"inference": "it calls no model"}

LINEITEM = {
    **dict.fromkeys(
        ("l_orderkey", "l_partkey", "l_suppkey", "l_linenumber", "l_quantity"), "BIGINT"
    ),
    **dict.fromkeys(("l_extendedprice", "l_discount", "l_tax"), "DOUBLE"),
    **dict.fromkeys(("l_returnflag", "l_linestatus"), "VARCHAR"),
    **dict.fromkeys(("l_shipdate", "l_commitdate", "l_receiptdate"), "DATE"),
    **dict.fromkeys(("l_shipinstruct", "l_shipmode", "l_comment"), "VARCHAR"),
}
DOCUMENT = {
    "id": "VARCHAR",
    "text": "VARCHAR",
    "url": "VARCHAR",
    "meta": "STRUCT(lang VARCHAR, score DOUBLE, source STRUCT(name VARCHAR, shard BIGINT))",
    "ts": "BIGINT",
}
READING = {
    "event_id": "VARCHAR",
    "device": "VARCHAR",
    "ts": "BIGINT",
    "temp": "DOUBLE",
    "hum": "DOUBLE",
    "ok": "BOOLEAN",
    "kind": "VARCHAR",
}
TAXI = """
    SELECT * EXCLUDE (vendor_id, store_fwd)
        REPLACE (passenger_count::TINYINT AS passenger_count, rate_code::SMALLINT AS rate_code),
        epoch_us(dropoff_ts - pickup_ts) / 1e6 AS duration_s, tip / fare AS tip_ratio,
        CASE WHEN passenger_count IS NULL THEN 'passenger_count'
             WHEN fare NOT BETWEEN 0.01 AND 500 THEN 'fare'
             WHEN NOT regexp_matches(trip_id, '^T[0-9]{9}$') THEN 'trip_id' END AS _reason
    FROM rows WHERE trip_distance > 0 AND fare > 0 AND dropoff_ts > pickup_ts
"""
CSV = """
    SELECT *, l_extendedprice * (1 - l_discount) AS l_revenue,
        l_receiptdate - l_shipdate AS ship_days,
        CASE WHEN l_extendedprice > 92000 THEN 'l_extendedprice'
             WHEN NOT regexp_matches(l_comment, '^[a-z ,.]') THEN 'l_comment'
             WHEN l_shipmode = 'AIR' AND ship_days > 29 THEN 'ship_days' END AS _reason
    FROM rows WHERE l_quantity > 1 AND l_discount < 0.1
"""
JSONL = r"""
    SELECT * FROM (
        SELECT * REPLACE (trim(regexp_replace(lower(text), '\s+', ' ', 'g')) AS text) FROM rows
    ) WHERE length(text) BETWEEN 80 AND 5000
"""
WIDE = """
    SELECT *, CASE WHEN n002 IS NULL THEN 'n002'
        WHEN n003 NOT BETWEEN -3.3 AND 3.3 THEN 'n003'
        WHEN n004 NOT BETWEEN -3.3 AND 3.3 THEN 'n004'
        WHEN n005 NOT BETWEEN -3.3 AND 3.3 THEN 'n005'
        WHEN n006 NOT BETWEEN -3.3 AND 3.3 THEN 'n006'
        WHEN s600 NOT IN ('v0', 'v1', 'v2', 'v3', 'v4', 'v5', 'v6', 'v7') THEN 's600'
        WHEN s601 NOT IN ('v0', 'v1', 'v2', 'v3', 'v4', 'v5', 'v6', 'v7') THEN 's601'
        WHEN NOT regexp_matches(s602, '^v[0-7]$') THEN 's602'
        WHEN length(s603) > 2 THEN 's603' WHEN s604 IS NULL THEN 's604' END AS _reason
    FROM rows WHERE n001 > -2
"""


def _parquet(files: list[str]) -> str:
    return f"read_parquet({files})"


def _csv(files: list[str]) -> str:
    return f"read_csv({files}, header = true, auto_detect = false, columns = {LINEITEM})"


def _json(columns: dict[str, str]) -> Callable[[list[str]], str]:
    return lambda files: (
        f"read_json({files}, format = 'newline_delimited', columns = {columns}, maximum_depth = -1)"
    )


def _copied(read: Callable[[list[str]], str], query: str) -> Work:
    def do(spec: Spec, clock: Clock) -> None:
        base = duckdb.connect(config={"threads": spec.cpus, "preserve_insertion_order": False})
        files = [str(file) for file in spec.files]
        base.execute(f"CREATE VIEW rows AS SELECT * FROM {read(files)}")
        base.execute(f"CREATE VIEW worked AS {query}")
        columns = [row[0] for row in base.execute("DESCRIBE worked").fetchall()]
        if "_reason" in columns:
            good = "SELECT * EXCLUDE (_reason) FROM worked WHERE _reason IS NULL"
            _copy(base, "SELECT * FROM worked WHERE _reason IS NOT NULL", spec, "bad")
        else:
            good = "SELECT * FROM worked"
        _copy(base, good, spec, "good")
        clock.first()

    return do


def _copy(base: duckdb.DuckDBPyConnection, query: str, spec: Spec, name: str) -> None:
    to = spec.folder(name) / "all.parquet"
    options = "FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 3"
    base.execute(f"COPY ({query}) TO '{to}' ({options})")


if __name__ == "__main__":
    main(
        {
            "taxi": _copied(_parquet, TAXI),
            "wide": _copied(_parquet, WIDE),
            "csv": _copied(_csv, CSV),
            "csv_gz": _copied(_csv, CSV),
            "jsonl": _copied(_json(DOCUMENT), JSONL),
            "small_files": _copied(_json(READING), "SELECT * FROM rows"),
        },
        packages=("duckdb",),
    )
