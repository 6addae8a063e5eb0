import re
import subprocess
import sys

import pytest

from ingest.core.errors import ConfigError
from ingest.work.memory import refuse_crowded, share_of, used_bytes

MEBIBYTE = 1024 * 1024
GUARDED = """
import sys
from ingest.work.memory import guard, used_bytes
guard(used_bytes() + 1024 * 1024 * 1024, lambda used: print("used", used, flush=True))
kept = []
while True:
    kept.append({step})
"""


def test_each_worker_has_the_same_share():
    assert share_of(1024 * MEBIBYTE, 4) == 256 * MEBIBYTE


def test_a_share_that_no_worker_can_keep_to_is_refused():
    with pytest.raises(ConfigError, match=r"256.0MiB for 2 workers: 128.0MiB for each"):
        share_of(256 * MEBIBYTE, 2)


def test_more_workers_than_this_machine_has_room_for_are_refused_if_they_are_asked_for():
    with pytest.raises(ConfigError, match=r"Write execution.workers=(\d+) or less") as refused:
        refuse_crowded(10_000_000, None)
    most = int(re.search(r"=(\d+) or less", str(refused.value))[1])
    refuse_crowded(most, None)
    with pytest.raises(ConfigError):
        refuse_crowded(most + 1, None)
    refuse_crowded(None, None)


def test_what_a_process_uses_grows_with_what_it_holds():
    before = used_bytes()
    held = b"x" * (64 * MEBIBYTE)

    assert used_bytes() - before > 0.9 * len(held)


@pytest.mark.parametrize("step", ["bytes(1000)", "b'x' * 4_000_000", "[None] * 1000"])
def test_a_process_that_exceeds_its_share_says_so_and_ends(step):
    done = subprocess.run(
        [sys.executable, "-c", GUARDED.replace("{step}", step)],
        check=False,
        capture_output=True,
        text=True,
        timeout=30,
    )

    assert done.returncode == 1
    assert done.stdout.startswith("used ")
    assert done.stderr == ""


def test_what_goes_far_beyond_the_share_at_once_is_refused_by_the_system():
    done = subprocess.run(
        [sys.executable, "-c", GUARDED.replace("{step}", "b'x' * (1 << 40)")],
        check=False,
        capture_output=True,
        text=True,
        timeout=30,
    )

    assert done.stderr.endswith("MemoryError\n")
