"""The reference pages say what the code says now."""

import json
from dataclasses import fields
from pathlib import Path
from typing import Any, Literal

import polars as pl
import pytest
from pydantic import TypeAdapter

from ingest.checks import CHECKS
from ingest.checks.contract import Contract
from ingest.config.load import load
from ingest.core.dataclass import dataclass
from ingest.core.model import Model
from ingest.core.types import schema_from_json
from ingest.driver.drive import drive
from ingest.driver.request import Request
from ingest.execution import Retry
from ingest.job import Execution, Job
from ingest.records import plans
from ingest.records.cancellation import Cancellation
from ingest.records.events import Event, FailedTry
from ingest.sinks import SINKS
from ingest.sources import SOURCES
from ingest.storage.connections import CONNECTIONS
from ingest.storage.objects import open_store
from ingest.transforms import TRANSFORMS
from ingest.transforms.base import StepContext
from ingest.workers.in_process import InProcessWorkers
from tests.docs import event_page, examples, file_page
from tests.docs.options import table, type_of
from tests.docs.pages import DOCS, PAGES
from tests.docs.type_pages import CLUSTERS

COLUMNS = schema_from_json(examples.COLUMNS)
LISTED: list[tuple[tuple[type[Model], ...], dict[str, Any]]] = [
    (SOURCES.builtin, examples.SOURCES),
    (TRANSFORMS.builtin, examples.TRANSFORMS),
    (CHECKS.builtin, examples.CHECKS),
    (SINKS.builtin, examples.SINKS),
    (CLUSTERS, examples.CLUSTERS),
    (CONNECTIONS, examples.CONNECTIONS),
]
JOB = """\
# @package _global_
name: demo
owner: me
description: A row is fine and a row is not.
source: {type: csv, path: in.csv, incremental: files}
contract: {columns: {n: int64}, on_error: quarantine}
sink: {type: parquet, path: out, write_disposition: append}
"""


@pytest.mark.parametrize("place", PAGES)
def test_a_page_is_up_to_date(place, request):
    text = PAGES[place]()
    if request.config.getoption("--update-golden"):
        (DOCS / place).write_text(text, encoding="utf-8")
    written = (DOCS / place).read_text(encoding="utf-8")
    assert written == text, "write it again: pytest tests/docs --update-golden"


def test_an_option_without_a_description_is_refused():
    class Silent(Model):
        path: str

    with pytest.raises(AssertionError, match=r"Silent\.path: this option has no description"):
        table(Silent)


def test_null_is_listed_where_it_is_another_value_than_the_default():
    class Rows(Model):
        short_rows: Literal["reject"] | None = "reject"
        """What to do."""
        limit: int | None = None
        """How many."""
        connection: Retry = Retry(max_tries=2)
        """How often."""

    written = table(Rows)
    assert '| `short_rows` | `reject` or `null` | `"reject"` |' in written
    assert "| `limit` | integer | none |" in written
    assert "| `connection` | [these keys](#retry) | " in written


@pytest.mark.parametrize(
    ("classes", "shown"), LISTED, ids=["source", "step", "check", "sink", "cluster", "connection"]
)
def test_every_type_has_an_example_that_is_valid(classes, shown):
    assert set(shown) == {type_of(cls) for cls in classes}
    for cls in classes:
        read(cls, {"type": type_of(cls), **shown[type_of(cls)]})


def test_the_examples_of_steps_checks_and_sinks_fit_the_columns_that_they_are_for():
    frame = pl.LazyFrame(schema=COLUMNS)
    for cls in TRANSFORMS.builtin:
        example = {"type": type_of(cls), **examples.TRANSFORMS[type_of(cls)]}
        read(cls, example).apply(frame, StepContext()).collect_schema()
    for cls in CHECKS.builtin:
        example = {"type": type_of(cls), **examples.CHECKS[type_of(cls)]}
        assert read(cls, example).violations(COLUMNS)
    flat = {name: kind for name, kind in COLUMNS.items() if not kind.is_nested()}
    for cls in SINKS.builtin:
        read(cls, {"type": type_of(cls), **examples.SINKS[type_of(cls)]}).check_schema(flat)


def test_the_examples_of_the_job_and_its_parts_are_valid():
    read(Job, examples.JOB)
    read(Execution, examples.EXECUTION)
    assert read(Contract, examples.CONTRACT).outgoing(COLUMNS)


def read(cls: type[Model], example: dict[str, Any]) -> Any:
    """Validate as a job is validated: strictly, by way of JSON."""
    return TypeAdapter(cls).validate_json(json.dumps(example), strict=True)


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> Path:
    """Run a tiny job with an error in it, and return the folder with all that it left."""
    folder = tmp_path_factory.mktemp("run")
    (folder / "in.csv").write_text("n\n1\nx\n")
    (folder / "conf" / "job").mkdir(parents=True)
    (folder / "conf" / "job" / "demo.yaml").write_text(JOB)
    places = [f"source.path={folder}/in.csv", f"sink.path={folder}/out", f"state={folder}/.ingest"]
    loaded = load(Job, folder / "conf", ["+job=demo", *places])
    page = drive(Request(loaded.job, loaded.yaml(), loaded.place, InProcessWorkers()))
    Cancellation(open_store(f"{folder}/.ingest"), page["run_id"], 1).ask()
    return folder


def only(run: Path, glob: str) -> Path:
    (found,) = run.glob(glob)
    return found


def test_every_file_of_a_run_is_described_and_every_file_described_is_there(run):
    places = [f".ingest/{place}" for place in file_page.STATE]
    places += [place.replace("<sink>", "out") for place in file_page.OUTPUT]
    known = {place: file_page.pattern(place) for place in places}
    found = {
        str(path.relative_to(run)): [
            place for place in known if known[place].fullmatch(str(path.relative_to(run)))
        ]
        for path in run.rglob("*")
        if path.is_file() and path.relative_to(run).parts[0] not in {"conf", "in.csv"}
    }
    assert {name: places for name, places in found.items() if len(places) != 1} == {}
    not_of_this_run = {
        f".ingest/runs/<run_id>/{mark}.json"
        for mark in ("abandoned", "removed", "snapshot", "status")
    }
    assert {place for (place,) in found.values()} == set(known) - not_of_this_run


@pytest.mark.parametrize(
    ("glob", "described"),
    [
        (".ingest/runs/*/run.json", file_page.RUN),
        (".ingest/jobs/*/cursor/*/*.json", file_page.CURSOR),
        (".ingest/runs/*/plan.json", file_page.PLAN),
        (".ingest/runs/*/receipt.json", file_page.RECEIPT),
        (".ingest-out/manifests/*.json", file_page.MANIFEST),
        (".ingest-out_quarantine/manifests/*.json", file_page.MANIFEST),
    ],
)
def test_every_key_is_described(run, glob, described):
    assert set(json.loads(only(run, glob).read_text())) == set(described)


def test_every_column_of_a_plan_is_described(run):
    schema = pl.read_parquet_schema(only(run, ".ingest/runs/*/plan/*.parquet"))
    slices = [f"slices.{field.name}" for field in plans._SLICE.fields]
    assert [*schema, *slices] == list(file_page.PARTITIONS)


def test_an_event_whose_key_is_not_described_is_refused():
    @dataclass(frozen=True, slots=True, kw_only=True)
    class Silent(FailedTry):
        path: str

    Silent.name = "silent"
    with pytest.raises(AssertionError, match=r"Silent\.path: write what it is"):
        list(event_page.described(Silent))


def test_the_events_of_a_run_say_what_is_described(run):
    seen = set()
    for file in sorted(run.glob(".ingest/runs/*/ledger/*.jsonl")):
        header, *events = map(json.loads, file.read_text().splitlines())
        assert set(header) == {"format", "attempt", "writer", "events"}
        for event in events:
            seen.add(event["event"])
            keys = {field.name for field in fields(Event.classes[event["event"]])}
            assert set(event) - {"version"} == {"event", *keys}
    assert seen == set(Event.classes) - {
        "combined", "retry", "search", "split", "speculate", "starting", "started", "stalled",
        "warned", "inputs", "failed", "interrupted", "abandoned",
    }  # fmt: skip
