"""An example of every type, as it is shown in the reference pages; a test validates each."""

from typing import Any

Example = dict[str, Any]

COLUMNS = {
    "month": "int8", "day": "string", "dep_time": "int16", "sched_dep_time": "int16",
    "dep_delay": "int16", "carrier": "string", "flight": "int32", "tailnum": "string",
    "origin": "string", "dest": "string", "air_time": "int16", "distance": "int32",
    "time_hour": "timestamp", "passenger": "struct<name: string, email: string>",
    "meals": "list<string>",
}  # fmt: skip
"""What the examples of steps, checks and sinks are written for."""

SOURCES: dict[str, Example] = {
    "csv": {
        "path": "data/raw/flights_*.csv",
        "delimiter": ";",
        "null_values": ["", "NA"],
        "columns": {"flight": "int32", "day": {"type": "date", "format": "%d.%m.%Y"}},
    },
    "fixed_width": {
        "path": "data/stations.txt",
        "columns": {
            "id": {"width": 11},
            "latitude": {"start": 13, "width": 8, "type": "float64"},
            "opened": {"start": 32, "width": 8, "type": "date", "format": "%Y%m%d"},
        },
        "short_rows": None,
        "skip_footer": 1,
    },
    "jsonl": {
        "path": ["landing/2026-01", "landing/2026-02"],
        "columns": {"id": "string", "user": "struct<id: int64, email: string>"},
        "include_file_columns": True,
    },
    "parquet": {
        "path": "s3://lake/flights",
        "columns": ["carrier", "distance", "dep_time"],
        "where": "dep_time IS NOT NULL",
    },
    "postgres": {
        "connection": {
            "type": "postgres",
            "host": "db.example.org",
            "database": "shop",
            "user": "reader",
        },
        "table": "sales.flights",
        "partition_column": "time_hour",
    },
}

TRANSFORMS: dict[str, Example] = {
    "add_metadata": {"fields": ["run_id", "source"]},
    "cast": {"columns": {"flight": "string", "day": {"type": "date", "format": "%d/%m/%Y"}}},
    "deduplicate": {"within": "partition", "columns": ["carrier", "flight"], "keep": "last"},
    "derive": {"columns": {"hours": "air_time / 60.0", "speed": "distance / hours"}},
    "drop_nulls": {"columns": ["dep_time", "tailnum"]},
    "explode": {"column": "meals", "empty": "drop"},
    "extract": {"column": "tailnum", "pattern": "^N(?P<number>[0-9]+)(?P<suffix>[A-Z]*)$"},
    "fill_null": {"columns": {"dep_delay": 0, "tailnum": "unknown"}},
    "filter": {"where": "dep_time IS NOT NULL AND distance > 0"},
    "flatten": {"columns": ["passenger"]},
    "lookup": {
        "reference": {"path": "jobs/flights/reference/airports.csv"},
        "key": {"dest": "faa"},
        "columns": {"name": "destination"},
    },
    "mask": {"columns": ["tailnum"], "method": "hash", "salt": {"env": "FLIGHTS_SALT"}},
    "normalize_text": {"columns": ["carrier"], "whitespace": "collapse", "case": "upper"},
    "python": {"function": "functions:score", "columns": {"flight": "int32", "score": "float64"}},
    "rename": {"columns": {"dep_time": "departed"}},
    "sample": {"fraction": 0.1, "columns": ["tailnum"]},
    "select": {"columns": ["carrier", "dep_*", "-dep_delay"]},
    "split": {"column": "day", "separator": "-", "into": ["year", "month_of_year", "day_of_month"]},
    "sql": {"query": "SELECT carrier, count(*) AS flights FROM input GROUP BY carrier"},
}

CHECKS: dict[str, Example] = {
    "not_null": {"columns": ["tailnum"]},
    "range": {"column": "distance", "min": 1, "max": 8000},
    "in_set": {"column": "origin", "values": ["EWR", "JFK", "LGA"]},
    "matches": {"column": "carrier", "pattern": "[0-9A-Z]{2}"},
    "length": {"column": "dest", "min": 3, "max": 3},
    "expression": {"expression": "dep_time IS NULL OR air_time > 0", "name": "flew"},
    "unique_in_partition": {"columns": ["carrier", "flight", "time_hour"]},
}

SINKS: dict[str, Example] = {
    "parquet": {
        "path": "data/flights",
        "write_disposition": "overwrite_partitions",
        "partition_by": ["month"],
    },
    "csv": {
        "path": "out/flights",
        "write_disposition": "append",
        "delimiter": ";",
        "null_text": "NULL",
        "compression": "gz",
    },
    "jsonl": {"path": "out/flights", "write_disposition": "overwrite", "compression": "zst"},
    "delta": {
        "path": "lake/flights",
        "write_disposition": "overwrite_partitions",
        "partition_by": ["month"],
    },
    "postgres": {
        "connection": {
            "type": "postgres",
            "host": "db.example.org",
            "database": "shop",
            "user": "loader",
        },
        "table": "sales.flights",
        "write_disposition": "merge",
        "primary_key": ["carrier", "flight", "time_hour"],
    },
}

CONNECTIONS: dict[str, Example] = {
    "azure": {"account": "lake", "account_key": {"env": "LAKE_KEY"}},
    "gcs": {"service_account_key": {"file": "/run/secrets/lake.json"}},
    "postgres": {
        "host": "db.example.org",
        "database": "shop",
        "user": "loader",
        "password": {"env": "WAREHOUSE_PASSWORD"},
        "ca_file": "/etc/ssl/example.pem",
    },
    "s3": {
        "endpoint": "https://s3.example.org:9000",
        "access_key_id": {"env": "LAKE_KEY_ID"},
        "secret_access_key": {"env": "LAKE_SECRET"},
        "ca_file": "/etc/ssl/example.pem",
        "test_path": "s3://lake/scratch",
    },
}

CONTRACT: Example = {
    "columns": {
        "distance": "int32",
        "tailnum": {"type": "string", "nullable": False, "description": "Tail number."},
        "air_time": {"type": "int16", "unit": "min", "description": "Time in the air."},
    },
    "checks": [{"type": "range", "column": "distance", "min": 1, "max": 8000}],
    "on_error": "quarantine",
    "max_error_ratio": 0.01,
    "min_records": 1000,
}

EXECUTION: Example = {"workers": 8, "partition_bytes": 134217728, "partition_timeout_s": 600.0}

CLUSTERS: dict[str, Example] = {
    "auto": {},
    "processes": {},
    "local": {},
    "address": {"address": "head.example.org:6379"},
    "inline": {},
    "kuberay": {
        "image": "registry.example.org/ingest:0.1.0",
        "worker_groups": {
            "spot": {"cpu": 8, "memory": "32GiB", "max_workers": 40, "spot": True},
            "cpu": {"cpu": 8, "memory": "32GiB", "max_workers": 4},
        },
        "platform": "eks",
        "env": {"AWS_REGION": "eu-central-1"},
    },
}

JOB: Example = {
    "name": "flights",
    "owner": "data-platform@example.org",
    "description": "Departures from the three New York airports, for the delay model.",
    "tags": {"domain": "aviation"},
    "source": {"type": "csv", "path": "data/raw/flights_*.csv", "null_values": ["", "NA"]},
    "transforms": [{"type": "filter", "where": "dep_time IS NOT NULL"}],
    "contract": {
        "columns": {"month": "int8", "distance": "int32"},
        "checks": [{"type": "not_null", "columns": ["tailnum"]}],
        "on_error": "quarantine",
        "max_error_ratio": 0.01,
    },
    "sink": {
        "type": "parquet",
        "path": "data/flights",
        "write_disposition": "overwrite",
        "partition_by": ["month"],
    },
    "schedule": {"cron": "30 2 * * *", "timezone": "Europe/Berlin"},
}
