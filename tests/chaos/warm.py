"""Imported by the server that runs are forked from: what each of them would do again, done once.

A job is composed and validated, which fills the caches of Hydra, its parser and pydantic: half of
what a run of a few rows costs. Nothing here may use Polars: its threads do not survive a fork.
"""

import tempfile
import threading
from pathlib import Path

from ingest.config.load import load
from ingest.job import Job
from tests.chaos.shapes import JOB, SHAPES


def compose() -> None:
    """Load a job as a run does, without its expressions."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        (place / "in").mkdir()
        where = {"source": f"{place}/in", "state": f"{place}/state"}
        sink = SHAPES[0].sink_page() | {"path": f"{place}/out"}
        SHAPES[0].write_job(place, 1, {"type": "inline"}, sink=sink, **where)
        load(Job, place / "conf", [f"+job={JOB}"])


compose()
assert threading.active_count() == 1
