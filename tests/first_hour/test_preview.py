"""What preview shows: what each step changes, rows in and out, and whatever plan would refuse."""

import pytest

from ingest.commands import plan, preview
from tests.faults.job import FaultJob, command

ROWS = "id,name,n\n" + "".join(f"{i},x{i % 3},{i}\n" for i in range(20))
STEPS = [
    {"type": "filter", "where": "CAST(n AS int) < 15"},
    {"type": "normalize_text", "columns": ["name"], "case": "upper"},
    {"type": "derive", "columns": {"twice": "2 * CAST(n AS int)"}},
    {"type": "cast", "columns": {"n": "int64"}},
    {"type": "select", "columns": ["id", "name", "n", "twice"]},
    {"type": "rename", "columns": {"twice": "double"}},
]


@pytest.fixture
def job(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    job = FaultJob(tmp_path)
    job.write("in/a.csv", ROWS)
    job.define(parts={"transforms": STEPS})
    return job


def said(job, *more):
    result = job.preview(*more)
    assert result.code == 0, result.err
    assert "…" not in result.out.partition("\nof ")[0]
    return result.out


def stages(out):
    """Return what is shown of each place of the flow: by its name."""
    blocks = (block for block in out.split("\n\n")[1:] if not block.startswith("of "))
    return {block.partition(":")[0]: block for block in blocks}


def test_of_each_step_the_columns_that_it_changes(job):
    shown = stages(said(job))
    assert list(shown) == [
        "source", "0.filter", "1.normalize_text", "2.derive", "3.cast", "4.select", "5.rename",
        "output",
    ]  # fmt: skip
    assert shown["source"].startswith("source: 20 records in, 20 out, 3 columns\n")
    assert shown["0.filter"] == "0.filter: 20 rows in, 15 out, 5 filtered\n  no column changed"
    assert shown["1.normalize_text"].startswith(
        "1.normalize_text: 15 rows in, 15 out\n  other values: name\n"
    )
    assert "X0" in shown["1.normalize_text"]
    assert "id" not in shown["1.normalize_text"]
    assert "\n  new: twice\n" in shown["2.derive"]
    assert "\n  int64, was string: n\n" in shown["3.cast"]
    assert shown["4.select"].endswith("  no column changed")
    assert "\n  new: double\n  gone: twice\n" in shown["5.rename"]
    assert "output: 15 rows in, 15 out, 4 columns\n" in shown["output"]


def test_rows_in_which_a_value_changed_are_shown(job):
    job.write("in/a.csv", ROWS.replace("x2", ""))
    job.define(parts={"transforms": [{"type": "fill_null", "columns": {"name": "'none'"}}]})
    shown = stages(said(job, "-n", "2"))
    assert shown["0.fill_null"].count("none") == 2


def test_columns_that_are_chosen_are_shown_everywhere(job):
    shown = stages(said(job, "--columns", "id, twice", "-n", "1"))
    assert "│ id     │" in shown["source"]
    assert "│ id     │" in shown["0.filter"]
    assert "│ id     ┆ twice │" in shown["3.cast"]
    assert "│ id     │" in shown["output"]
    result = job.preview("--columns", "idd")
    assert result.code == 2
    assert '--columns: no such column "idd". Did you mean "id"?' in result.err


@pytest.mark.parametrize("step", ["3", "3.cast", "cast"])
def test_one_step(job, step):
    assert list(stages(said(job, "--step", step))) == ["3.cast"]


def test_the_ends_of_the_flow_are_steps_too(job):
    assert list(stages(said(job, "--step", "source"))) == ["source"]
    assert list(stages(said(job, "--step", "contract"))) == ["output"]
    result = job.preview("--step", "filtre")
    assert result.code == 2
    assert "--step filtre: no such step. " in result.err
    assert "Steps here: source, 0.filter, " in result.err


def test_rejected_rows_are_counted_where_they_go(job):
    job.write("in/a.csv", ROWS.replace("\n3,x0,3\n", "\n3,x0,three\n"))
    parts = {
        "transforms": [{"type": "cast", "columns": {"n": "int64"}}],
        "contract": {"columns": {"id": "int8"}, "checks": [
            {"type": "range", "column": "n", "max": 17}], "on_error": "quarantine"},
    }  # fmt: skip
    job.define(parts=parts)
    out = said(job)
    assert "0.cast: 20 rows in, 19 out, 1 rejected\n" in out
    assert "output: 19 rows in, 17 out, 2 rejected by the contract, 3 columns" in out
    assert "of 20 records: 17 written, 3 rejected" in out
    assert "on_error" not in out
    job.define(parts=parts | {"contract": parts["contract"] | {"on_error": "fail"}})
    assert "on_error is fail: a run would fail at such a row" in said(job)
    assert "rejected: 3 rows, the first 1 (-n shows more)\n" in said(job, "-n", "1")
    one = said(job, "--step", "0")
    assert "rejected: 1 row\n" in one
    assert "3,x0,three" in one
    assert "n: range" not in one


def test_a_step_that_makes_several_rows_of_one(job):
    job.write("in/a.csv", "id,tags\n1,a b\n2,c\n")
    split = {"type": "derive", "columns": {"tag": "split(tags, ' ')"}}
    steps = [split, {"type": "explode", "column": "tag"}, {"type": "filter", "where": "tag <> 'b'"}]
    job.define(parts={"transforms": steps})
    shown = stages(said(job))
    assert (
        "1.explode: 2 rows in, 3 out, 1 added\n  string, was list<string>: tag\n"
        in (shown["1.explode"])
    )
    assert shown["2.filter"] == "2.filter: 3 rows in, 2 out, 1 filtered\n  no column changed"


def test_wide_rows_are_shown_whole(job):
    names = [f"column_{number}" for number in range(30)]
    job.write("in/a.csv", f"{','.join(names)}\n{','.join('1' * 30)}\n")
    job.define()
    shown = stages(said(job))
    for block in (shown["source"], shown["output"]):
        assert [line.split()[0] for line in block.splitlines()[1:]] == names


def test_it_says_of_how_many_files(job):
    for number in range(14):
        job.write(f"in/{number}.csv", ROWS)
    assert said(job).startswith("x: read 10 of 15 files, ")


def sink(path, **more):
    return {"type": "parquet", "path": path, "write_disposition": "overwrite", **more}


WRONG = {
    "a column that is not there": {"transforms": [{"type": "cast", "columns": {"m": "int64"}}]},
    "the sink inside the source": {"sink": sink("in/out")},
    "files of others in the output": {"sink": sink("foreign")},
    "the state inside the output": {"state": "out/state"},
    "no such input": {"source": {"type": "csv", "path": "nothing"}},
    "too little memory": {"execution": {"max_memory": "1MiB", "workers": 2}},
    "no folder for a column": {"sink": sink("out", partition_by=["m"])},
}


@pytest.mark.parametrize("wrong", WRONG)
def test_what_plan_refuses_preview_refuses_in_the_same_words(job, wrong):
    job.write("foreign/theirs.parquet", b"PAR1")
    job.define(parts=WRONG[wrong])
    planned = command(plan.main, ["+job=x"])
    assert planned.code == 2
    previewed = command(preview.main, ["+job=x"])
    assert (previewed.code, previewed.err) == (2, planned.err)


def test_also_rows_that_do_not_go_with_those_that_are_there(job):
    job.define()
    assert job.run().code == 0
    renamed = [{"type": "rename", "columns": {"n": "m"}}]
    job.define(parts={"sink": sink("out", write_disposition="append"), "transforms": renamed})
    planned = job.plan()
    assert planned.code == 2
    assert job.preview().err == planned.err


@pytest.mark.parametrize(
    ("budget", "told"),
    [
        ({"max_error_ratio": 0.1}, "A run would fail: max_error_ratio: "),
        ({"max_errors": 2}, "A run would fail: max_errors: "),
        ({"max_error_ratio": 0.1, "min_records": 21}, ""),
        ({"max_error_ratio": 0.2, "max_errors": 3}, ""),
    ],
)
def test_it_says_whether_a_run_would_fail(job, budget, told):
    contract = {"columns": {"n": "int8"}, "on_error": "quarantine", **budget}
    job.write("in/a.csv", ROWS.replace(",3\n", ",three\n", 1).replace(",4\n", ",four\n", 1))
    job.write("in/a.csv", (job.place / "in/a.csv").read_text().replace(",5\n", ",five\n", 1))
    where = {"type": "filter", "where": "id <> '7'"}
    job.define(parts={"transforms": [where], "contract": contract})
    out = said(job)
    assert "of 20 records: 16 written, 1 filtered, 3 rejected\n" in out
    assert (told in out) if told else ("would fail" not in out)
