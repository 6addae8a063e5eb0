"""A small job and its input, which tests of recovery work, kill and look at."""

import json
from pathlib import Path

import yaml

from ingest.driver.drive import drive
from ingest.driver.request import Request
from ingest.job import Job
from ingest.records.history import History
from ingest.records.reader import Reader
from ingest.records.runs import Runs
from ingest.storage.objects import LocalStore
from ingest.testing.golden import read_rows
from ingest.workers.in_process import InProcessWorkers

AT_ONCE = {"throttled": {"wait_s": 0}, "connection": {"wait_s": 0}, "out_of_memory": {"wait_s": 0}}
"""Tries again without waiting."""


def write_input(folder, files=3):
    """Write files of eight records and a broken one each."""
    folder.mkdir(exist_ok=True)
    for number in range(files):
        rows = [f"{number * 10 + k},{'x' if k % 4 else ''},{k}" for k in range(8)]
        (folder / f"{number}.csv").write_text("id,name,n\n" + "\n".join(rows) + "\nbroken\n")


def make_job(place, **changes):
    """Make a job that filters and quarantines, with some of its parts exchanged."""
    page = {
        "name": "orders",
        "owner": "me@example.org",
        "description": "For a test.",
        "source": {"type": "csv", "path": str(place / "in")},
        "transforms": [{"type": "filter", "where": "n < 6"}],
        "contract": {
            "columns": {"id": "int64", "n": "int8"},
            "checks": [{"type": "not_null", "columns": ["name"]}],
            "on_error": "quarantine",
        },
        "sink": {"type": "parquet", "path": str(place / "out"), "write_disposition": "overwrite"},
        "execution": {"partition_bytes": 80, "retry": AT_ONCE},
        "cluster": {"type": "inline"},
        "state": str(place / "state"),
    }
    return Job.model_validate({**page, **changes})


def work(job, store=None, workers=None, **options):
    """Drive a job without Ray and return the receipt."""
    config = yaml.safe_dump(job.model_dump(mode="json", exclude_defaults=True))
    place = lambda path: ".".join(map(str, path))  # noqa: E731
    return drive(Request(job, config, place, workers or InProcessWorkers(), store=store, **options))


def published(place):
    """Return the rows, and of the quarantine what does not depend on where the test ran."""
    names, *rejected = map(json.loads, read_rows(place / "out_quarantine", "parquet") or ["[]"])
    rows = [dict(zip(names, values, strict=True)) for values in rejected]
    places = [(Path(row["file"]).name, row["line"], row["reason"], row["original"]) for row in rows]
    return read_rows(place / "out", "parquet")[1:], sorted(places)


def debris(place):
    """Return whatever lies about that no reader is to see."""
    found = [path for path in place.rglob("*") if "staged" in path.name]
    return found + [path for path in place.glob("**/.ingest-*/*") if path.name != "manifests"]


def phase(place):
    """Say how far the job's last run has come."""
    store = LocalStore(place / "state")
    runs = Runs(store).of_job("orders")
    return History.of(Reader(store, runs[-1]).events()).phase if runs else "none"


def write_python_job(folder, name, job, functions):
    """Write a job with a Python step, its `functions`, and a folder for its input."""
    for made in ("conf/job", "in", f"jobs/{name}"):
        (folder / made).mkdir(parents=True)
    (folder / f"conf/job/{name}.yaml").write_text(job)
    (folder / f"jobs/{name}/functions.py").write_text(functions)
