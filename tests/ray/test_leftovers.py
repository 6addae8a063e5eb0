"""A closed pool leaves nothing behind on a Ray that others use, too."""

import gc
import random
import threading
import time
from collections.abc import Iterator

import pytest
import ray
from ray._private import state as ray_state
from ray.data import DataContext
from ray.data._internal.execution.backpressure_policy import (
    ENABLED_BACKPRESSURE_POLICIES,
    ENABLED_BACKPRESSURE_POLICIES_CONFIG_KEY,
)
from ray.data._internal.execution.backpressure_policy.backpressure_policy import BackpressurePolicy

from tests.pools.obedient import Obedient, assignments, work_off

OURS = ("Feed", "MapWorker")
GONE_S = 5.0

pytestmark = [pytest.mark.ray, pytest.mark.usefixtures("two_cores")]


class Slow(BackpressurePolicy):
    """Holds Ray Data's scheduling loop up once it is asked to, as a busy machine does."""

    asked = threading.Event()
    held = threading.Event()
    over = threading.Event()

    def can_add_input(self, _operator) -> bool:
        if self.asked.is_set():
            self.held.set()
            self.over.wait(30.0)
        return True


@pytest.fixture(autouse=True)
def no_collector() -> Iterator[None]:
    """Nothing may wait for Python to collect cycles: it does so when it likes."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


@pytest.fixture
def slow() -> Iterator[type[Slow]]:
    context = DataContext.get_current()
    policies = [*ENABLED_BACKPRESSURE_POLICIES, Slow]
    context.set_config(ENABLED_BACKPRESSURE_POLICIES_CONFIG_KEY, policies)
    yield Slow
    Slow.over.set()
    context.remove_config(ENABLED_BACKPRESSURE_POLICIES_CONFIG_KEY)


def assert_nothing_left() -> None:
    until = time.monotonic() + GONE_S
    while (alive := actors()) or ray.available_resources().get("CPU") != 2:
        assert time.monotonic() < until, (alive, ray.available_resources())
        time.sleep(0.1)


def actors() -> list[tuple[str, str]]:
    return [
        (each["ActorClassName"], each["State"])
        for each in ray_state.actors().values()
        if each["State"] != "DEAD" and each["ActorClassName"].startswith(OURS)
    ]


def test_workers_that_ray_data_would_start_after_the_end(make_workers, slow):
    workers = make_workers()
    workers.start(Obedient())
    work_off(workers, assignments(["ok"] * 4), limit_s=100.0)
    slow.asked.set()
    workers.submit(assignments(["ok"] * 4))
    assert slow.held.wait(10.0)
    resume = threading.Timer(2.5, slow.over.set)  # more than the 2 s that Ray Data waits for it
    resume.start()

    workers.close()

    assert resume.finished.is_set()
    assert workers._control.has_ended
    assert_nothing_left()


@pytest.mark.parametrize("seed", range(2))
def test_workers_that_are_killed_at_the_moment_of_the_end(make_workers, seed):
    chance = random.Random(seed)
    workers = make_workers(partition_timeout_s=chance.choice([None, 0.5]))
    workers.start(Obedient())
    if seed % 2:
        work_off(workers, assignments(["ok"] * 4))
    workers.submit(assignments(["killed", "hang", "exit", "nap"] * 3))
    time.sleep(chance.random() * 3)

    workers.close()

    assert_nothing_left()


def test_an_execution_that_lost_its_feed(make_workers):
    workers = make_workers()
    workers.start(Obedient())
    work_off(workers, assignments(["ok"] * 4))
    workers.submit(assignments(["hang"] * 2))
    time.sleep(1.0)
    ray.kill(workers._handout.execution._feed)
    time.sleep(1.0)

    workers.close()

    assert_nothing_left()
