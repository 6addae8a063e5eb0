"""Kill the driver at any write to its state, start it again: the output is the same."""

import shutil
import threading
from dataclasses import replace

import pytest

from ingest.core.errors import ConfigError, ContractError, FatalError, Interrupted
from ingest.driver.holding import leases
from ingest.records.lease import Lease, LeaseHeldError
from ingest.records.runs import Runs
from ingest.storage.objects import LocalStore
from ingest.testing.faults import Crash, CrashingStore
from ingest.workers.in_process import InProcessWorkers
from tests.recovery.jobs import debris, make_job, phase, published, work, write_input


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    place = tmp_path_factory.mktemp("whole")
    write_input(place / "in")
    receipt = work(make_job(place))
    rows, quarantine = published(place)
    assert len(rows) == 12
    assert len(quarantine) == 3 + 6
    return rows, quarantine, receipt


@pytest.mark.parametrize("every", [4, pytest.param(1, marks=pytest.mark.slow)])
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_crash_at_any_write_changes_nothing_in_the_end(tmp_path, whole, when, every):
    """Before and after every fourth write: `make test-slow` does so at each."""
    rows, quarantine, _ = whole
    crashes = 0
    for at in range(1, 100, every):
        place = tmp_path / str(at)
        write_input_at(place)
        job = make_job(place)
        try:
            work(job, CrashingStore(LocalStore(place / "state"), at, when))
        except Crash:
            crashes += 1
            before = published(place)[0]
            assert before in ([], rows), f"half an output is visible after a crash at write {at}"
        else:
            break
        if phase(place) != "done":  # else the next run would be another one
            work(job)
        assert published(place) == (rows, quarantine), f"crash at write {at}"
        assert debris(place) == []
    assert crashes > 10 // every


def write_input_at(place):
    place.mkdir()
    write_input(place / "in")


def test_crash_after_crash_still_comes_to_the_same(tmp_path, whole):
    write_input(tmp_path / "in")
    job = make_job(tmp_path)
    for at in (9, 7, 6, 8, 5, 7):
        try:
            work(job, CrashingStore(LocalStore(tmp_path / "state"), at))
        except Crash:
            continue
    work(job)
    assert published(tmp_path)[0] == whole[0]


def test_a_run_that_was_published_is_not_resumed(tmp_path):
    write_input(tmp_path / "in")
    job = make_job(tmp_path)
    first, second = work(job), work(job)
    assert first["run_id"] != second["run_id"]
    assert len(published(tmp_path)[0]) == 12


def test_settled_partitions_are_not_worked_again(tmp_path):
    write_input(tmp_path / "in")
    job = make_job(tmp_path)
    _leave_unfinished(job, tmp_path)
    receipt = work(job)
    assert receipt["attempts"] == 2
    assert receipt["partitions"]["tries"] == 3


def test_a_changed_job_is_not_mixed_into_an_unfinished_run(tmp_path):
    write_input(tmp_path / "in")
    job = make_job(tmp_path)
    _leave_unfinished(job, tmp_path)
    changed = make_job(tmp_path, transforms=[{"type": "filter", "where": "n < 3"}])
    with pytest.raises(ConfigError) as caught:
        work(changed)
    assert 'transforms[0].where: was "n < 6", now "n < 3"' in str(caught.value)
    assert "--fresh" in str(caught.value)
    work(changed, fresh=True)
    assert len(published(tmp_path)[0]) < 12
    runs = Runs(LocalStore(tmp_path / "state"))
    assert len(runs.of_job("orders")) == 2


def test_settings_that_change_no_row_do_not_stand_in_the_way(tmp_path, whole):
    write_input(tmp_path / "in")
    _leave_unfinished(make_job(tmp_path), tmp_path)
    work(make_job(tmp_path, execution={"workers": 7}))
    assert published(tmp_path)[0] == whole[0]


def test_what_has_begun_to_publish_is_finished_and_cannot_be_given_up(tmp_path, whole):
    write_input(tmp_path / "in")
    job = make_job(tmp_path)
    at = next(n for n in range(1, 60) if _phase_after_crash(job, tmp_path, n) == "committed")
    assert at > 8
    with pytest.raises(ConfigError, match="has begun to publish and can only be finished"):
        work(job, fresh=True)
    work(make_job(tmp_path, transforms=[]))  # even if the job has changed meanwhile
    assert published(tmp_path)[0] == whole[0]


def _phase_after_crash(job, place, number):
    shutil.rmtree(place / "state", ignore_errors=True)
    with pytest.raises(Crash):
        work(job, CrashingStore(LocalStore(place / "state"), number))
    return phase(place)


def _leave_unfinished(job, place):
    """Stop a run after its first partition."""
    stop = threading.Event()

    def see(event, _history):
        if event.name == "settled":
            stop.set()

    with pytest.raises(Interrupted):
        work(job, listeners=(see,), stop=stop)


def test_two_runs_of_one_job_do_not_work_at_once(tmp_path):
    write_input(tmp_path / "in")
    job = make_job(tmp_path)
    store = LocalStore(tmp_path / "state")
    with (
        Lease.acquire(store, "jobs/orders/lease", 'job "orders"', {"run_id": "r1"}),
        pytest.raises(LeaseHeldError, match='job "orders": in use by process'),
    ):
        work(job)


def test_two_jobs_do_not_publish_to_one_place_at_once(tmp_path):
    write_input(tmp_path / "in")
    store = LocalStore(tmp_path / "state")
    with (
        leases(store, make_job(tmp_path, name="other")),
        pytest.raises(LeaseHeldError, match=f"sink .*{tmp_path.name}/out: in use"),
    ):
        work(make_job(tmp_path))


def test_books_that_do_not_balance_are_not_published(tmp_path):
    write_input(tmp_path / "in")
    job = make_job(tmp_path)

    class Miscounting(InProcessWorkers):
        def results(self, timeout_s):
            outcomes = super().results(timeout_s)
            return [replace(each, staged=each.staged[:0]) for each in outcomes]

    with pytest.raises(ContractError, match="rows left the contract, but 0 were staged"):
        work(job, workers=Miscounting())
    assert published(tmp_path) == ([], [])


def test_no_other_job_publishes_between_the_commit_and_the_end_of_a_run(tmp_path, whole):
    write_input(tmp_path / "in")
    job = make_job(tmp_path)
    next(n for n in range(1, 60) if _phase_after_crash(job, tmp_path, n) == "committed")
    page = job.model_dump(mode="json")["sink"]
    other = make_job(tmp_path, name="other", sink=page | {"replaces_jobs": ["orders"]})
    with pytest.raises(FatalError, match="is publishing there and is unfinished"):
        work(other)
    work(job)
    assert published(tmp_path)[0] == whole[0]
    work(other)
    assert published(tmp_path)[0] == whole[0]
