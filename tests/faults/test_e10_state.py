"""E10, as far as inputs go: the state's own records are never read as input."""

import pytest

SINK = {"type": "parquet", "path": "out", "write_disposition": "append"}


@pytest.mark.parametrize(
    ("kind", "path", "state"),
    [
        ("parquet", ".", "state"),
        ("jsonl", "data", "data/state"),
        ("csv", "*/*/*/**", "state"),
        ("csv", "**/*.*", "data/state"),
        ("jsonl", "*", "state"),
        ("parquet", "state/runs", "state"),
        ("jsonl", "./data/../.", "data/state"),
    ],
)
def test_a_state_inside_the_source_is_refused(job, kind, path, state):
    job.write("data/a.csv", "id\n1\n")
    job.write("data/a.jsonl", '{"id":1}\n')
    job.define(kind, path=path, parts={"state": state})
    sink = f"sink.path={job.place.parent}/elsewhere_{job.place.name}/out"
    for result in (job.plan(sink), job.run(sink), job.preview(sink)):
        assert result.code == 2
        assert "the next run would read its own records" in result.err
        assert "state=DIR" in result.err
    assert not (job.place / state / "jobs").exists()


@pytest.mark.parametrize(
    ("path", "state"),
    [
        ("*.csv", "state"),
        ("**/*.csv", "state"),
        ("data", "state"),
        ("data", "data/state"),
        (".", ".ingest"),
        (".", "data/_state"),
        ("data/*.csv", "data/state"),
        ("data/a.csv", "data"),
        ("[ab]*/*.csv", "state"),
        ("data", "."),
    ],
)
def test_a_state_that_is_not_read_is_fine(job, path, state):
    job.write("data/a.csv", "id\n1\n")
    job.write("a.csv", "id\n1\n")
    job.write("b/a.csv", "id\n1\n")
    job.define(path=path, parts={"state": state, "sink": SINK})
    for _ in range(2):
        result = job.run(f"sink.path={job.place.parent}/elsewhere_{job.place.name}/out")
        assert result.code == 0, result.err


def test_a_link_to_the_state(job):
    job.write("data/a.jsonl", '{"id": 1}\n')
    (job.place / "data" / "st").mkdir()
    job.define("jsonl", path="data", parts={"state": "link"})
    (job.place / "link").symlink_to("data/st")
    result = job.run()
    assert result.code == 2
    assert "the next run would read its own records" in result.err
