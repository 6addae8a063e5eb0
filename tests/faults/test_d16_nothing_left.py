"""Workers are started only if there is something to work."""

import threading
from contextlib import suppress

import pytest

from ingest.core.errors import Interrupted
from ingest.workers.in_process import InProcessWorkers
from tests.recovery.jobs import make_job, phase, published, work, write_input


class Never(InProcessWorkers):
    """Must not be started."""

    def start(self, _task):
        raise AssertionError("there is nothing to work")


@pytest.fixture
def job(tmp_path):
    write_input(tmp_path / "in")
    return make_job(tmp_path)


def stopped_after(job, kind, number):
    """Work a job until the ledger has so many events of a kind."""
    stop, left = threading.Event(), [number]

    def see(event, _history):
        left[0] -= event.name == kind
        if left[0] == 0:
            stop.set()

    with suppress(Interrupted):
        work(job, listeners=(see,), stop=stop)


def partitions(tmp_path):
    from ingest.records.history import History
    from ingest.records.reader import Reader
    from ingest.records.runs import Runs
    from ingest.storage.objects import LocalStore

    store = LocalStore(tmp_path / "state")
    return History.of(Reader(store, Runs(store).of_job("orders")[-1]).events())


def test_a_run_whose_partitions_are_all_completed_is_published_without_workers(job, tmp_path):
    whole = work(job)["outputs"]["main"]["rows"]
    seen = []

    class Cut(BaseException):
        pass

    def see(event, _history):
        seen.append(event.name)
        if event.name == "timed" and event.what == "work":
            raise Cut  # as a kill between the last partition and the commit

    with suppress(Cut):
        work(job, listeners=(see,))
    history = partitions(tmp_path)
    assert (history.phase, history.totals.partitions) == ("planned", history.partitions)
    receipt = work(job, workers=Never())
    assert receipt["attempts"] == 2
    assert receipt["outputs"]["main"]["rows"] == whole
    assert phase(tmp_path) == "done"
    assert published(tmp_path)[0]


def test_a_run_with_a_partition_left_starts_them(job, tmp_path):
    stopped_after(job, "settled", 1)
    with pytest.raises(AssertionError, match="nothing to work"):
        work(job, workers=Never())
    assert work(job)["attempts"] == 3
