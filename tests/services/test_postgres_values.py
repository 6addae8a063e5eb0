"""Values of every type come back from a table as they were, or are refused with a line."""

import datetime as dt
from decimal import Decimal

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from ingest.core.errors import ConfigError, JobError
from ingest.core.types import schema_to_json
from ingest.sinks.base import Delivery
from ingest.sinks.postgres import Postgres

UTC = pl.Datetime("us", "UTC")
MOST = Decimal("999999999999999999999999999999999999.99")


def sink(database, table="public.rows", **more):
    told = {"type": "postgres", "table": table, "write_disposition": "append", **more}
    return Postgres(connection=database.connection(), **told)


def publish(target, frame, run_id="run1"):
    target.check_schema(frame.schema)
    staged = [(0, each) for each in target.stage(frame, run_id, "1-0-1")]
    delivery = Delivery(run_id, "main", "values", "me", schema_to_json(frame.schema))
    return target.publish(list(target.prepare(staged, delivery)))


VALUES = {
    "number": ([0, 1, 2], pl.Int32),
    "small": ([-(2**7), 2**7 - 1, None], pl.Int8),
    "big": ([-(2**63), 2**63 - 1, None], pl.Int64),
    "byte": ([0, 255, None], pl.UInt8),
    "word": ([0, 2**16 - 1, None], pl.UInt16),
    "double_word": ([0, 2**32 - 1, None], pl.UInt32),
    "quad_word": ([0, 2**64 - 1, None], pl.UInt64),
    "real": ([-0.0, float("inf"), float("nan")], pl.Float32),
    "double": ([5e-324, float("-inf"), float("nan")], pl.Float64),
    "money": ([MOST, -MOST, None], pl.Decimal(38, 2)),
    "cents": ([Decimal("-0.01"), Decimal("10000.00"), None], pl.Decimal(9, 2)),
    "whole": ([Decimal(10000), Decimal(0), None], pl.Decimal(20, 0)),
    "fine": ([Decimal("0.0000000001"), Decimal("12.3400000000"), None], pl.Decimal(20, 10)),
    "flag": ([True, False, None], pl.Boolean),
    "text": (["", "été \U0001f600 \\ \" '\n\t", None], pl.String),
    "raw": ([b"", bytes(range(256)), None], pl.Binary),
    "day": ([dt.date(1, 1, 1), dt.date(9999, 12, 31), None], pl.Date),
    "moment": ([dt.datetime(1, 1, 1), dt.datetime(9999, 12, 31, 23, 59, 59, 999999), None], None),
    "instant": (
        [dt.datetime(1969, 12, 31, 23, 59, 59, 999999), dt.datetime(2100, 1, 1), None],
        UTC,
    ),
    "numbers": ([[1, None], [], None], pl.List(pl.Int64)),
    "words": ([["a", None, ""], [], None], pl.List(pl.String)),
    "prices": ([[Decimal("1.10"), None], [], None], pl.List(pl.Decimal(9, 2))),
    'a "name" of, signs': (["x", "y", None], pl.String),
}
FRAME = pl.DataFrame(
    {name: pl.Series(values, dtype=kind) for name, (values, kind) in VALUES.items()}
)


def test_values_of_every_type_come_back(database):
    published = publish(sink(database), FRAME)
    assert (published.rows, published.inserted) == (3, 3)
    back = database.table("public.rows").sort("number")
    decimals = {name: kind for name, kind in FRAME.schema.items() if "Decimal" in str(kind)}
    for name, kind in {**decimals, "quad_word": pl.Decimal(20, 0)}.items():
        texts = back[name].to_list()
        exact = [t if t is None else [Decimal(x) if x else x for x in t] if isinstance(t, list)
                 else Decimal(t) for t in texts]  # fmt: skip
        back = back.with_columns(pl.Series(name, exact, dtype=kind))
    assert_frame_equal(back.cast(dict(FRAME.schema)), FRAME)
    kinds = dict(
        database.rows(
            "SELECT attname::text, format_type(atttypid, atttypmod) FROM pg_attribute "
            "WHERE attrelid = 'public.rows'::regclass AND attnum > 0"
        )
    )
    assert kinds["money"] == "numeric(38,2)"
    assert kinds["quad_word"] == "numeric(20,0)"
    assert kinds["instant"] == "timestamp with time zone"


@pytest.mark.parametrize(
    ("kind", "advice"),
    [
        (pl.Struct({"a": pl.Int64}), "Take it apart with a flatten step"),
        (pl.Datetime("ns"), r"Cast it to timestamp\(us\)"),
        (pl.Datetime("us", "Europe/Berlin"), r"Cast it to timestamp\(us, UTC\)"),
        (pl.Time(), "Cast it to string"),
        (pl.Duration("us"), "Cast it to string"),
        (pl.List(pl.List(pl.Int64)), "Cast it to string"),
        (pl.Array(pl.Int64, 2), "Cast it to list<int64>"),
    ],
)
def test_types_that_a_table_cannot_hold_exactly_are_refused(shared_database, kind, advice):
    with pytest.raises(ConfigError, match=advice):
        sink(shared_database).check_schema({"x": kind})


def test_names_that_the_server_would_cut_are_refused(shared_database):
    with pytest.raises(ConfigError, match="64 bytes long, and 63 are allowed"):
        sink(shared_database).check_schema({"x" * 64: pl.Int64(), "ctid": pl.Int64()})
    with pytest.raises(ValueError, match="not the name of a table"):
        sink(shared_database, table="a.b.c")


def test_a_nul_in_a_text_is_refused_with_its_column_or_escaped(database):
    frame = pl.DataFrame({"fine": ["x"], "bad": ["a\0b"]})
    with pytest.raises(JobError, match="column bad: a text contains a NUL character"):
        publish(sink(database), frame)
    publish(sink(database, nul="escape"), frame, "run2")
    assert database.table("public.rows").rows() == [("x", "a\\x00b")]


@pytest.mark.parametrize("days", [-2_440_589, 2_145_042_906, -(2**31)])
def test_days_that_the_server_does_not_know_are_refused(database, days):
    frame = pl.DataFrame({"day": pl.Series([0, days], dtype=pl.Int32).cast(pl.Date)})
    with pytest.raises(JobError, match="outside the years that PostgreSQL knows"):
        publish(sink(database), frame)


def test_the_first_and_the_last_day_come_back(database):
    days = pl.Series([-2_440_588, 2_145_042_905], dtype=pl.Int32).cast(pl.Date)
    publish(sink(database), pl.DataFrame({"day": days}))
    texts = database.rows("SELECT day::text FROM public.rows ORDER BY day")
    assert texts == [("4714-11-24 BC",), ("5874897-12-31",)]
