"""A3: the option decides whether there are file columns; a column of the data may be called so."""

import polars as pl
import pytest

ROW = {"id": 1, "_file_path": "s3://landing/a.csv", "_file_size": "many", "_file_name": None}


def content(kind, row=ROW):
    """Return a row as a file of some format."""
    if kind == "csv":
        values = ("" if value is None else str(value) for value in row.values())
        return f"{','.join(row)}\n{','.join(values)}\n"
    if kind == "jsonl":
        return pl.DataFrame([row], schema_overrides={"_file_name": pl.String}).write_ndjson()
    return pl.DataFrame([row], schema_overrides={"_file_name": pl.String})


KINDS = pytest.mark.parametrize("kind", ["csv", "jsonl", "parquet"])


@KINDS
def test_such_columns_are_data(job, kind):
    job.write(f"in/a.{kind}", content(kind))
    job.define(kind)
    result = job.run()
    assert result.code == 0, result.err
    (row,) = job.rows
    assert (row["_file_path"], row["_file_size"], row["_file_name"]) == (
        "s3://landing/a.csv",
        "many",
        None,
    )
    assert "s3://landing/a.csv" in job.preview().out


@KINDS
def test_with_the_option_a_clash_is_refused(job, kind):
    job.write(f"in/a.{kind}", content(kind))
    job.define(kind, include_file_columns=True)
    job.refused('include_file_columns: "_file_path" is also a column of the data')
    assert job.preview().code == 2


@KINDS
def test_a_clash_in_a_later_file_is_refused_too(job, kind):
    job.write(f"in/a.{kind}", content(kind, {"id": 1}))
    job.write(f"in/b.{kind}", content(kind, {"id": 2, "_file_size": 7}))
    job.define(kind, include_file_columns=True, schema={"new_columns": "add"})
    job.refused('include_file_columns: "_file_size" is also a column of the data')


@KINDS
def test_with_the_option_and_no_clash(job, kind):
    job.write(f"in/a.{kind}", content(kind, {"id": 1}))
    job.define(kind, include_file_columns=True)
    assert job.run().code == 0
    (row,) = job.rows
    assert row["_file_name"] == f"a.{kind}"
    assert row["_file_path"] == str(job.place / f"in/a.{kind}")
    assert row["_file_size"] == (job.place / f"in/a.{kind}").stat().st_size


@KINDS
def test_a_job_reads_the_output_of_a_job(job, kind):
    """The first writes file columns, which are data to the second."""
    job.write("in/a.csv", "id\n1\n")
    sink = {"type": kind, "path": "out", "write_disposition": "overwrite"}
    job.define(include_file_columns=True, parts={"sink": sink})
    assert job.run().code == 0
    (job.place / "out").rename(job.place / "made")
    job.define(kind, path="made")
    result = job.run("--fresh")
    assert result.code == 0, result.err
    (row,) = job.rows
    assert row["_file_path"] == str(job.place / "in/a.csv")
    assert str(row["_file_size"]) == "5"
    job.define(kind, path="made", include_file_columns=True)
    result = job.plan()
    assert result.code == 2
    assert "is also a column of the data" in result.err
