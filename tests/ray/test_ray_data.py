import time

import psutil
import pytest
import ray

from ingest.core.errors import ConfigError
from ingest.core.partition import Assignment
from ingest.workers.base import Lost
from ingest.workers.on_ray.adapter import kill_process
from ingest.workers.on_ray.cluster import connection
from tests.pools.obedient import Obedient, assignments, collect, work_off

READ_TASK = ("ray::_map_task", "ray::ReadFeedSource")  # while it waits, while it yields

pytestmark = [pytest.mark.ray, pytest.mark.usefixtures("two_cores")]


def test_small_partitions_share_blocks_and_keep_their_own_outcomes(make_workers):
    workers = make_workers()
    workers.start(Obedient())

    work = assignments(["ok"] * 320, bytes_=100)

    work_off(workers, work[:20])  # how long one takes is not known yet
    first = workers._handout.execution._packs.next
    settled, _ = work_off(workers, work[20:])

    assert first == 5
    assert len(settled) == 300
    assert workers._handout.execution._packs.next - first == 19


def test_a_retry_joins_the_live_execution(make_workers):
    workers = make_workers()
    workers.start(Obedient())
    first = assignments(["ok"])[0]
    work_off(workers, [first])
    execution = workers._handout.execution

    for number in (2, 3):
        settled, _ = work_off(workers, [Assignment(first.partition, 1, number)])
        assert settled[0].key == (1, 0, number)

    assert workers._handout.execution is execution


def test_of_a_dead_workers_partitions_only_the_one_it_worked_is_the_culprit(make_workers):
    workers = make_workers(in_flight=4)
    workers.start(Obedient())
    began = time.monotonic()

    settled, lost = work_off(workers, assignments(["nap"] * 8 + ["exit"] + ["nap"] * 20))

    assert len(settled) == 29
    assert [each.key for each in lost if each.culprit] == [(1, 8, 1)]
    assert len(lost) <= 4
    assert time.monotonic() - began < 40


def test_when_the_feed_dies_a_new_execution_works_what_is_left(make_workers):
    workers = make_workers()
    workers.start(Obedient())
    work = assignments(["nap"] * 140)  # more than the read task fetches at once
    work_off(workers, work[:5])
    first = workers._handout.execution
    workers.submit(work[5:])
    time.sleep(0.5)
    ray.kill(first._feed)

    answers = collect(workers, 135)

    assert workers._handout.execution is not first
    assert sorted(each.key[1] for each in answers) == list(range(5, 140))
    assert not any(isinstance(each, Lost) for each in answers)


def test_when_the_feed_dies_with_all_workers_a_new_execution_works_what_is_left(
    make_workers, monkeypatch
):
    monkeypatch.setattr("ingest.workers.on_ray.watch.FEEDLESS_S", 1.0)
    workers = make_workers()
    workers.start(Obedient())
    work = assignments(["nap"] * 30)
    work_off(workers, work[:5])
    first = workers._handout.execution
    workers.submit(work[5:])
    time.sleep(0.5)
    ray.kill(first._feed)
    for each in tuple(first._observer._actors):
        kill_process(each._actor_id.hex())

    answers = collect(workers, 25)

    assert workers._handout.execution is not first
    assert sorted(each.key[1] for each in answers) == list(range(5, 30))
    assert not any(isinstance(each, Lost) for each in answers)


def test_the_execution_is_rolled_when_it_has_grown_old(make_workers):
    workers = make_workers(roll_after=10)
    workers.start(Obedient())
    work = assignments(["ok"] * 30)

    for start in (0, 10, 20):
        settled, lost = work_off(workers, work[start : start + 10])
        assert len(settled) == 10
        assert not lost


def test_the_read_task_replays_after_its_process_died(make_workers):
    workers = make_workers()
    workers.start(Obedient())
    work = assignments(["nap"] * 40)
    work_off(workers, work[:10])
    workers.submit(work[10:])

    (puller,) = [
        process
        for process in psutil.Process().children(recursive=True)
        if process.name().startswith(tuple(each[:15] for each in READ_TASK))
    ]
    puller.kill()
    answers = collect(workers, 30)

    assert sorted(each.key[1] for each in answers) == list(range(10, 40))


def test_closing_at_once_does_not_wait_for_the_work(make_workers):
    before = set(psutil.Process().children(recursive=True))  # of tests before it
    workers = make_workers()
    workers.start(Obedient())
    work_off(workers, assignments(["ok"] * 2))
    workers.submit(assignments(["hang"] * 10))
    time.sleep(1.0)
    began = time.monotonic()

    workers.close()

    assert time.monotonic() - began < 5
    assert workers._control.has_ended
    _, alive = psutil.wait_procs(psutil.Process().children(recursive=True), timeout=0)
    pool = [each for each in set(alive) - before if each.name().startswith("ray::MapWorker")]
    assert alive
    assert not psutil.wait_procs(pool, timeout=5)[1]


def test_a_pool_larger_than_the_cluster_is_refused(make_workers):
    workers = make_workers(workers=3)
    workers.start(Obedient())

    with pytest.raises(ConfigError, match=r"has 2 CPUs. At most 2 fit. Write execution.workers=2"):
        workers.results(30.0)


def test_a_second_connection_is_refused():
    with (
        pytest.raises(ConfigError, match="already connected to a Ray cluster"),
        connection("local", 1),
    ):
        pass
