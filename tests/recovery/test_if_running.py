"""A run that finds its job running, and the attempts of one RayJob, which are one run."""

import logging

import pytest

from ingest.driver import holding
from ingest.records.cancellation import Cancellation
from ingest.records.events import PlanFrozen
from ingest.records.holders import submission
from ingest.records.lease import Lease
from tests.faults.state import assert_done

FIRST, SECOND, OTHER = "orders-20261130-023000-a1b2c", "orders-20261130-023000-d3e4f", "x-zzzzz"


@pytest.fixture(autouse=True)
def at_once(monkeypatch):
    monkeypatch.setattr(holding, "ASK_AGAIN_S", 0.01)


@pytest.fixture
def job(state):
    state.describe(sink={"write_disposition": "append"})
    return state


@pytest.fixture
def ends(job):
    """A lease on the job, which ends as soon as somebody says that it is waited for."""
    log = logging.getLogger("ingest.driver.holding")
    told: list[str] = []

    class Ending(logging.Handler):
        def emit(self, record):
            told.append(record.getMessage())
            self.lease.end()

    ending = Ending()
    ending.lease = held(job)
    log.addHandler(ending)
    yield told
    log.removeHandler(ending)
    ending.lease.end()


@pytest.fixture
def first_attempt(monkeypatch):
    monkeypatch.setenv("INGEST_SUBMISSION", FIRST)


def held(state):
    return Lease.acquire(state.store, "jobs/orders/lease", 'job "orders"', {})


@pytest.mark.parametrize(("words", "code"), [([], 1), (["--if-running", "skip"], 0)])
def test_a_job_that_is_running_is_left_alone(job, words, code):
    with held(job):
        result = job.run("orders", *words)
    assert result.code == code
    assert 'job "orders": in use by process' in result.err
    assert ("skipped, nothing was run: " in result.err) == (code == 0)
    assert job.ids() == []


def test_another_job_in_the_same_place_is_no_run_of_this_job(job):
    job.describe("others", source={"type": "csv", "path": "in/orders"})
    with holding.leases(job.store, loaded(job, "others")):
        result = job.run("orders", "--if-running", "skip")
    assert result.code == 1
    assert "in use by process" in result.err


def loaded(state, name):
    from ingest.config.load import load
    from ingest.job import Job

    return load(Job, state.place / "conf", [f"+job={name}"]).job


def test_a_job_that_is_running_is_waited_for(job, ends):
    assert_done(job.run("orders", "--if-running", "wait"))
    assert job.ids() == [1, 2]
    (told,) = ends
    assert told.startswith('job "orders": waiting for process ')


def test_one_ray_job_is_one_run(job, monkeypatch):
    """The first attempt publishes and is lost before anybody hears of it; the next adds no rows."""
    for cluster in (FIRST, SECOND):
        monkeypatch.setenv("INGEST_SUBMISSION", cluster)
        assert_done(job.run())
        assert job.ids() == [1, 2]
    assert len(job.runs()) == 1
    monkeypatch.setenv("INGEST_SUBMISSION", OTHER)
    assert_done(job.run())
    assert job.ids() == [1, 1, 2, 2]


def test_the_next_attempt_waits_for_one_that_is_still_ending(first_attempt, ends, job, monkeypatch):
    monkeypatch.setenv("INGEST_SUBMISSION", SECOND)
    assert_done(job.run("orders", "--if-running", "skip"))
    assert job.ids() == [1, 2]
    assert len(ends) == 1


def test_the_next_attempt_resumes_what_is_unfinished(job, monkeypatch):
    monkeypatch.setenv("INGEST_SUBMISSION", FIRST)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("ingest.driver.drive.commit", stumble)
        assert job.run().code == 1
    monkeypatch.setenv("INGEST_SUBMISSION", SECOND)
    assert_done(job.run())
    assert job.ids() == [1, 2]
    assert len([each for each in job.events() if isinstance(each, PlanFrozen)]) == 1
    assert job.receipt()["attempts"] == 2


def test_what_was_cancelled_is_not_tried_again_but_resumed_by_another_ray_job(job, monkeypatch):
    monkeypatch.setenv("INGEST_SUBMISSION", FIRST)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("ingest.driver.drive.commit", stumble)
        assert job.run().code == 1
    Cancellation(job.store, job.runs()[0], 1).ask()
    monkeypatch.setenv("INGEST_SUBMISSION", SECOND)
    assert job.run().code == 130
    assert job.ids() == []
    monkeypatch.setenv("INGEST_SUBMISSION", OTHER)
    assert_done(job.run())
    assert job.ids() == [1, 2]


def stumble(*_):
    from ingest.core.errors import FatalError

    raise FatalError("the head is gone")


def test_a_submission_is_the_name_of_the_ray_job():
    assert submission({}) == ""
    for cluster in (FIRST, SECOND, "orders-20261130-023000-raycluster-x7k2p"):
        assert submission({"INGEST_SUBMISSION": cluster}) == "orders-20261130-023000"


def test_a_submitted_run_says_how_it_is_submitted_again(job, monkeypatch):
    monkeypatch.setenv("INGEST_TYPED", "ingest submit orders --address http://head:8265")
    job.write("in/orders/0.csv", "id,name\nx,y\n")
    result = job.run("orders")
    assert result.code == 1
    assert "run it again: ingest submit orders --address http://head:8265" in result.err
