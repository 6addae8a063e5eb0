import signal
from collections.abc import Callable, Iterator

import pytest

from ingest.workers.on_ray.pool import RayDataWorkers
from tests.pools import obedient


@pytest.fixture(scope="module")
def two_cores() -> Iterator[None]:
    """A private Ray with 2 CPUs for the tests of one module."""
    from ingest.workers.on_ray.cluster import connection

    handler = signal.getsignal(signal.SIGTERM)
    with connection("local", 2):
        signal.signal(signal.SIGTERM, handler)
        yield


@pytest.fixture
def make_workers() -> Iterator[Callable[..., RayDataWorkers]]:
    """Make pools on the Ray of the module; closed without draining when the test ends."""
    from ray import cloudpickle

    cloudpickle.register_pickle_by_value(obedient)
    made: list[RayDataWorkers] = []

    def make(**fields) -> RayDataWorkers:
        made.append(RayDataWorkers(**{"workers": 2, "address": "current", **fields}))
        return made[-1]

    yield make
    for workers in made:
        workers.close()
