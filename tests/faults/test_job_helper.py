"""The helper of the tests of faults itself: every command works on a small job."""


def test_rows_in_and_rows_out(job):
    job.write("in/a.csv", "id,n\n1,2\n2,x\n")
    job.define(parts={"contract": {"columns": {"id": "int64", "n": "int8"}, "on_error": "skip"}})
    assert job.plan_page()["files"] == 1
    assert "id" in job.preview().out
    result = job.run()
    assert result.code == 0, result.err
    assert job.rows == [{"id": 1, "n": 2}]
    assert job.receipt["outputs"]["main"]["rows"] == 1
    assert job.verify().code == 0
    assert job.init("in/a.csv").code == 0


def test_a_run_can_be_stopped_and_resumed(job):
    job.write("in/a.csv", "id\n1\n")
    job.define()
    job.interrupted(lambda event: event.name == "planned")
    assert job.rows == []
    assert job.resume().code == 0
    assert job.rows == [{"id": "1"}]


def test_what_is_refused_leaves_no_run(job):
    job.define(path="nowhere")
    job.refused("no such file or folder")
