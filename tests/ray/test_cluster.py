import signal
import time

import psutil
import pytest
import ray

from ingest.core.errors import ConfigError, FatalError
from ingest.workers.on_ray import control
from ingest.workers.on_ray.cluster import connection
from tests.pools.obedient import Obedient, assignments, work_off

pytestmark = pytest.mark.ray


def test_closing_before_anything_has_started(make_workers, monkeypatch):
    # a Ray that takes longer is ended by force: a process ends with it, which would be this one
    monkeypatch.setattr(control, "BREAK_OFF_S", 100.0)
    workers = make_workers(address="local")
    workers.start(Obedient())

    workers.close()

    assert not ray.is_initialized()
    assert workers.results(0.0) == []


def test_a_pool_larger_than_the_machine_is_refused(make_workers):
    workers = make_workers(address="local", workers=4000)
    workers.start(Obedient())

    with pytest.raises(
        ConfigError, match=r"execution.workers: 4000 workers of one CPU, but this mach"
    ):
        workers.results(30.0)


def test_ray_client_addresses_are_refused():
    with (
        pytest.raises(ConfigError, match="ray job submit"),
        connection("ray://head:10001", 1),
    ):
        pass


def test_a_cluster_that_does_not_answer_is_named(make_workers):
    workers = make_workers(address="127.0.0.1:1")
    workers.start(Obedient())

    with pytest.raises(FatalError, match=r"Ray cannot be reached \(address 127.0.0.1:1\)"):
        workers.results(30.0)


def test_a_private_ray_comes_and_goes_with_the_pool_and_a_worker_that_it_ends_costs_one_try(
    make_workers, monkeypatch, tmp_path
):
    monkeypatch.setenv("HOME", str(tmp_path))
    handler = signal.getsignal(signal.SIGTERM)
    memory = psutil.virtual_memory()
    limit = 1 - (memory.available - 2 * 1024**3) / memory.total
    monkeypatch.setenv("RAY_memory_usage_threshold", f"{limit:.3f}")
    workers = make_workers(address="local", max_memory=1 << 40)
    workers.start(Obedient())

    settled, lost = work_off(workers, assignments(["nap"] * 4 + ["columns"] + ["nap"] * 4))
    workers.close()

    ((kind, reason),) = {(each.kind, each.reason) for each in lost if each.key == (1, 4, 1)}
    assert len(settled) == 9
    assert kind == "out_of_memory"
    assert reason.startswith("Ray ended the worker because its node ran out of memory (")
    assert workers.logs.endswith("/logs")
    assert not ray.is_initialized()
    assert signal.getsignal(signal.SIGTERM) is handler
    assert not list(tmp_path.iterdir())


def test_nothing_of_a_private_ray_is_left_when_a_hung_pool_is_closed(make_workers):
    before = psutil.Process().children(recursive=True)  # other tests keep a fork server
    workers = make_workers(address="local")
    workers.start(Obedient())
    work_off(workers, assignments(["ok"] * 2))
    workers.submit(assignments(["hang"] * 2))
    time.sleep(1.0)
    processes = set(psutil.Process().children(recursive=True)).difference(before)
    at_work = [each for each in processes if each.name().startswith("ray::Map")]
    began = time.monotonic()

    workers.close()

    assert time.monotonic() - began < 5
    assert len(at_work) == 2
    assert not [each for each in at_work if each.is_running() and each.status() != "zombie"]
    _, alive = psutil.wait_procs(processes, timeout=10)  # the raylet's agents follow it
    assert not alive
