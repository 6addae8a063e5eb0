"""Small stumbles of a first hour: other names for types, functions and commands, and sweeps."""

import re

import polars as pl
import pytest

from ingest import __main__ as console
from ingest.core.types import parse_type, type_name
from ingest.expressions import resolve
from ingest.expressions.catalogue import FUNCTIONS
from tests.bad_input.bench import Bench

ALIASES = {
    "int": "int32",
    "Integer": "int32",
    "bigint": "int64",
    "BOOL": "boolean",
    "text": "string",
    "varchar": "string",
    "double": "float64",
    "double  precision": "float64",
    "float": "float64",
    "datetime": "timestamp",
    "timestamptz": "timestamp(us, UTC)",
    "timestamp with time zone": "timestamp(us, UTC)",
    "numeric(10, 2)": "decimal(10,2)",
    "DECIMAL( 10 , 2 )": "decimal(10,2)",
    "long": "int64",
    "SHORT": "int16",
    "byte": "int8",
    "list<int>": "list<int32>",
    "struct<a: bigint, b: list<text>>": "struct<a: int64, b: list<string>>",
    "INT64": "int64",
    "Timestamp(us, Europe/Berlin)": "timestamp(us, Europe/Berlin)",
}


@pytest.mark.parametrize("alias", ALIASES)
def test_a_type_has_the_same_other_names_everywhere(alias):
    assert type_name(parse_type(alias)) == ALIASES[alias]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("int46", 'Did you mean "int64"?'),
        ("strng", 'Did you mean "string"?'),
        ("varchar(3)", "would cut the text"),
        ("numeric", "needs its precision and scale"),
        ("character varying", "would cut the text"),
    ],
)
def test_what_is_no_type_says_what_is(text, said):
    with pytest.raises(ValueError, match=re.escape(said)):
        parse_type(text)


@pytest.fixture
def bench(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    bench = Bench(tmp_path)
    bench.write("a.csv", "id,name,n\n1,a,1.5\n2,,2.5\n")
    return bench


def schema(bench):
    return pl.read_parquet(next((bench.place / "out").glob("*.parquet"))).schema


def test_in_the_columns_of_a_source_a_contract_and_a_cast(bench):
    bench.describe(
        source={"type": "csv", "path": "in", "columns": {"id": "int"}},
        transforms=[{"type": "cast", "columns": {"name": "varchar"}}],
        contract={"columns": {"n": "double"}},
    )
    result = bench.run()
    assert result.code == 0, result.err
    assert schema(bench) == {"id": pl.Int32(), "name": pl.String(), "n": pl.Float64()}


def test_cast_in_an_expression_still_takes_them(bench):
    columns = {"m": "CAST(n AS double precision)", "k": "id::bigint"}
    bench.describe(transforms=[{"type": "derive", "columns": columns}], contract={})
    assert bench.run().code == 0
    assert schema(bench)["m"] == pl.Float64()
    assert schema(bench)["k"] == pl.Int64()


@pytest.mark.parametrize(
    ("call", "meant"),
    [
        ("nvl(name, 'x')", "coalesce(a, b)"),
        ("iif(id = '1', 'a', 'b')", "CASE WHEN"),
        ("to_char(id, 'x')", "strftime("),
        ("to_date(name)", "CAST(time AS date) or CAST(text AS date)"),
        ("lenght(name)", '"length"'),
    ],
)
def test_a_function_of_another_dialect_is_named_in_ours(bench, call, meant):
    bench.describe(transforms=[{"type": "derive", "columns": {"x": call}}], contract={})
    result = bench.run()
    assert result.code == 2
    assert f'no such function "{call.partition("(")[0]}". Did you mean {meant}' in result.err


def test_what_is_proposed_can_be_written_as_it_is():
    from ingest.expressions.dialects import ELSEWHERE, OTHER_KIND

    whole = dict.fromkeys("abc", pl.Int64())
    schema = {
        **whole, "text": pl.String(), "time": pl.Datetime("us"), "list": pl.List(pl.Int64()),
        "condition": pl.Boolean(),
    }  # fmt: skip
    for proposals in (*ELSEWHERE.values(), *OTHER_KIND.values()):
        for text in proposals:
            assert resolve(text, schema).dtype, text
    assert not ELSEWHERE.keys() & FUNCTIONS.keys()


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("reset", "To discard an unfinished run: ingest run NAME --fresh"),
        ("prune", "Did you mean clean?"),
        ("build", "To run a job: ingest run NAME"),
        ("pipeline", "To run a job: ingest run NAME"),
        ("trigger", "To run a job: ingest run NAME"),
        ("debug", "To check job files: ingest validate. To see what a run would do: "),
        ("deps", "Jobs need no packages to be installed."),
        ("list", "To list runs: ingest status"),
        ("check", "To check job files: ingest validate"),
        ("stat", 'Did you mean "status"?'),
    ],
)
def test_a_command_of_another_tool_is_named_in_ours(word, said, capsys):
    assert console.main([word]) == 2
    assert capsys.readouterr().err.startswith(f'ingest: no such command "{word}". {said}')
    assert not console.ELSEWHERE.keys() & console.COMMANDS.keys()


def test_a_sweep_ends_with_what_became_of_each(bench):
    bench.write("bad.csv", "id,name,n\nx,a,1\n")
    (bench.place / "other").mkdir()
    (bench.place / "other/a.csv").write_text("id,name,n\n7,a,1\n")
    bench.describe(contract={"columns": {"id": "int64"}})
    result = bench.run("source.path=other,in", "state=s1,s2")
    assert result.code == 1
    lines = result.out[result.out.index("\n4 runs") :].split("\n")[1:]
    common = "+job=orders cluster=inline"
    assert lines == [
        "4 runs: 2 published, 2 failed",
        f"  published    {common} source.path=other state=s1",
        f"  published    {common} source.path=other state=s2",
        f"  failed       {common} source.path=in state=s1",
        f"  failed       {common} source.path=in state=s2",
        "",
    ]


def test_a_sweep_of_which_something_ran_has_failed_and_receipts_stay_alone_on_stdout(bench):
    bench.describe(contract={"columns": {"id": "int64"}})
    result = bench.run("source.path=in,nowhere", "state=s1", "--json")
    assert result.code == 1
    assert result.out.count("\n") == 1
    assert "2 runs: 1 published, 1 refused" in result.err


def test_a_sweep_that_is_stopped_starts_no_other_run(bench):
    import json
    import signal

    bench.fill(100)
    bench.describe(execution={"partition_bytes": 40}, contract={})
    process = bench.start("--progress", "json", "state=s1,s2,s3")
    for line in process.process.stderr:
        if json.loads(line)["event"] == "settled":
            break
    process.send(signal.SIGINT)
    result = process.end()
    assert result.code == 130
    assert "3 runs: 1 interrupted, 2 not started" in result.out
    assert not (bench.place / "s2").exists()
