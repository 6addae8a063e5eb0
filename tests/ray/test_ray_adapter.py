"""One test for each private interface of Ray that is used; run them before Ray may be newer."""

import contextlib
import os
import sys
import threading
import time
import warnings

import psutil
import pyarrow as pa
import pytest
import ray
import ray.data
from ray import cloudpickle
from ray._private.node import Node
from ray._private.parameter import RayParams
from ray.data import ActorPoolStrategy, DataContext
from ray.data._internal import stats
from ray.data._internal.execution import metadata_fetcher, streaming_executor_state
from ray.data._internal.execution.metadata_fetcher import InlineMetadataFetcher

from ingest.workers.on_ray.adapter import hush, kill_process, session_logs
from ingest.workers.on_ray.lean import lean_node
from ingest.workers.on_ray.observer import LossObserver, follow_starts, observed_context
from ingest.workers.on_ray.scheduling import quick

pytestmark = [pytest.mark.ray, pytest.mark.usefixtures("two_cores")]


NEEDLESS = ("monitor.py", "log_monitor.py", "dashboard/dashboard.py")


class Fragile:
    def __call__(self, block: pa.Table) -> pa.Table:
        number = block["id"][0].as_py()
        if number == 3:
            os._exit(1)
        if number == 99:
            time.sleep(600)
        return block


@ray.remote(num_cpus=0)
def signalled(seconds: float) -> None:
    time.sleep(seconds)


def pool_over(numbers: list[int], observer: LossObserver) -> ray.data.Dataset:
    hush()
    follow_starts()
    cloudpickle.register_pickle_by_value(sys.modules[__name__])
    with DataContext.current(observed_context(observer)):
        blocks = [pa.table({"id": [number]}) for number in numbers]
        return ray.data.from_arrow(blocks).map_batches(
            Fragile,
            batch_size=None,
            batch_format="pyarrow",
            compute=ActorPoolStrategy(size=1, max_tasks_in_flight_per_actor=1),
            max_restarts=-1,
            max_task_retries=0,
        )


def test_the_observer_gets_the_blocks_that_a_dead_worker_held():
    losses = []
    observer = LossObserver(losses.append)

    rows = pool_over([1, 2, 3, 4], observer).take_all()

    (blocks,) = losses
    assert sorted(row["id"] for row in rows) == [1, 2, 4]
    assert [block["id"].to_pylist() for block in blocks] == [[3]]


def test_an_execution_can_be_ended_from_another_thread():
    observer = LossObserver(lambda _blocks: None)
    data = pool_over([1, 99], observer)
    seen = []
    first = threading.Event()

    def consume() -> None:
        # what was under way may fail before the iterator has heard of the end
        with contextlib.suppress(ray.exceptions.RayError):
            for bundle in data.iter_internal_ref_bundles():
                seen.append(bundle)
                first.set()

    thread = threading.Thread(target=consume)
    thread.start()
    assert first.wait(60)

    observer.abort()
    thread.join(60)

    assert not thread.is_alive()
    assert len(seen) == 1


def test_a_pool_starts_without_a_word(capfd):
    observer = LossObserver(lambda _blocks: None)

    rows = pool_over([1, 2], observer).take_all()

    assert len(rows) == 2
    assert capfd.readouterr() == ("", "")


def test_an_actors_process_is_killed_by_the_actors_id():
    @ray.remote(max_restarts=1, max_task_retries=1)
    class Actor:
        def about(self) -> tuple[str, int]:
            return ray.get_runtime_context().get_actor_id(), os.getpid()

    actor = Actor.remote()
    name, pid = ray.get(actor.about.remote())

    kill_process(name)
    psutil.wait_procs([psutil.Process(pid)] if psutil.pid_exists(pid) else [], timeout=15)

    assert ray.get(actor.about.remote())[1] != pid


def test_a_private_ray_starts_no_process_that_nobody_needs():
    session = session_logs().removesuffix("/logs")  # other tests may have left a Ray that ends
    every = [" ".join(each.cmdline()) for each in psutil.Process().children(recursive=True)]
    lines = [line for line in every if session in line]

    assert any("raylet" in line for line in lines)
    assert not any(name in line for line in lines for name in NEEDLESS)


def test_only_the_ray_within_is_lean():
    with lean_node():
        assert ray._private.parameter.RayParams().no_monitor
        assert ray._private.node.Node is not Node

    assert ray._private.parameter.RayParams is RayParams
    assert ray._private.node.Node is Node


def test_the_scheduling_loop_is_quick_within_and_as_it_was_after():
    told = stats._StatsManager.register_dataset_to_stats_actor
    observer = LossObserver(lambda _blocks: None)

    with quick(private=True):
        assert isinstance(metadata_fetcher.make_metadata_fetcher(), InlineMetadataFetcher)
        rows = pool_over([1, 2], observer).take_all()

    assert len(rows) == 2
    assert streaming_executor_state.ray is ray
    assert metadata_fetcher._PREFETCH_ON_THREAD
    assert stats._StatsManager.register_dataset_to_stats_actor is told


def test_who_waits_within_goes_on_with_the_first_that_is_done():
    quickly, never = signalled.remote(0.0), signalled.remote(60.0)
    ray.get(quickly)

    with quick(private=False):
        began = time.monotonic()
        found, rest = streaming_executor_state.ray.wait(
            [quickly, never], num_returns=2, timeout=30.0, fetch_local=False
        )
        seconds = time.monotonic() - began
    ray.cancel(never, force=True)

    assert (found, rest) == ([quickly], [never])
    assert seconds < 10.0


def test_nothing_limits_an_observed_execution_but_the_driver():
    before = DataContext.get_current().copy()

    context = observed_context(LossObserver(lambda _blocks: None))

    assert context.target_max_block_size == 1
    assert context.max_errored_blocks == context.execution_no_progress_timeout_s == -1
    assert DataContext.get_current().target_max_block_size == before.target_max_block_size


def test_the_logs_of_the_session_are_found():
    assert session_logs().endswith("/logs")


def test_rays_advice_about_our_options_is_not_shown():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        pool_over([1], LossObserver(lambda _blocks: None))


def test_who_waits_for_a_port_lets_other_threads_run_and_has_it_at_once(tmp_path):
    node, ticks, end = ray.NodeID.from_random().hex(), [], threading.Event()

    def tick():
        while not end.wait(0.01):
            ticks.append(time.monotonic())

    thread = threading.Thread(target=tick)
    thread.start()
    with lean_node():
        wait = ray._private.node.wait_for_persisted_port
        with pytest.raises(RuntimeError):
            wait(str(tmp_path), node, "some", timeout_ms=500)
        ray._raylet.persist_port(str(tmp_path), node, "some", 4321)
        port = ray._private.node.wait_for_persisted_port(
            str(tmp_path), node, "some", timeout_ms=500
        )
    end.set()
    thread.join()

    assert port == 4321
    assert len(ticks) > 5
