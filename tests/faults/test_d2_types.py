"""D2: one type for a column that Parquet files have in several, decided by all footers."""

from datetime import UTC, date
from datetime import datetime as moment
from decimal import Decimal

import polars as pl
import pyarrow as pa
import pytest


def at(*parts, tzinfo=None):
    return moment(*parts, tzinfo=tzinfo)


UTC_US = pl.Datetime("us", "UTC")
BIG = 2**53 + 1


def fill(job, *columns, name="n"):
    """Write a file for each of these columns: `in/0.parquet` and so on."""
    for number, column in enumerate(columns):
        frame = column.alias(name).to_frame() if isinstance(column, pl.Series) else column
        job.write(f"in/{number}.parquet", frame)


def series(dtype, *values):
    return pl.Series(values, dtype=dtype, strict=False)


def orders(*columns):
    return [list(columns), list(reversed(columns))]


def run(job, files, dtype, values, **options):
    """Both orders of the files give these values, of this type."""
    for order in orders(*files):
        fill(job, *order)
        job.define("parquet", **options)
        result = job.run()
        assert result.code == 0, result.err
        assert job.frame.schema["n"] == dtype
        wanted = pl.Series(values, dtype=dtype, strict=False).to_list()
        assert sorted(job.frame["n"].to_list(), key=repr) == sorted(wanted, key=repr)


def refused(job, columns, *texts):
    for order in orders(*columns):
        fill(job, *order)
        job.define("parquet")
        job.refused("in/0.parquet", "in/1.parquet", *texts)
        assert job.preview().code == 2


@pytest.mark.parametrize(
    ("one", "other", "wide"),
    [
        (series(pl.Int8, 1), series(pl.Int64, 2), pl.Int64),
        (series(pl.UInt8, 200), series(pl.Int8, -1), pl.Int16),
        (series(pl.UInt32, 1), series(pl.Int32, -2), pl.Int64),
        (series(pl.Int32, 7), series(pl.Float64, 0.5), pl.Float64),
        (series(pl.Int32, 7), series(pl.Float32, 0.5), pl.Float64),
        (series(pl.Int16, 7), series(pl.Float32, 0.5), pl.Float32),
        (series(pl.Null, None), series(pl.String, "x"), pl.String),
        (series(pl.Null, None), series(pl.List(pl.Int64), [1]), pl.List(pl.Int64)),
        (
            series(pl.Decimal(5, 2), Decimal("1.25")),
            series(pl.Decimal(10, 4), Decimal("0.0001")),
            pl.Decimal(10, 4),
        ),
        (
            series(pl.Decimal(10, 0), Decimal(123)),
            series(pl.Decimal(6, 5), Decimal("0.00001")),
            pl.Decimal(15, 5),
        ),
        (series(pl.Int32, 5), series(pl.Decimal(4, 2), Decimal("0.25")), pl.Decimal(12, 2)),
        (
            series(pl.Datetime("ms"), at(2024, 1, 1)),
            series(pl.Datetime("us"), at(2024, 1, 1, 0, 0, 0, 1)),
            pl.Datetime("us"),
        ),
        (
            series(pl.Datetime("ms", "UTC"), at(2024, 1, 1, tzinfo=UTC)),
            series(pl.Datetime("ns", "UTC"), at(2024, 1, 2, tzinfo=UTC)),
            pl.Datetime("ns", "UTC"),
        ),
        (series(pl.List(pl.Int32), [1]), series(pl.List(pl.Int64), [2]), pl.List(pl.Int64)),
        (
            series(pl.Struct({"a": pl.Int8}), {"a": 1}),
            series(pl.Struct({"a": pl.Float32}), {"a": 0.5}),
            pl.Struct({"a": pl.Float32}),
        ),
    ],
    ids=str,
)
def test_what_loses_nothing_is_widened(job, one, other, wide):
    values = [*one.to_list(), *other.to_list()]
    run(job, [one, other], pl.DataFrame(schema={"n": wide}).schema["n"], values)
    (remark,) = job.plan_page()["remarks"]
    assert remark.startswith('columns: widened "n" to ')
    assert ".parquet" in remark


@pytest.mark.parametrize(
    ("one", "other", "write"),
    [
        (series(pl.Int64, 1), series(pl.Float64, 0.5), "{n: float64}"),
        (series(pl.UInt64, 1), series(pl.Float32, 0.5), "{n: float64}"),
        (series(pl.UInt64, 1), series(pl.Int64, -1), '{n: "decimal(38,0)"}'),
        (series(pl.Decimal(5, 2), Decimal(1)), series(pl.Float64, 0.5), "{n: float64}"),
        (
            series(pl.Datetime("ms"), at(2024, 1, 1)),
            series(UTC_US, at(2024, 1, 1, tzinfo=UTC)),
            '{n: "timestamp(us, UTC)"}',
        ),
        (
            series(pl.Datetime("us", "Europe/Paris"), at(2024, 1, 1, tzinfo=UTC)),
            series(UTC_US, at(2024, 1, 1, tzinfo=UTC)),
            '{n: "timestamp(us, UTC)"}',
        ),
        (series(pl.Date, date(2024, 1, 1)), series(pl.Datetime("us"), None), "{n: timestamp}"),
        (series(pl.String, "x"), series(pl.Int64, 1), "{n: string}"),
        (series(pl.Boolean, True), series(pl.Int64, 1), "{n: int64}"),
        (series(pl.List(pl.Int64), [1]), series(pl.Int64, 1), "separate jobs"),
        (series(pl.Binary, b"x"), series(pl.Date, None), "separate jobs"),
    ],
    ids=str,
)
def test_what_may_lose_something_is_refused_with_what_to_write(job, one, other, write):
    refused(job, [one, other], 'column "n" is ', "no type fits both exactly", write.strip("{}"))


def test_the_type_that_is_named_decides(job):
    """And what does not fit it exactly is rejected, with file and row."""
    columns = [series(pl.Int64, 1, BIG, None), series(pl.Float64, 0.5)]
    parts = {"contract": {"on_error": "quarantine"}}
    run(job, columns, pl.Float64(), [1.0, None, 0.5], columns={"n": "float64"}, parts=parts)
    bad = job.quarantine
    assert set(bad["reason"]) == {"n: not a float64"}
    assert set(bad["line"]) == {2}
    assert set(bad["original"]) == {f'{{"n": "{BIG}"}}'}


def test_the_contract_decides_where_files_differ(job):
    columns = [series(pl.Int64, 1, BIG), series(pl.Float64, 0.5)]
    contract = {"columns": {"n": "float64"}, "on_error": "skip"}
    run(job, columns, pl.Float64(), [1.0, 0.5], parts={"contract": contract})
    assert job.plan_page()["input_schema"] == {"n": "float64"}


def test_the_contract_casts_later_where_they_do_not(job):
    fill(job, series(pl.Int64, 1), series(pl.Int32, 2))
    job.define("parquet", parts={"contract": {"columns": {"n": "float64"}}})
    assert job.plan_page()["input_schema"] == {"n": "int64"}
    assert job.run().code == 0
    assert job.frame["n"].to_list() == [1.0, 2.0]


def test_a_type_of_one_column_leaves_the_others_alone(job):
    job.write("in/0.parquet", pl.DataFrame({"id": [1], "amount": [5], "note": ["a"]}))
    job.write("in/1.parquet", pl.DataFrame({"id": [2], "amount": [0.5], "note": ["b"]}))
    job.define("parquet", columns={"amount": "float64"})
    page = job.plan_page()
    assert page["input_schema"] == {"id": "int64", "amount": "float64", "note": "string"}
    assert "amount  float64  source.columns" in job.plan().out
    assert job.run().code == 0
    assert job.rows == [
        {"id": 1, "amount": 5.0, "note": "a"},
        {"id": 2, "amount": 0.5, "note": "b"},
    ]


@pytest.mark.parametrize("kind", ["csv", "jsonl"])
def test_so_does_it_in_text(job, kind):
    texts = {"csv": "id,amount\n1,5\n", "jsonl": '{"id":"1","amount":5}\n'}
    job.write(f"in/a.{kind}", texts[kind])
    more = {"schema": {"new_columns": "add"}} if kind == "jsonl" else {}
    job.define(kind, columns={"amount": "float64"}, **more)
    assert job.run().code == 0
    assert job.rows == [{"id": "1", "amount": 5.0}]


def test_clocks_without_a_zone(job):
    """A zone that is named says where these clocks stood; hours that never came are rejected."""
    naive = series(pl.Datetime("us"), at(2024, 7, 1, 12), at(2024, 3, 31, 2, 30))
    zoned = series(UTC_US, at(2024, 7, 1, 12, tzinfo=UTC))
    fill(job, naive, zoned)
    job.define(
        "parquet",
        columns={"n": "timestamp(us, Europe/Paris)"},
        parts={"contract": {"on_error": "quarantine"}},
    )
    assert job.run().code == 0
    found = job.frame["n"].dt.convert_time_zone("UTC").to_list()
    assert sorted(found) == [
        at(2024, 7, 1, 10, tzinfo=UTC),
        at(2024, 7, 1, 12, tzinfo=UTC),
    ]
    assert job.quarantine["line"].to_list() == [2]


def test_texts_in_a_form_of_their_own(job):
    fill(job, series(pl.String, "01.02.2024", "x"), series(pl.Date, date(2024, 2, 3)))
    job.define(
        "parquet",
        columns={"n": {"type": "date", "format": "%d.%m.%Y"}},
        parts={"contract": {"on_error": "quarantine"}},
    )
    assert job.run().code == 0
    assert sorted(job.frame["n"]) == [date(2024, 2, 1), date(2024, 2, 3)]
    assert job.quarantine["reason"].to_list() == ["n: not a date"]


def test_a_timestamp_out_of_the_finer_range(job):
    """It is nobody's choice that nanoseconds end in 2262: an error that says what to write."""
    fill(
        job,
        series(pl.Datetime("ms"), at(9000, 1, 1)),
        series(pl.Datetime("ns"), at(2024, 1, 1)),
    )
    job.define("parquet")
    result = job.run()
    assert result.code == 1
    assert 'in/0.parquet: column "n": "9000-01-01' in result.err
    assert "columns: {n: timestamp}" in result.err
    job.define("parquet", columns={"n": "timestamp(us)"})
    assert job.run("--fresh").code == 0
    assert job.frame["n"].to_list() == [at(9000, 1, 1), at(2024, 1, 1)]


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({"n": "list<int64>"}, 'columns: "n": in/0.parquet: int64 cannot become list<int64>'),
        ({"n": "date"}, 'columns: "n": in/0.parquet: int64 cannot become date'),
        ({"m": "int64"}, 'columns: no such column "m"'),
        ({"n": "flaot64"}, 'no such type "flaot64"'),
        ({"n": {"type": "int64", "format": "%d"}}, "format"),
    ],
)
def test_types_that_cannot_be(job, columns, said):
    fill(job, series(pl.Int64, 1))
    job.define("parquet", columns=columns)
    job.refused(said)


def test_a_condition_sees_the_planned_types(job):
    fill(job, series(pl.Int64, 1, BIG, 7), series(pl.Float64, 0.5))
    job.define(
        "parquet",
        columns={"n": "float64"},
        where="n < 2",
        parts={"contract": {"on_error": "quarantine"}},
    )
    assert job.run().code == 0
    assert sorted(job.frame["n"]) == [0.5, 1.0]
    assert job.quarantine["line"].to_list() == [2]
    assert job.receipt["books"][0]["dropped"] == {"filtered": 1, "quarantined": 1}


def test_a_conflict_in_a_column_that_nobody_reads(job):
    for number, other in enumerate((pl.Series(["x"]), pl.Series([1]))):
        job.write(f"in/{number}.parquet", pl.DataFrame({"id": [number], "n": other}))
    job.define("parquet", columns=["id"])
    assert job.run().code == 0
    assert job.rows == [{"id": 0}, {"id": 1}]
    job.define("parquet", columns=["id"], where="n = 1")
    job.refused('column "n" is ')


def test_many_row_groups_and_their_rows(job):
    """Lines count through the whole file, wherever it is cut."""
    values = [BIG if n in {17, 95} else n for n in range(100)]
    path = job.write("in/0.parquet", pl.DataFrame({"n": values}))
    pl.DataFrame({"n": values}).write_parquet(path, row_group_size=10)
    job.define(
        "parquet",
        columns={"n": "float64"},
        parts={"contract": {"on_error": "quarantine"}, "execution": {"partition_bytes": 200}},
    )
    assert job.run().code == 0
    assert job.frame.height == 98
    assert sorted(job.quarantine["line"]) == [18, 96]


def test_fixed_names_of_types_from_other_writers(job):
    """PyArrow's large and small variants are one type."""
    job.write("in/0.parquet", pa.table({"n": pa.array(["x"], pa.large_string())}))
    job.write("in/1.parquet", pa.table({"n": pa.array(["y"], pa.string())}))
    job.write("in/2.parquet", pa.table({"n": pa.array(["z"]).dictionary_encode()}))
    job.define("parquet")
    assert job.plan_page()["remarks"] == []
    assert job.run().code == 0
    assert sorted(job.frame["n"]) == ["x", "y", "z"]
