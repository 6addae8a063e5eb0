"""Whatever ends a worker costs the run that one try, and the driver is told why."""

import time
from dataclasses import replace

import pytest
import ray

from ingest.core.errors import ConfigError
from ingest.workers.base import Lost
from tests.ray.obedient import Obedient, assignments, collect, work_off

MEBIBYTE = 1024 * 1024

pytestmark = [pytest.mark.ray, pytest.mark.usefixtures("two_cores")]


def test_each_death_costs_one_try_and_has_its_reason(make_workers):
    workers = make_workers(max_memory=1024 * MEBIBYTE, in_flight=1)
    workers.start(Obedient())
    words = ["segfault", "killed", "exit", "leave", "lists", "columns", "at-once"]

    settled, lost = work_off(workers, assignments(["nap"] * 8 + words + ["nap"] * 20), 100)

    blamed = {each.key[1] - 8: each for each in lost if each.culprit}
    assert len(settled) == 35
    reasons = {words[index]: (each.kind, each.reason) for index, each in blamed.items()}
    assert set(reasons) == set(words)
    assert reasons["segfault"] == ("lost_worker", "the worker's process ended with SIGSEGV")
    for word in ("killed", "exit"):
        kind, reason = reasons[word]
        assert kind == "lost_worker"
        assert reason.startswith("the worker's process ended without a word (pid ")
    assert reasons["leave"] == ("lost_worker", "the worker ended with SystemExit: 0")
    for word in ("lists", "columns"):
        kind, reason = reasons[word]
        assert kind == "out_of_memory"
        assert reason.startswith(
            "used more than its share of 512.0MiB of execution.max_memory=1.0GiB: "
        )
    assert reasons["at-once"] == ("out_of_memory", "the worker ended with MemoryError")


def test_many_deaths_do_not_end_the_run(make_workers):
    workers = make_workers(in_flight=1)
    workers.start(Obedient())

    settled, lost = work_off(workers, assignments(["killed", "nap"] * 20), 110)

    assert len(settled) == 40
    assert sum(each.culprit for each in lost) == 20


def test_what_is_searched_keeps_its_own_time(make_workers):
    workers = make_workers(partition_timeout_s=1.0)
    workers.start(Obedient())
    work = [replace(each, search=True) for each in assignments(["ok"] * 2, bytes_=100)]

    settled, lost = work_off(workers, work)

    assert len(settled) == 2
    assert not lost
    assert workers._execution._next == 2


def test_nothing_waits_for_a_hung_try_not_even_the_second_one(make_workers):
    workers = make_workers()
    workers.start(Obedient())
    work_off(workers, assignments(["ok"] * 2))
    (hung,) = assignments(["hang"])
    workers.submit([hung])
    workers.submit(assignments(["ok"] * 9)[1:])
    before = collect(workers, 8, limit_s=15)
    workers.submit([replace(hung, try_number=2)])

    (second,) = collect(workers, 1, limit_s=10)
    began = time.monotonic()
    workers.close()

    assert sorted(each.key[1] for each in before) == list(range(1, 9))
    assert [each.culprit for each in before if isinstance(each, Lost)] in ([], [False])
    assert second.key == (1, 0, 2)
    assert not isinstance(second, Lost)
    assert time.monotonic() - began < 5


def test_grace_is_given_to_what_ends_within_it(make_workers):
    workers = make_workers()
    workers.start(Obedient())
    work_off(workers, assignments(["ok"] * 2))
    workers.submit(assignments(["hang", "slow"]))
    time.sleep(1.0)
    began = time.monotonic()

    drained = [each.key[1] for each in workers.drain(5.0)]
    waited_s = time.monotonic() - began
    workers.close()

    assert drained == [1]
    assert 4 < waited_s < 7
    assert time.monotonic() - began < 12


def test_a_share_too_small_for_any_worker_is_refused(make_workers):
    workers = make_workers(max_memory=100 * MEBIBYTE)
    workers.start(Obedient())

    with pytest.raises(ConfigError, match=r"execution.max_memory: 100.0MiB for 2 workers: 50.0MiB"):
        workers.results(30.0)


def test_workers_that_find_no_place_say_what_there_is_and_begin_when_they_do(make_workers):
    holder = ray.remote(num_cpus=2)(Holder).remote()
    ray.get(holder.here.remote())
    workers = make_workers()
    workers.start(Obedient())
    workers.submit(assignments(["ok"] * 4))
    while workers._execution is None:
        time.sleep(0.1)

    why = workers.stalled()
    ray.kill(holder)
    answers = collect(workers, 4)

    assert why.startswith(
        "Ray: 0 of 2 workers started; the cluster has 1 node with 2 CPUs, 0 free ("
    )
    assert why.endswith("0 of 2): all are in use")
    assert len(answers) == 4


def test_a_long_partition_is_no_stall(make_workers):
    workers = make_workers()
    workers.start(Obedient())
    work_off(workers, assignments(["ok"]))
    workers.submit(assignments(["slow"]))
    time.sleep(1.0)

    assert workers.stalled() == ""


class Holder:
    def here(self) -> None:
        pass
