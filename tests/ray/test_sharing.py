"""Several runs on one cluster: how they share it, and what the end of one is to another."""

import time

import pytest

from tests.chaos.servers import new_bucket
from tests.ray.head import head
from tests.ray.journey import Journey

pytestmark = [pytest.mark.ray, pytest.mark.slow, pytest.mark.timeout(400)]
WINDOW_S = 4.0  # each worker completes something within it
SETTLED_S = 60.0


LONG = 300  # partitions of a second: more than a test takes


@pytest.fixture
def prepare(s3, tmp_path):
    """Make jobs of so many partitions of a second."""

    def prepare(name, number):
        (tmp_path / name).mkdir()
        return Journey.prepare(tmp_path / name, new_bucket(s3), number, seconds=1.0)

    return prepare


def await_shares(one: Journey, other: Journey, expected: tuple[int, int]) -> float:
    """Wait until each has so many workers that complete something; return how long it took."""
    began = time.monotonic()
    while (seen := (one.pids(WINDOW_S), other.pids(WINDOW_S))) != expected:
        assert time.monotonic() - began < SETTLED_S, seen
        time.sleep(0.2)
    return time.monotonic() - began


def test_runs_share_a_cluster_by_weight_and_ask_for_what_they_need(prepare):
    light, heavy = prepare("light", LONG), prepare("heavy", LONG)
    with head(4, **light.bucket.environment) as cluster:
        first = light.submit(cluster)
        light.await_work(8)
        await_shares(light, heavy, (4, 0))
        second = heavy.submit(cluster, "execution.weight=3")
        heavy.await_work(1)
        print("shared_s", await_shares(light, heavy, (1, 3)))
        asked, _ = light.asked(cluster)
        time.sleep(2 * WINDOW_S)
        assert (light.pids(WINDOW_S), heavy.pids(WINDOW_S)) == (1, 3)
        assert 0 < asked <= 32  # some 250 partitions of a second each, two runs: 30 s for each CPU
        heavy.hurry()
        heavy.check(second)
        print("returned_s", await_shares(light, heavy, (4, 0)))
        light.hurry()
        light.check(first)
        assert light.extra == heavy.extra == 0
        assert light.asked(cluster)[0] == 0


def test_a_run_that_runs_out_of_memory_does_not_fail_another(prepare):
    good, bad = prepare("good", LONG), prepare("bad", 2)
    (bad.here / "jobs/journey/functions.py").write_text(
        "def twice(rows):\n"
        "    kept = []\n"
        "    while True:\n"
        "        kept.append(bytearray(b'x') * (1 << 24))\n"
    )
    with head(2, **good.bucket.environment) as cluster:
        process = good.submit(cluster)
        good.await_work(2)
        other = bad.submit(cluster, "execution.max_memory=1GiB", "execution.max_poison_rows=0")
        other.communicate(timeout=240)
        assert process.poll() is None
        good.hurry()
        good.check(process)
    assert other.returncode == 1
    assert (
        "failed after 4 tries: used more than its share of 512.0MiB"
        in (bad.here / "said.log").read_text()
    )
    assert good.extra == 0
