"""A5: all files are asked for their folder keys; what some have not is an error, or null."""

import polars as pl
import pytest

KINDS = pytest.mark.parametrize("kind", ["csv", "jsonl", "parquet"])


def content(kind, number):
    if kind == "parquet":
        return pl.DataFrame({"id": [number]})
    return f"id\n{number}\n" if kind == "csv" else f'{{"id":{number}}}\n'


def fill(job, kind, *folders):
    """Write a file for each folder, the number of which is its row."""
    for number, folder in enumerate(folders):
        job.write(f"t/{folder}/data.{kind}", content(kind, number))


def options(kind, missing="null", **more):
    columns = {"columns": {"id": "int64"}} if kind == "csv" else {}
    return columns | more | {"schema": {"missing_columns": missing}}


@KINDS
@pytest.mark.parametrize("folders", [("", "year_month=2024-01"), ("year_month=2024-01", "z")])
def test_a_file_without_the_key_is_an_error(job, kind, folders):
    fill(job, kind, *folders)
    job.define(kind, path="t", **options(kind, "fail"))
    first, second = (f"t/{folder}/data.{kind}".replace("//", "/") for folder in folders)
    lacking, having = (first, second) if "=" in second else (second, first)
    job.refused(f'"{lacking}" is not in a folder with the key "year_month", but "{having}" is')
    assert job.preview().code == 2


@KINDS
@pytest.mark.parametrize("folders", [("", "k=1", "k=2"), ("k=1", "k=2", "z"), ("a", "k=1", "z")])
def test_or_it_has_null_there(job, kind, folders):
    fill(job, kind, *folders)
    job.define(kind, path="t", **options(kind))
    page = job.plan_page()
    assert page["input_schema"] == {"id": "int64", "k": "string"}
    assert 'filled with nulls: the folder key "k" ("t/' in page["remarks"][0]
    assert job.run().code == 0
    keys = [folder.partition("=")[2] or None for folder in folders]
    assert job.rows == [{"id": number, "k": key} for number, key in enumerate(keys)]


@KINDS
def test_several_keys_in_any_order(job, kind):
    fill(job, kind, "a=1/b=2", "b=3/a=4", "a=5", "b=6/c=__HIVE_DEFAULT_PARTITION__")
    job.define(kind, path="t", **options(kind, columns={"id": "int64", "a": "int64"}))
    assert job.run().code == 0
    assert job.rows == [
        {"id": 0, "a": 1, "b": "2", "c": None},
        {"id": 1, "a": 4, "b": "3", "c": None},
        {"id": 2, "a": 5, "b": None, "c": None},
        {"id": 3, "a": None, "b": "6", "c": None},
    ]


@KINDS
def test_the_order_of_folders_alone_is_no_difference(job, kind):
    fill(job, kind, "a=1/b=2", "b=3/a=4")
    job.define(kind, path="t", **options(kind, "fail"))
    assert job.run().code == 0
    assert [(row["a"], row["b"]) for row in job.rows] == [("1", "2"), ("4", "3")]


@KINDS
def test_a_single_file_among_hundreds_is_found(job, kind):
    """The first files and the sample have the key, and one in the middle has not."""
    fill(job, kind, *(f"k={number:03}" for number in range(150)), "k=077x", "l")
    job.define(kind, path="t", **options(kind, "fail"))
    job.refused('is not in a folder with the key "k"', f"t/l/data.{kind}")


@KINDS
def test_or_keys_are_left_out(job, kind):
    fill(job, kind, "", "k=1")
    job.define(kind, path="t", **options(kind, "fail", hive_partitions=False))
    assert job.run().code == 0
    assert job.rows == [{"id": 0}, {"id": 1}]


def test_a_key_that_is_no_value_of_its_type(job):
    fill(job, "csv", "k=1", "k=x")
    job.define(path="t", columns={"k": "int64"})
    result = job.run()
    assert result.code == 1
    assert 't/k=x/data.csv: folder key "k": "x" is not an int64' in result.err


def test_init_leaves_keys_out_that_not_all_files_have(job):
    fill(job, "csv", "", "k=1")
    assert "hive_partitions: False" in job.init("t").out
