"""The rate in the summary is that of the attempt whose time it is."""

import re
import threading
from contextlib import suppress

import pytest

from ingest.core.errors import Interrupted
from ingest.watch.summary import summary
from tests.recovery.jobs import make_job, work, write_input


class Killed(BaseException):
    pass


def stopped_after(job, events):
    stop, left = threading.Event(), [events]

    def see(event, _history):
        left[0] -= event.name == "settled"
        if left[0] == 0:
            stop.set()

    with suppress(Interrupted):
        work(job, listeners=(see,), stop=stop)


def shown(receipt):
    return next(line for line in summary(receipt, "state").splitlines() if "time" in line)


@pytest.fixture
def job(tmp_path):
    write_input(tmp_path / "in")
    return make_job(tmp_path)


def test_a_run_of_one_attempt_counts_all_rows(job):
    receipt = work(job)
    assert receipt["last_attempt"]["rows"] == receipt["books"][0]["rows"] == 27
    took = sum(receipt["seconds"][part] for part in ("plan", "work", "publish"))
    assert f"{27 / took:,.0f} rows/s" in shown(receipt)
    assert "attempt" not in shown(receipt)


def test_of_several_attempts_the_last_ones_rows_count(job):
    stopped_after(job, 1)
    receipt = work(job)
    last = receipt["last_attempt"]
    assert receipt["books"][0]["rows"] == 27
    assert 0 < last["rows"] < 27
    took = sum(last["seconds"][part] for part in ("work", "publish"))
    assert f"{last['rows'] / took:,.0f} rows/s" in shown(receipt)
    assert f", attempt 2: {last['rows']} rows)" in shown(receipt)
    assert "plan" not in last["seconds"]
    assert receipt["seconds"]["work"] > last["seconds"]["work"]


def test_an_attempt_that_only_publishes_has_no_rate(job):
    def see(event, _history):
        if event.name == "published":
            raise Killed

    with suppress(Killed):
        work(job, listeners=(see,))
    receipt = work(job)
    assert receipt["last_attempt"]["rows"] == 0
    assert re.search(r"no rows read  \(publish \d+\.\d s, attempt 2: 0 rows\)", shown(receipt))
