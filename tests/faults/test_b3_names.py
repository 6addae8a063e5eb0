"""B3: columns of a Parquet file whose names nothing can refer to are refused at plan time."""

import polars as pl
import pyarrow as pa
import pytest

from tests.faults.parquet_files import TEXT, change_footer, elements, uploaded


@pytest.mark.parametrize("remote", [False, True], ids=["local", "in a bucket"])
def test_the_empty_name_is_refused_unless_it_is_left_out(job, remote):
    file = job.write("in/a.parquet", pa.table({"": [1], "n": [2]}))
    path = uploaded(file) if remote else "in"
    job.define("parquet", path=path)
    job.refused('columns: "" is empty, so nothing can refer to it. Leave the column out by naming')
    job.define("parquet", path=path, columns=["n"])
    assert job.run().code == 0
    assert job.rows == [{"n": 2}]


def test_init_leaves_it_out_and_says_why(job):
    job.write("in/a.parquet", pa.table({"": [1], "n": [2]}))
    result = job.init("in")
    assert result.code == 0, result.err
    assert 'without "", because its name is empty' in (job.place / "conf/job/made.yaml").read_text()


@pytest.mark.parametrize("name", ["*", "^a.*$", "__ingest_position"])
def test_names_that_are_patterns_or_hidden(job, name):
    job.write("in/a.parquet", pa.table({name: [1], "n": [2]}))
    job.define("parquet")
    job.refused(f'columns: "{name}" ')
    result = job.init("in")
    assert result.code == 0, result.err
    assert '  columns: ["n"]' in (job.place / "conf/job/made.yaml").read_text()


def test_a_name_that_is_not_utf8(job):
    file = job.write("in/a.parquet", pa.table({"name": [1], "n": [2]}))
    change_footer(file, lambda footer: elements(footer)[1].update({4: (TEXT, b"n\xff")}))
    job.define("parquet")
    job.refused('the name of column "n\\xff" is not UTF-8')
    assert 'the name of column "n\\xff" is not UTF-8' in job.init("in").err


@pytest.mark.parametrize("name", ["a b", "a.b", "a:b", "ä€", "[0]", "a,b", 'a"b', "a\nb"])
def test_other_names_are_kept(job, name):
    inner = pa.array([{name: 1}])
    job.write("in/a.parquet", pa.table({name: [1], "s": inner, "l": pa.array([[{name: 2}]])}))
    job.define("parquet")
    result = job.run()
    assert result.code == 0, result.err
    assert job.rows == [{name: 1, "s": {name: 1}, "l": [{name: 2}]}]


def test_names_with_dots_are_no_paths(job):
    job.write("in/a.parquet", pa.table({"a.b": [1], "a": pa.array([{"b": 2}])}))
    job.define("parquet")
    assert job.run().code == 0
    assert job.rows == [{"a.b": 1, "a": {"b": 2}}]
    for name, row in (("a.b", {"a.b": 1}), ("a", {"a": {"b": 2}})):
        job.define("parquet", columns=[name])
        assert job.run("--fresh").code == 0
        assert job.rows == [row]


def test_a_lookup_does_not_take_an_empty_name(job):
    job.write("in/a.csv", "n\n1\n")
    file = job.write("ref.parquet", pl.DataFrame({"n": ["1"], "": [2]}))
    step = {"type": "lookup", "reference": {"path": str(file)}, "key": "n"}
    job.define("csv", parts={"transforms": [step]})
    job.refused('columns: "" is empty, so nothing can refer to it')


@pytest.mark.parametrize("deep", [False, True])
def test_a_name_with_a_nul(job, deep):
    """Arrow's names end at a NUL: Polars panics when it hands one over."""
    column = pa.array([{"x\0y": 1}]) if deep else [1]
    job.write("in/a.parquet", pa.table({"s" if deep else "x\0y": column, "n": [2]}))
    job.define("parquet")
    job.refused("a NUL character")
    assert job.init("in").code == 0
