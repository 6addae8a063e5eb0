"""B12, D7: what the quarantine keeps of a row is valid JSON, complete, and can be read again."""

import json

import polars as pl
import pyarrow as pa

from tests.faults.parquet_files import uploaded

RANGE = {"type": "range", "column": "n", "max": 0}
REJECT_ALL = {"contract": {"on_error": "quarantine", "checks": [RANGE]}}


def strict(text):
    """Parse JSON that has no NaN in it, which Python would take."""

    def refuse(name):
        raise ValueError(f"{name} is no JSON")

    return json.loads(text, parse_constant=refuse)


def read_again(job, rows):
    """Read originals by the sources that are kept beside them; return the published rows."""
    frames = []
    for number, ((source,), part) in enumerate(rows.group_by("source", maintain_order=True)):
        block = json.loads(source)
        path = f"again/{number}.{block['type']}"
        job.write(path, "".join(f"{text}\n" for text in part["original"]))
        job.define(block.pop("type"), path=path, **block)
        result = job.run("--fresh")
        assert result.code == 0, result.err
        frames.append(job.frame)
    return frames


def odd_rows():
    return pa.table(
        {
            "n": [1, 2, 3],
            "f": [float("nan"), float("-inf"), 0.1],
            "h": pa.array([float("inf"), None, 0.1], pa.float32()),
            "t": pa.array([1, -1, None], pa.timestamp("ns")),
            "z": pa.array([1, 0, None], pa.timestamp("us", "Europe/Berlin")),
            "b": [b"\xff\0", b"", None],
            "d": pa.array([1, -1, None], pa.duration("ns")),
            "m": pa.array([[("k", float("nan"))], [], None], pa.map_(pa.string(), pa.float64())),
            "s": [{"x": [b"\xff"], "y": 'a"b\n'}, {"x": None, "y": None}, None],
        }
    )


def test_rows_of_parquet_are_valid_json_and_nothing_is_lost(job):
    job.write("in/a.parquet", odd_rows())
    job.define("parquet", parts=REJECT_ALL)
    result = job.run()
    assert result.code == 0, result.err
    rows = [strict(text) for text in job.quarantine.sort("line")["row"]]
    assert rows == [strict(text) for text in job.quarantine.sort("line")["original"]]
    assert rows[0] == {
        "n": 1, "f": "NaN", "h": "Infinity", "t": "1970-01-01 00:00:00.000000001",
        "z": "1970-01-01 00:00:00.000001Z", "b": "/wA=", "d": "PT0.000000001S",
        "m": [{"key": "k", "value": "NaN"}], "s": {"x": ["/w=="], "y": 'a"b\n'},
    }  # fmt: skip
    assert rows[1]["t"] == "1969-12-31 23:59:59.999999999"
    assert rows[1]["f"] == "-Infinity"
    assert rows[2] == {
        "n": 3, "f": 0.1, "h": 0.10000000149011612,
        **dict.fromkeys(("t", "z", "b", "d", "m", "s")),
    }  # fmt: skip


def test_the_original_is_the_record_before_any_step(job):
    file = job.write("a.parquet", pa.table({"n": [1], "mail": ["a@b.org"]}))
    steps = [{"type": "mask", "columns": ["mail"], "method": "redact"}]
    contract = {**REJECT_ALL["contract"], "quarantine": {"pii": "keep"}}
    for path in (str(file), uploaded(file)):
        job.define("parquet", path=path, parts={"transforms": steps, "contract": contract})
        assert job.run("--fresh").code == 0
        rejected = job.quarantine.filter(pl.col("run_id") == job.run_ids[-1])
        assert strict(rejected["original"].item()) == {"n": 1, "mail": "a@b.org"}
        assert strict(rejected["row"].item()) == {"n": 1, "mail": "***"}


def test_originals_need_not_be_kept(job):
    job.write("in/a.csv", "n,mail\n1,a@b.org\n")
    contract = {**REJECT_ALL["contract"], "quarantine": {"original": False}}
    job.define("csv", columns={"n": "int64"}, parts={
        "transforms": [{"type": "mask", "columns": ["mail"], "method": "redact"}],
        "contract": contract,
    })  # fmt: skip
    assert job.run().code == 0
    [row] = job.quarantine.to_dicts()
    assert (row["original"], row["source"], row["line"]) == (None, None, 2)
    assert "a@b.org" not in json.dumps(row)


def test_rows_of_parquet_are_read_again(job):
    columns = ["n", "t", "z", "d"]
    table = odd_rows().select(["n", "t", "z"]).append_column("d", pa.array([1.5, None, 0.1]))
    job.write("in/a.parquet", table)
    job.define("parquet", parts=REJECT_ALL)
    assert job.run().code == 0
    [found] = read_again(job, job.quarantine.sort("line"))
    assert found.select(columns).equals(pl.DataFrame(table))


def test_records_of_csv_are_read_again_whatever_their_files_are_like(job):
    job.write("in/a.csv", 'id;näme;n\n1;"a;b";0\n2;"x\ny";99\n'.encode("latin-1"))
    job.write("in/b.csv", "n;id;näme\n98;3;ö\n".encode("latin-1"))
    parts = {"contract": {**REJECT_ALL["contract"], "columns": {"n": "int64"}}}
    job.define("csv", delimiter=";", encoding="latin-1", multiline=True, parts=parts)
    result = job.run()
    assert result.code == 0, result.err
    assert job.quarantine.height == 2
    first, second = read_again(job, job.quarantine.sort("file"))
    assert first.to_dicts() == [{"id": "2", "näme": "x\ny", "n": "99"}]
    assert second.to_dicts() == [{"n": "98", "id": "3", "näme": "ö"}]


def test_records_of_csv_whose_types_were_inferred(job):
    job.write("in/a.csv", "n,day\n1,2024-01-01\n-1,2024-01-02\n")
    job.define("csv", infer=True, parts=REJECT_ALL)
    assert job.run().code == 0
    assert json.loads(job.quarantine["source"].item())["columns"] == {"n": "int64", "day": "date"}


def test_records_of_json_lines_are_read_again(job):
    job.write("in/a.jsonl", '{"n": 1, "l": [{"x": 1}]}\n{"n": 0, "l": []}\n')
    job.define("jsonl", parts=REJECT_ALL)
    assert job.run().code == 0
    [found] = read_again(job, job.quarantine)
    assert found.to_dicts() == [{"n": 1, "l": [{"x": 1}]}]


def test_a_record_that_is_partly_published_says_so(job):
    lines = ['{"id": 1, "l": [1, 200]}', '{"id": 2, "l": [300]}', '{"id": 3, "l": [5]}']
    job.write("in/a.jsonl", "".join(f"{line}\n" for line in [*lines, '{"id": 4, "l": "x"}']))
    limit = {"type": "range", "column": "l", "max": 100}
    job.define("jsonl", columns={"id": "int64", "l": "list<int64>"}, parts={
        "transforms": [{"type": "explode", "column": "l"}],
        "contract": {"on_error": "quarantine", "checks": [limit]},
    })  # fmt: skip
    assert job.run().code == 0
    found = job.quarantine.sort("line").select("line", "partly_published").rows()
    assert found == [(1, True), (2, False), (4, False)]


def test_a_record_that_a_step_rejected_in_part(job):
    job.write("in/a.jsonl", '{"id": 1, "l": ["1", "x"]}\n{"id": 2, "l": ["y", "z"]}\n')
    job.define("jsonl", columns={"id": "int64", "l": "list<string>"}, parts={
        "transforms": [{"type": "explode", "column": "l"},
                       {"type": "cast", "columns": {"l": "int64"}}],
        "contract": {"on_error": "quarantine"},
    })  # fmt: skip
    assert job.run().code == 0
    found = job.quarantine.sort("line", "row").select("line", "partly_published").rows()
    assert found == [(1, True), (2, False), (2, False)]


def test_only_rows_of_one_record_are_said_to_be_parted(job):
    job.write("in/a.csv", "n\n1\n-1\n")
    job.define("csv", columns={"n": "int64"}, parts={
        "transforms": [{"type": "sql", "query": "SELECT n, count(*) AS c FROM input GROUP BY n"}],
        **REJECT_ALL,
    })  # fmt: skip
    assert job.run().code == 0
    [row] = job.quarantine.to_dicts()
    assert (row["partly_published"], row["original"], row["source"]) == (None, None, None)
