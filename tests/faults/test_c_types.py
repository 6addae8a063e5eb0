"""C: types that a job had no word for pass through, or are read as what the plan says."""

from datetime import date, timedelta
from decimal import Decimal

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ingest.core.types import parse_type, type_name
from tests.faults.parquet_files import uploaded

WHERE = pytest.mark.parametrize("remote", [False, True], ids=["local", "in a bucket"])
LENGTH = timedelta(days=1, microseconds=5)

CASES = {
    "map": (
        pa.array([[("a", 1), ("b", None)], [], None], pa.map_(pa.string(), pa.int64())),
        "list<struct<key: string, value: int64>>",
        [[{"key": "a", "value": 1}, {"key": "b", "value": None}], [], None],
        "a map, as list<struct<key, value>>",
    ),
    "map of maps": (
        pa.array(
            [[("a", [("x", 1.5)])], None, [("b", None)]],
            pa.map_(pa.string(), pa.map_(pa.string(), pa.float16())),
        ),
        "list<struct<key: string, value: list<struct<key: string, value: float32>>>>",
        [[{"key": "a", "value": [{"key": "x", "value": 1.5}]}], None,
         [{"key": "b", "value": None}]],
        "float16, as float32",
    ),
    "fixed-size list": (
        pa.array([[1, 2], None, [3, None]], pa.list_(pa.int32(), 2)),
        "list<int32>",
        [[1, 2], None, [3, None]],
        "lists of 2, as list",
    ),
    "duration": (
        pa.array([LENGTH, None, -LENGTH], pa.duration("us")),
        "duration(us)",
        [LENGTH, None, -LENGTH],
        "",
    ),
    "duration in seconds": (
        pa.array([86_400, None, -1], pa.int64()).cast(pa.duration("s")),
        "duration(ms)",
        [timedelta(days=1), None, timedelta(seconds=-1)],
        "",
    ),
    "float16": (
        pa.array([1.5, None, float("inf")], pa.float16()),
        "float32",
        [1.5, None, float("inf")],
        "float16, as float32",
    ),
    "decimal256 of few digits": (
        pa.array([Decimal("1.50"), None, Decimal("-0.01")], pa.decimal256(38, 2)),
        "decimal(38,2)",
        [Decimal("1.50"), None, Decimal("-0.01")],
        "",
    ),
    "decimal32": (
        pa.array([Decimal("1.50"), None, Decimal("-0.01")], pa.decimal32(5, 2)),
        "decimal(5,2)",
        [Decimal("1.50"), None, Decimal("-0.01")],
        "",
    ),
    "categories of numbers": (
        pa.array([5, None, 5]).dictionary_encode(), "int64", [5, None, 5], "",
    ),
    "categories of text": (
        pa.array(["x", None, "x"]).dictionary_encode(), "string", ["x", None, "x"], "",
    ),
    "views": (
        pa.array(["a" * 20, None, ""], pa.string_view()), "string", ["a" * 20, None, ""], "",
    ),
    "list views": (
        pa.array([[1], None, []], pa.list_view(pa.int8())), "list<int8>", [[1], None, []], "",
    ),
    "date64": (
        pa.array([date(2024, 2, 29), None, date(1, 1, 1)], pa.date64()), "date",
        [date(2024, 2, 29), None, date(1, 1, 1)], "",
    ),
    "structs with names of signs": (
        pa.array([{"ns:tag, <x>": 1}, None, {"ns:tag, <x>": None}]),
        'struct<"ns:tag, <x>": int64>',
        [{"ns:tag, <x>": 1}, None, {"ns:tag, <x>": None}],
        "",
    ),
}  # fmt: skip


@WHERE
@pytest.mark.parametrize("case", CASES)
def test_types_that_are_read(job, case, remote, capfd):
    column, name, values, note = CASES[case]
    file = job.write("in/a.parquet", pa.table({"x": column, "n": range(3)}))
    job.define("parquet", path=uploaded(file) if remote else "in")
    assert job.plan_page()["input_schema"]["x"] == name
    assert note in job.plan().out
    assert job.preview().code == 0
    result = job.run()
    assert result.code == 0, result.err
    assert job.frame.sort("n")["x"].to_list() == values
    assert job.verify().code == 0
    assert "panicked" not in capfd.readouterr().err


@pytest.mark.parametrize("case", CASES)
def test_init_writes_jobs_for_them_alone(job, case):
    """F7: a file of nothing but such columns."""
    column, _, values, _ = CASES[case]
    job.write("in/a.parquet", pa.table({"x": column}))
    result = job.init("in")
    assert result.code == 0, result.err
    job.define("parquet")
    assert job.run().code == 0
    assert job.frame["x"].to_list() == values


@pytest.mark.parametrize("case", ["map", "fixed-size list", "duration", "float16"])
def test_contracts_name_what_they_come_as(job, case):
    column, name, values, _ = CASES[case]
    job.write("in/a.parquet", pa.table({"x": column}))
    job.define("parquet", parts={"contract": {"columns": {"x": name}}})
    assert job.run().code == 0
    assert job.frame["x"].to_list() == values


@pytest.mark.parametrize("case", ["map", "fixed-size list", "duration", "float16"])
def test_lookups_have_them_too(job, case):
    column, _, values, _ = CASES[case]
    file = job.write("ref.parquet", pa.table({"x": column, "n": range(3)}))
    job.write("in/a.csv", "n\n0\n1\n2\n")
    step = {"type": "lookup", "reference": {"path": str(file)}, "key": "n"}
    job.define("csv", columns={"n": "int64"}, parts={"transforms": [step]})
    assert job.run().code == 0
    assert job.frame.sort("n")["x"].to_list() == values


def test_rejected_rows_of_all_of_them(job):
    columns = {name: column for name, (column, *_) in CASES.items()}
    job.write("in/a.parquet", pa.table({**columns, "n": range(3)}))
    limit = {"type": "range", "column": "n", "max": -1}
    job.define("parquet", parts={"contract": {"on_error": "quarantine", "checks": [limit]}})
    result = job.run()
    assert result.code == 0, result.err
    assert job.quarantine["original"].null_count() == 0
    assert job.quarantine["original"].to_list() == job.quarantine["row"].to_list()


def test_decimals_of_more_digits_are_refused(job):
    job.write("in/a.parquet", pa.table({"x": pa.array([Decimal(1)], pa.decimal256(50, 10))}))
    job.define("parquet")
    job.refused(
        '"x": it is decimal(50,10), but decimals have at most 38 digits', "Leave the column out"
    )
    assert "none of its columns can be used" in job.init("in").err


def test_files_with_a_map_and_with_a_list_of_pairs_go_together(job):
    maps, _, values, _ = CASES["map"]
    job.write("in/a.parquet", pa.table({"x": maps}))
    job.write("in/b.parquet", pl.DataFrame({"x": values}))
    job.define("parquet")
    assert job.run().code == 0
    assert job.frame["x"].to_list() == values * 2


def test_a_duration_is_cast_by_choice(job):
    column, *_ = CASES["duration"]
    job.write("in/a.parquet", pa.table({"x": column}))
    job.define("parquet", parts={
        "transforms": [{"type": "derive", "columns": {"s": "epoch(x)"}}],
        "contract": {"columns": {"x": "string"}},
    })  # fmt: skip
    assert job.run().code == 0
    assert job.frame.rows() == [("P1DT0.000005S", 86400.000005), (None, None),
                                ("-P1DT0.000005S", -86400.000005)]  # fmt: skip


@pytest.mark.parametrize(
    "dtype",
    [
        pl.Duration("ns"),
        pl.Array(pl.Float32(), 768),
        pl.Array(pl.Array(pl.Int8(), 2), 3),
        pl.List(pl.Struct({"a": pl.Duration("ms"), "b:c": pl.Array(pl.String(), 1)})),
        pl.Struct({"": pl.Int8(), 'q"': pl.Decimal(38, 2), " x ": pl.Date(), "a<b>, c": pl.Time()}),
        pl.Struct({}),
        pl.Datetime("ns", "Asia/Kolkata"),
    ],
)
def test_names_of_types_read_back(dtype):
    assert parse_type(type_name(dtype)) == dtype


def test_row_groups_and_files_of_nested_columns(job):
    """Cut between row groups, and read by two decoders side by side."""
    rows = [{"n": n, "s": f"v{n % 7}", "m": [("k", n)], "l": [n] * (n % 3)} for n in range(1000)]
    kinds = pa.schema([("n", pa.int64()), ("s", pa.string()),
                       ("m", pa.map_(pa.string(), pa.int64())),
                       ("l", pa.list_(pa.int64()))])  # fmt: skip
    (job.place / "in").mkdir()
    pq.write_table(pa.Table.from_pylist(rows, kinds), job.place / "in/a.parquet",
                   row_group_size=77, data_page_size=100)  # fmt: skip
    job.define("parquet", parts={"execution": {"partition_bytes": 1, "workers": 2}},
               where="n % 2 = 0")  # fmt: skip
    assert job.run().code == 0
    expected = [row | {"m": [{"key": "k", "value": row["n"]}]} for row in rows[::2]]
    assert job.frame.sort("n").to_dicts() == expected


def test_no_rows_keep_every_type(job):
    columns = {name: column.slice(0, 0) for name, (column, *_) in CASES.items()}
    job.write("in/a.parquet", pa.table(columns))
    job.define("parquet")
    assert job.plan_page()["input_schema"] == {name: case[1] for name, case in CASES.items()}
    assert job.run().code == 0
