"""What a job needs of the disks of one machine."""

from ingest.job import Job
from ingest.workers.disks import carried, unshared

JOB = {
    "name": "orders",
    "owner": "me@example.org",
    "description": "For a test.",
    "source": {"type": "csv", "path": ["s3://bucket/in", "/mnt/in/*.csv"]},
    "transforms": [{"type": "python", "function": "functions:twice", "columns": {"n": "int64"}}],
    "sink": {"type": "parquet", "path": "data/orders", "write_disposition": "append"},
    "contract": {"on_error": "quarantine", "quarantine": {"path": "/mnt/bad"}},
    "state": "s3://bucket/state",
    "cluster": {"type": "auto"},
}


def test_what_other_nodes_do_not_see_is_named_with_what_to_write():
    job = Job.model_validate(JOB)
    lines = unshared(job, [], lambda path: ".".join(map(str, path)))
    assert [line.partition(": ")[0] for line in lines] == [
        "sink.path", "contract.quarantine.path", "source.path",
    ]  # fmt: skip
    assert lines[0].startswith('sink.path: "data/orders": a folder of one machine, which the other')
    (line,) = unshared(job, ["/mnt"], lambda path: ".".join(map(str, path)))
    assert line.startswith("sink.path")


def test_the_code_of_a_job_is_carried():
    assert list(carried(Job.model_validate(JOB))) == ["jobs/orders/**/*.py"]
