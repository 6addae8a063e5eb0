"""A9: folder keys are decoded strictly; what cannot be is refused by name."""

import polars as pl
import pytest


@pytest.mark.parametrize("folder", ["c=%E9", "c=x%FFy", "%E8=1"])
@pytest.mark.parametrize("kind", ["csv", "jsonl", "parquet"])
def test_keys_that_are_not_utf8(job, kind, folder):
    content = {"csv": "id\n1\n", "jsonl": '{"id":1}\n', "parquet": pl.DataFrame({"id": [1]})}[kind]
    job.write(f"in/{folder}/a.{kind}", content)
    job.define(kind)
    job.refused(f'the folder name "{folder}" is not UTF-8', "hive_partitions: false")
    job.define(kind, hive_partitions=False)
    assert job.run().code == 0
    assert len(job.rows) == 1


def test_two_such_folders_are_not_one(job):
    job.write("in/c=%E9/a.csv", "id\n1\n")
    job.write("in/c=%E8/a.csv", "id\n2\n")
    job.define()
    job.refused('"c=%E8" is not UTF-8')
    result = job.init("in")
    assert result.code == 0, result.err
    assert "hive_partitions: False" in result.out
    assert "\ufffd" not in result.out


def test_keys_that_are_utf8_are_decoded(job):
    job.write("in/c=%C3%A9%20x/a.csv", "id\n1\n")
    job.write("in/c=%25/a.csv", "id\n2\n")
    job.define()
    assert job.run().code == 0
    assert job.rows == [{"id": "1", "c": "é x"}, {"id": "2", "c": "%"}]


def test_a_key_that_stands_twice(job):
    job.write("in/c=1/c=2/a.csv", "id\n1\n")
    job.define()
    job.refused('the key "c" occurs in two of its folders')
