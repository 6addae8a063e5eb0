"""Whatever ends a worker costs the run that one try, and the driver is told why."""

import time
from dataclasses import replace

import pytest
import ray

from ingest.workers.on_ray.state import RECORD_S, death_of
from tests.pools.obedient import Obedient, assignments, collect, work_off

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
        assert reason.startswith("the worker's process ended without a message (pid ")
    assert reasons["leave"] == ("lost_worker", "the worker ended with SystemExit: 0")
    for word in ("lists", "columns"):
        kind, reason = reasons[word]
        assert kind == "out_of_memory"
        assert reason.startswith(
            "used more than its share of 512.0MiB of execution.max_memory=1.0GiB: "
        )
    assert reasons["at-once"] == ("out_of_memory", "the worker ended with MemoryError")


def test_workers_that_are_lost_together_are_waited_for_once():
    there = ray.get_runtime_context().get_worker_id()  # the head says that it lives, all the time
    began = time.monotonic()

    deaths = [death_of(there, "", began) for _ in range(20)]

    assert time.monotonic() - began < 2 * RECORD_S
    assert {death.reason for death in deaths} == {"the worker's process was lost"}


def test_what_is_searched_keeps_its_own_time(make_workers):
    workers = make_workers(partition_timeout_s=1.0)
    workers.start(Obedient())
    work = [replace(each, search=True) for each in assignments(["ok"] * 2, bytes_=100)]

    settled, lost = work_off(workers, work)

    assert len(settled) == 2
    assert not lost
    assert workers._handout.execution._packs.next == 2


def test_workers_that_find_no_place_say_what_there_is_and_begin_when_they_do(make_workers):
    holder = ray.remote(num_cpus=2)(Holder).remote()
    ray.get(holder.here.remote())
    workers = make_workers()
    workers.start(Obedient())
    workers.submit(assignments(["ok"] * 4))
    while workers._handout.execution is None:
        time.sleep(0.1)

    why = workers.stalled()
    ray.kill(holder)
    answers = collect(workers, 4)

    assert why.startswith(
        "Ray: 0 of 2 workers started; the cluster has 1 node with 2 CPUs, 0 free ("
    )
    assert why.endswith("0 of 2): all are in use, by workers that are starting or by other jobs")
    assert len(answers) == 4


class Holder:
    def here(self) -> None:
        pass
