"""A7: a lookup's table is read as a source is: same reader, same strictness, same options."""

import gzip
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ingest.commands.base import guarded
from ingest.commands.plan import main as plan
from ingest.commands.preview import main as preview
from tests.bad_input.bench import Bench

ROWS = "id,k\n1,a\n2,b\n3,\n4,a\n5,zz\n"


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    monkeypatch.chdir(tmp_path)
    bench = Bench(tmp_path)
    bench.write("a.csv", ROWS)
    return bench


def look_up(bench: Bench, name: str, content: bytes | str, **options: object) -> None:
    """Write a table, and a job that looks into it."""
    data = content.encode() if isinstance(content, str) else content
    (bench.place / name).write_bytes(data)
    reference = {"path": name, **options.pop("reference", {})}
    step = {"type": "lookup", "reference": reference, "key": "k", **options}
    bench.describe(transforms=[step], contract={"columns": {"id": "int64"}})


def lines_of(count: int, **more: object) -> str:
    return "".join(
        json.dumps({"k": f"k{n}", "n": n, **({"note": f"see {n}"} if n > 200 else {}), **more})
        + "\n"
        for n in range(1, count + 1)
    )


def test_a_field_that_comes_first_in_row_201_is_a_column(bench):
    look_up(bench, "ref.jsonl", lines_of(300) + '{"k":"a","n":0,"note":"x"}\n')
    result = bench.run()
    assert result.code == 0, result.err
    rows = [(row["id"], row["n"], row["note"]) for row in bench.table]
    assert sorted(rows) == [
        (1, 0, "x"),
        (2, None, None),
        (3, None, None),
        (4, 0, "x"),
        (5, None, None),
    ]


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        (
            "r.jsonl",
            '{"k":"a"}\n{"k":5}\n',
            '"k" is string in some records of the sample and int64',
        ),
        ("r.jsonl", '{"k":"a","v":1}\n{"k":"b","k":"c"}\n', "r.jsonl:2: k: duplicate key"),
        ("r.jsonl", '{"k":"a","v":1}\n{"k":"b","v":1e400}\n', "r.jsonl:2: v: not a float64"),
        ("r.jsonl", '{"k":"a","v":99999999999999999999}\n', "r.jsonl:1: v: not an int64"),
        ("r.jsonl", '{"k":"a"}\n{"k":"b"\n', "r.jsonl:2: malformed JSON"),
        ("r.jsonl", '[{"k":"a"},\n{"k":"b"}]\n', "a JSON array, not JSON Lines"),
        ("r.csv", "k,v\na,1\nb\n", "r.csv:3: too few fields"),
        ("r.csv", "k,v\na,1,2\n", "r.csv:2: too many fields"),
        ("r.csv", 'k,v\na,"1"x\n', "r.csv:2: text after a closing quote"),
        ("r.csv", b"k,v\na,\xff\n", "r.csv:2: not utf-8"),
        ("r.csv", "k,v,v\na,1,2\n", '"v" occurs more than once in the header'),
        ("r.csv", "k,v\na,1\n\nb,2\n", "r.csv:3: blank line"),
        (
            "r.csv.gz",
            gzip.compress(b"k,v\na,1\n" * 99, mtime=0)[:-9],
            "the gzip archive is truncated",
        ),
        ("r.parquet", b"PAR1 and no more", "r.parquet: "),
        ("r.csv", "k,v\na,1\nb,2\na,3\n", 'must be unique, but "a" occurs 2 times in'),
    ],
)
def test_a_bad_record_is_an_error_that_names_file_and_line(bench, name, content, reason):
    look_up(bench, name, content)
    result = bench.run()
    assert result.code == 2
    assert "transforms[0]: lookup: reference" in result.err
    assert reason in result.err
    assert "Traceback" not in result.err


def test_every_command_that_reads_it_says_so(bench, capsys):
    look_up(bench, "r.jsonl", '{"k":"a"}\n{"k":\n')
    for command in (plan, preview):
        assert guarded(command, ["--conf", "conf", "+job=orders"]) == 2
        assert "r.jsonl:2: malformed JSON" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "content", "options"),
    [
        ("r.csv", "k;v\na;é\nb;NA\n".encode("cp1252"),
         {"delimiter": ";", "encoding": "cp1252", "null_values": ["NA"]}),
        ("r.tsv", "k\tv\na\té\nb\t\n", {"delimiter": "\t"}),
        ("r.csv.gz", gzip.compress("k,v\na,é\nb,\n".encode(), mtime=0), {}),
        ("r.JSONL", '{"k":"a","v":"é"}\n{"k":"b","v":null}\n', {"type": "jsonl"}),
        ("r.jsonl", '{"k":"a","v":"é","z":1e400}\n{"k":"b"}\n',
         {"columns": {"k": "string", "v": "string"}}),
        ("table", "k,v\na,é\nb,\n", {"type": "csv"}),
    ],
)  # fmt: skip
def test_it_has_the_options_of_a_source(bench, name, content, options):
    look_up(bench, name, content, reference=options)
    result = bench.run()
    assert result.code == 0, result.err
    found = {row["id"]: row["v"] for row in bench.table}
    assert found == {1: "é", 2: None, 3: None, 4: "é", 5: None}


def test_parquet_has_its_types_and_a_folder_is_one_table(bench):
    (bench.place / "ref").mkdir()
    for key, number in [("a", 2**63 - 1), ("b", -1)]:
        pq.write_table(
            pa.table({"k": [key], "v": [number]}), bench.place / "ref" / f"{key}.parquet"
        )
    step = {"type": "lookup", "reference": {"type": "parquet", "path": "ref"}, "key": "k"}
    bench.describe(transforms=[step], contract={"columns": {"id": "int64"}})
    result = bench.run()
    assert result.code == 0, result.err
    assert {row["id"]: row["v"] for row in bench.table}[4] == 2**63 - 1


def test_of_equal_keys_the_first_is_taken_only_when_told_and_rows_never_double(bench):
    look_up(bench, "r.csv", "k,v\nb,1\na,1\na,2\n,5\n,6\n", on_duplicate="first")
    result = bench.run()
    assert result.code == 0, result.err
    found = sorted((row["id"], row["v"]) for row in bench.table)
    assert found == [(1, "1"), (2, "1"), (3, None), (4, "1"), (5, None)]


@pytest.mark.parametrize(
    ("reference", "here", "step"),
    [
        ({"path": "n.csv", "columns": {"k": "int64"}}, "string", {"k": "int64"}),
        ({"path": "n.jsonl"}, "string", {"k": "int64"}),
        ({"path": "n.parquet"}, "string", {"k": "int64"}),
    ],
)
def test_keys_of_two_types_become_one_as_the_error_says(bench, reference, here, step):
    bench.write("a.csv", "id,k\n1,7\n2,8\n")
    (bench.place / "n.csv").write_text("k,v\n7,x\n")
    (bench.place / "n.jsonl").write_text('{"k":7,"v":"x"}\n')
    pq.write_table(pa.table({"k": [7], "v": ["x"]}), bench.place / "n.parquet")
    lookup = {"type": "lookup", "reference": reference, "key": "k"}
    bench.describe(transforms=[lookup], contract={"columns": {"id": "int64"}})
    refused = bench.run()
    assert refused.code == 2
    assert f'"k" is {here} here, but "k" is int64 in the reference' in refused.err
    assert '{type: cast, columns: {k: "int64"}}' in refused.err
    cast = {"type": "cast", "columns": step}
    bench.describe(transforms=[cast, lookup], contract={"columns": {"id": "int64"}})
    done = bench.run()
    assert done.code == 0, done.err
    assert [(row["k"], row["v"]) for row in bench.table] == [(7, "x"), (8, None)]


def test_an_archive_that_grows_too_large_is_refused_before_it_is_unpacked(bench):
    look_up(bench, "r.csv.gz", gzip.compress(b"k,v\n" + (b"a," + b"x" * 999_997) * 300, 1, mtime=0))
    result = bench.run()
    assert result.code == 2
    assert "bytes unpacked, and every worker holds the whole table" in result.err
