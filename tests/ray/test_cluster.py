import signal

import pytest
import ray

from ingest.core.errors import ConfigError, FatalError
from ingest.workers.cluster import connection
from tests.ray.obedient import Obedient, assignments, work_off

pytestmark = pytest.mark.ray


def test_a_private_ray_comes_and_goes_with_the_pool(make_workers, monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    handler = signal.getsignal(signal.SIGTERM)
    workers = make_workers(address="local")
    workers.start(Obedient())

    settled, _ = work_off(workers, assignments(["ok"] * 4))
    workers.close(drain=True)

    assert len(settled) == 4
    assert workers.logs.endswith("/logs")
    assert not ray.is_initialized()
    assert signal.getsignal(signal.SIGTERM) is handler
    assert not list(tmp_path.iterdir())


def test_closing_before_anything_has_started(make_workers):
    workers = make_workers(address="local")
    workers.start(Obedient())

    workers.close(drain=False)

    assert not ray.is_initialized()
    assert workers.results(0.0) == []


def test_a_pool_larger_than_the_machine_is_refused(make_workers):
    workers = make_workers(address="local", workers=4000)
    workers.start(Obedient())

    with pytest.raises(ConfigError, match=r"execution.workers: 4000 workers of one CPU: this mach"):
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
