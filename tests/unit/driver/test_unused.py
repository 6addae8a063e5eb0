"""Which columns of the source nobody looks at."""

from ingest.core.types import schema_from_json
from ingest.driver.flow import check_flow
from ingest.driver.unused import unused
from ingest.job import Job
from ingest.sources.base import Layout
from ingest.transforms.base import StepContext

GIVEN = {"a": "int64", "b": "int64", "name": "string", "more": "list<int64>", "old": "string"}
KEEP = {"type": "select", "columns": ["a"]}


def of(*steps, **contract):
    job = Job.model_validate(
        {
            "name": "demo",
            "owner": "me@example.org",
            "description": "For a test.",
            "source": {"type": "csv", "path": "in.csv"},
            "transforms": list(steps),
            "contract": contract,
            "sink": {"type": "parquet", "path": "out", "write_disposition": "overwrite"},
        }
    )
    flow = check_flow(job, Layout(schema_from_json(GIVEN)), StepContext(), str)
    return set(unused(job, flow))


def test_what_is_published_is_needed():
    assert of() == set()
    assert of({"type": "normalize_text"}) == set()
    assert of(KEEP) == {"b", "name", "more", "old"}


def test_what_a_step_looks_at_is_needed_whatever_becomes_of_it():
    assert of({"type": "filter", "where": "b > 1"}, KEEP) == {"name", "more", "old"}
    assert of({"type": "cast", "columns": {"b": "int8"}}, KEEP) == {"name", "more", "old"}
    assert of({"type": "derive", "columns": {"c": "b + 1"}}, KEEP) == {"name", "more", "old"}
    assert of({"type": "rename", "columns": {"old": "new"}}, KEEP) == {"b", "name", "more"}
    assert of({"type": "explode", "column": "more"}, KEEP) == {"b", "name", "old"}
    assert of({"type": "normalize_text"}, KEEP) == {"b", "more"}
    assert of({"type": "drop_nulls", "columns": ["name"]}, KEEP) == {"b", "more", "old"}
    assert of({"type": "drop_nulls"}, KEEP) == set()
    assert of({"type": "deduplicate", "within": "partition"}, KEEP) == set()


def test_a_name_that_another_value_gets_is_needed():
    assert of({"type": "derive", "columns": {"b": "a + 1"}}, KEEP) == {"name", "more", "old"}


def test_what_is_dropped_first_is_looked_at_by_nobody():
    first = {"type": "select", "columns": ["a", "b"]}
    assert of(first, {"type": "drop_nulls"}, KEEP) == {"name", "more", "old"}


def test_a_step_that_is_not_looked_into_gets_all():
    assert of({"type": "sql", "query": "SELECT a FROM input"}) == set()


def test_checks_are_about_what_is_published():
    where = {"type": "expression", "expression": "a > 0", "name": "positive"}
    assert of(KEEP, checks=[where]) == {"b", "name", "more", "old"}
