import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ingest.workers.on_ray.pool import RayDataWorkers
from tests.pools import obedient


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put last what shares a Ray: other tests want a process without.

    Of these, the readers come first: they publish before there is a Ray.
    """
    items.sort(key=lambda item: (_shares(item), "test_readers" not in item.nodeid))


def _shares(item: pytest.Item) -> bool:
    return isinstance(item, pytest.Function) and "two_cores" in item.fixturenames


@pytest.fixture(scope="session")
def two_cores() -> Iterator[None]:
    """A private Ray with 2 CPUs for all tests that do not start one; they come last.

    What a pool left behind would take CPUs from all that follow: see test_leftovers.
    """
    from ingest.workers.on_ray.cluster import connection

    handler = signal.getsignal(signal.SIGTERM)
    with connection("local", 2):
        signal.signal(signal.SIGTERM, handler)
        yield


@pytest.fixture(autouse=True)
def no_kept_ray(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Do not use the Ray that a developer may have started with `ingest cluster up`."""
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "runtime"))


@pytest.fixture
def make_workers() -> Iterator[Callable[..., RayDataWorkers]]:
    """Make pools on the Ray that is shared; closed without draining when the test ends."""
    from ray import cloudpickle

    cloudpickle.register_pickle_by_value(obedient)
    made: list[RayDataWorkers] = []

    def make(**fields) -> RayDataWorkers:
        made.append(RayDataWorkers(**{"workers": 2, "address": "current", **fields}))
        return made[-1]

    yield make
    for workers in made:
        workers.close()
