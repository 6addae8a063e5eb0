import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from ingest.workers.on_ray.pool import RayDataWorkers
from tests.chaos.servers import new_bucket
from tests.pools import obedient
from tests.ray.head import Head, head
from tests.services import ceph
from tests.services.bucket import Bucket

SECRET = "correct-horse-battery"
"""Which the cluster's nodes know, and nobody else."""


COMMANDS, PROCESS, CLUSTER, TWO_CORES = "commands", "process", "cluster", "two_cores"
ORDER = (COMMANDS, PROCESS, CLUSTER, TWO_CORES)
"""What shares a Ray comes last, because other tests want a process, and the machine, without."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Sort tests by what they need of their process; see above.

    Readers come first: they publish before there is a Ray. What kills the cluster that jobs are
    submitted to comes after what only uses it.
    """
    items.sort(
        key=lambda item: (
            ORDER.index(_kind(item)),
            "test_journey" in item.nodeid,
            "test_readers" not in item.nodeid,
        )
    )


def _kind(item: pytest.Item) -> str:
    used = item.fixturenames if isinstance(item, pytest.Function) else ()
    shared = next((kind for kind in (TWO_CORES, CLUSTER) if kind in used), "")
    return shared or (COMMANDS if "test_run_on_ray" in item.nodeid else PROCESS)


@pytest.fixture(scope="session")
def servers() -> Iterator[ExitStack]:
    """What tests without the private Ray share: it ends before that begins, which has two cores."""
    with ExitStack() as stack:
        yield stack


@pytest.fixture(scope="session")
def two_cores(servers: ExitStack) -> Iterator[None]:
    """A private Ray with 2 CPUs for all tests that do not start one; they come last.

    What a pool left behind would take CPUs from all that follow: see test_leftovers.
    """
    from ingest.workers.on_ray.cluster import connection

    servers.close()
    handler = signal.getsignal(signal.SIGTERM)
    with connection("local", 2):
        signal.signal(signal.SIGTERM, handler)
        yield


@pytest.fixture(autouse=True)
def no_kept_ray(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Do not use the Ray that a developer may have started with `ingest cluster up`."""
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "runtime"))


@pytest.fixture(scope="session")
def s3(servers: ExitStack) -> str:
    """The address of an S3 server."""
    if not ceph.installed():
        pytest.skip("Ceph is not installed")
    return servers.enter_context(ceph.gateway())


@pytest.fixture(scope="session")
def bucket(request: pytest.FixtureRequest) -> Bucket | None:
    """A bucket that the shared cluster may use; None without a server."""
    return new_bucket(request.getfixturevalue("s3")) if ceph.installed() else None


@pytest.fixture(scope="session")
def heads() -> list[Head]:
    """The clusters that jobs were submitted to so far."""
    return []


@pytest.fixture
def cluster(servers: ExitStack, bucket: Bucket | None, heads: list[Head]) -> Head:
    """A cluster of one CPU that jobs are submitted to; after a test that kills it, another one."""
    if not heads or not heads[-1].node.lives:
        known = bucket.environment if bucket else {}
        heads.append(servers.enter_context(head(1, SALT=SECRET, **known)))
    return heads[-1]


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
