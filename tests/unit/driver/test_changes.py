"""Each setting of a job either decides which rows come out, or does not: none is forgotten."""

import pytest

from ingest.core.marks import decided_by
from ingest.core.model import models_in
from ingest.driver.changes import changes, identity, other_environment
from ingest.driver.places import moved, places
from ingest.job import Execution, Job
from ingest.storage.connections import Connection
from tests.docs.type_pages import parts_of
from tests.recovery.jobs import make_job


@pytest.mark.parametrize(
    ("changed", "key", "decides"),
    [
        ({"source": {"type": "csv", "path": "elsewhere"}}, "source.path", "rows"),
        ({"source": {"type": "csv", "path": "in", "delimiter": ";"}}, "source.delimiter", "rows"),
        ({"transforms": []}, "transforms", "rows"),
        ({"contract": {"max_errors": 3}}, "contract.max_errors", "rows"),
        ({"execution": {"seed": 1}}, "execution.seed", "rows"),
        ({"execution": {"python": False}}, "execution.python", "rows"),
        (
            {"sink": {"type": "csv", "path": "out", "write_disposition": "append"}},
            "sink.type",
            "place",
        ),
        ({"execution": {"partition_bytes": 1}}, "execution.partition_bytes", "later"),
        ({"execution": {"workers": 9}}, "execution.workers", "nothing"),
        ({"cluster": {"type": "local"}}, "cluster.type", "nothing"),
        ({"owner": "you"}, "owner", "nothing"),
        ({"tags": {"a": "b"}}, "tags.a", "nothing"),
    ],
)
def test_a_change_has_an_effect_and_the_identity_agrees(tmp_path, changed, key, decides):
    then, now = make_job(tmp_path), make_job(tmp_path, **changed)
    (found,) = [change for change in changes(then, now) if change.key == key]
    assert found.decides == decides
    assert found.refused == (decides in {"rows", "place"})
    assert (identity(then) != identity(now)) == found.refused


def test_the_order_of_columns_is_a_change_and_that_of_keys_is_none(tmp_path):
    """Columns come out in the order in which they are written."""

    def job(*columns: str) -> Job:
        derived = {"type": "derive", "columns": dict.fromkeys(columns, "1")}
        return make_job(tmp_path, transforms=[derived])

    (change,) = changes(job("a", "b"), job("b", "a"))
    assert str(change) == 'transforms[0].columns: was ["a", "b"], now ["b", "a"]'
    assert change.refused
    page = job("a", "b").model_dump(mode="json")
    shuffled = Job.model_validate(dict(sorted(page.items())))
    assert changes(job("a", "b"), shuffled) == []


def test_where_the_state_lies_is_no_change(tmp_path):
    assert changes(make_job(tmp_path), make_job(tmp_path, state="elsewhere", lib={"a": 1})) == []


def test_every_setting_of_a_job_is_marked_or_changes_nothing():
    """A new option of `Job` or `Execution` has to be put on one side, here and by its mark."""
    marked = {name for name, field in Job.model_fields.items() if decided_by(field)}
    assert marked == {
        "name", "source", "transforms", "contract", "sink", "state", "state_connection", "lib",
        "schedule",
    }  # fmt: skip
    assert set(Job.model_fields) - marked == {
        "owner", "description", "tags", "cluster", "execution",
    }  # fmt: skip
    seeds = {name for name, field in Execution.model_fields.items() if decided_by(field)}
    assert seeds == {"seed", "python", "partition_bytes"}


def test_how_something_is_reached_is_outside_of_the_run():
    connections = [
        (model.__name__, name, decided_by(field))
        for model in models_in(Job)
        for name, field in model.model_fields.items()
        if any(issubclass(each, Connection) for each in parts_of(field.annotation))
    ]
    assert {name for name, *_ in connections} >= {"Job", "Csv", "Parquet"}
    assert [where for *where, decided in connections if decided != "outside"] == []


def test_relative_paths_mean_other_places_elsewhere(tmp_path, monkeypatch):
    source, sink = (
        {"type": "csv", "path": "in"},
        {"type": "parquet", "path": "out", "write_disposition": "append"},
    )
    job = make_job(tmp_path, source=source, sink=sink)
    monkeypatch.chdir(tmp_path)
    then = places(job)
    assert moved(then, job) == []
    (tmp_path / "away").mkdir()
    monkeypatch.chdir(tmp_path / "away")
    lines = "\n".join(moved(then, job))
    assert f'output: was "{tmp_path}/out", now "{tmp_path}/away/out"' in lines
    assert f'source: was ["{tmp_path}/in"]' in lines
    assert "quarantine: " in lines


def test_only_versions_that_may_change_rows_are_named():
    then = {"python": "3.11.4", "versions": {"polars": "2.0.0", "ray": "2.1", "ingest": "1"}}
    now = {"python": "3.11.9", "versions": {"polars": "2.1.0", "ray": "2.60", "ingest": "1"}}
    now["versions"]["pyarrow"] = "26"
    (line,) = other_environment(then, now)
    assert line.startswith("polars 2.0.0 then, 2.1.0 now: completed partitions")
    assert other_environment({**now}, now) == []
    assert "python 3.10.9 then, 3.11.9 now" in other_environment({"python": "3.10.9"}, now)[0]
