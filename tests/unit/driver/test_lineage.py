"""Column lineage: from the source through every step to the output."""

from pathlib import Path

import polars as pl
import pytest

from ingest.config.load import load
from ingest.core.types import schema_from_json
from ingest.driver.flow import check_flow
from ingest.driver.lineage import lineage
from ingest.job import Job
from ingest.sources.base import Layout
from ingest.transforms.base import StepContext

REPOSITORY = Path(__file__).parents[3]
HEAD = """# @package _global_
# For a test.
name: demo
owner: me@example.org
description: For a test.
source: {type: csv, path: in.csv}
sink: {type: parquet, path: out, write_disposition: overwrite}
"""


@pytest.fixture
def of(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "conf/job").mkdir(parents=True)
    (tmp_path / "zones.csv").write_text("code,label,rate\n1,a,2\n")

    def compute(steps, more="", given=None):
        (tmp_path / "conf/job/demo.yaml").write_text(f"{HEAD}transforms:\n{steps}{more}")
        loaded = load(Job, tmp_path / "conf", ["demo"])
        schema = schema_from_json(given or {"a": "int64", "b": "int64", "name": "string"})
        flow = check_flow(loaded.job, Layout(schema), StepContext(), loaded.place)
        return lineage(loaded.job, flow).to_json()

    return compute


def told(page):
    """Return what is told of columns, short: `{"c": ["a derived"]}`."""
    return {
        name: [" ".join(each[key] for key in ("place", "column", "kind") if key in each)
               for each in origins]
        for name, origins in page["columns"].items()
    }  # fmt: skip


def test_columns_that_pass_come_from_themselves(of):
    page = of("  - {type: select, columns: [name, a]}\n")
    assert told(page) == {"name": ["name identity"], "a": ["a identity"]}
    assert page["filtered_by"] == []


def test_what_happened_on_the_way_is_followed_through_several_steps(of):
    page = of(
        "  - {type: rename, columns: {a: x}}\n"
        "  - {type: derive, columns: {c: x + b, d: c * 2, k: '7'}}\n"
        "  - {type: mask, columns: [name], method: redact}\n"
        "  - {type: rename, columns: {name: who}}\n"
        "  - {type: select, columns: [x, c, d, k, who]}\n"
    )
    assert told(page) == {
        "x": ["a identity"],
        "c": ["a derived", "b derived"],
        "d": ["a derived", "b derived"],
        "k": [],
        "who": ["name masked"],
    }


def test_a_column_of_a_lookup_table_comes_from_there(of, tmp_path):
    step = (
        "  - {type: lookup, reference: {path: zones.csv, columns: {code: int64}}, key: {a: code},"
        " how: inner, columns: {label: zone}}\n"
    )
    page = of(step)
    assert told(page)["zone"] == [f"{tmp_path}/zones.csv label identity"]
    assert page["filtered_by"] == [{"column": "a", "kind": "identity"}]


def test_what_decides_which_rows_there_are_is_named_by_the_source(of):
    steps = (
        "  - {type: derive, columns: {c: a + 1}}\n"
        "  - {type: filter, where: c > 3 AND name IS NOT NULL}\n"
        "  - {type: select, columns: [b]}\n"
    )
    check = "contract: {checks: [{type: range, column: b, min: 0}], on_error: "
    names = [("a", "derived"), ("name", "identity")]
    page = of(steps, f"{check}fail}}\n")
    assert [(each["column"], each["kind"]) for each in page["filtered_by"]] == names
    page = of(steps, f"{check}quarantine}}\n")
    more = sorted([*names, ("b", "identity")])
    assert [(each["column"], each["kind"]) for each in page["filtered_by"]] == more


def test_a_query_is_not_looked_into(of):
    page = of("  - {type: sql, query: 'SELECT a, count(*) AS n FROM input GROUP BY a'}\n")
    assert told(page)["n"] == ["a derived", "b derived", "name derived"]
    assert [each["column"] for each in page["filtered_by"]] == ["a", "b", "name"]


def test_a_column_that_is_made_of_very_many_is_made_of_all(of):
    given = {f"c{number}": "int64" for number in range(200)}
    page = of("  - {type: sql, query: 'SELECT c0, c1 + c2 AS n FROM input'}\n", given=given)
    assert told(page) == {"c0": ["c0 identity"], "n": ["* derived"]}
    assert page["filtered_by"] == [{"column": "*", "kind": "derived"}]


def test_the_lineage_of_the_main_job_is_as_checked_by_hand(monkeypatch):
    monkeypatch.chdir(REPOSITORY)
    loaded = load(Job, None, ["flights"])
    names = [
        "year", "month", "day", "dep_time", "sched_dep_time", "dep_delay", "arr_time",
        "sched_arr_time", "arr_delay", "carrier", "flight", "tailnum", "origin", "dest",
        "air_time", "distance", "hour", "minute", "time_hour",
    ]  # fmt: skip
    types = {**dict.fromkeys(names, pl.String()), "dep_time": pl.Int16(), "air_time": pl.Int16(),
             "distance": pl.Int32(), "sched_dep_time": pl.Int16()}  # fmt: skip
    flow = check_flow(loaded.job, Layout(types), StepContext(job="flights"), loaded.place)
    page = lineage(loaded.job, flow).to_json()
    tables = f"{REPOSITORY}/jobs/flights/reference"
    expected = {name: [f"{name} identity"] for name in names if name not in {"hour", "minute"}}
    expected |= {
        "speed_kmh": ["air_time derived", "distance derived"],
        "airline": [f"{tables}/airlines.csv name identity"],
        "destination": [f"{tables}/airports.csv name identity"],
        "destination_zone": [f"{tables}/airports.csv tzone identity"],
        "_ingest_source": [],
    }
    assert told(page) == expected
    assert "dep_time" in {each["column"] for each in page["filtered_by"]}
    assert "sched_dep_time" not in {each["column"] for each in page["filtered_by"]}


ITEMS = ("items_sku", "items_name", "items_cents", "items_quantity", "amount")
OTHERS = {  # columns of the source, of the output, and those that decide which rows there are
    "readings": (
        {"device": "string", "taken_at": "timestamp", "celsius": "string", "humidity": "string",
         "date": "date"},
        {name: [f"{name} identity"] for name in
         ("device", "taken_at", "celsius", "humidity", "date")},
        {"device", "taken_at", "celsius", "humidity"},
    ),
    "events": (
        {"id": "string", "at": "string", "kind": "string",
         "user": "struct<id: int64, email: string, address: struct<country: string, city: string>>",
         "items": "list<struct<sku: string, name: string, cents: int64, quantity: int32>>"},
        {"id": ["id identity"], "at": ["at derived"], "kind": ["kind identity"],
         "user_id": ["user derived"], "user_email": ["user masked"],
         "user_address_country": ["user derived"], "user_address_city": ["user derived"],
         **{name: ["items derived"] for name in ITEMS}},
        {"id", "at", "kind", "user", "items"},
    ),
}  # fmt: skip


@pytest.mark.parametrize("job", OTHERS)
def test_the_lineage_of_the_other_jobs_is_as_checked_by_hand(job, monkeypatch):
    monkeypatch.chdir(REPOSITORY)
    columns, expected, filtered_by = OTHERS[job]
    loaded = load(Job, None, [job])
    layout = Layout(schema_from_json(columns))
    flow = check_flow(loaded.job, layout, StepContext(job=job), loaded.place)
    page = lineage(loaded.job, flow).to_json()
    assert told(page) == expected
    assert {each["column"] for each in page["filtered_by"]} == filtered_by
