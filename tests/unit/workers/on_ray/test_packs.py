"""What an execution has not answered, and for how long partitions have been worked."""

import time

from ingest.workers.on_ray.packs import OpenPacks
from tests.pools.obedient import assignments


def test_packs_are_counted_on_and_open_until_they_are_closed():
    work = assignments(["ok"] * 4)
    packs = OpenPacks()
    assert packs.add([work[:2], work[2:3]]) == 0
    assert packs.add([work[3:]]) == 2

    assert packs.close(1)
    assert not packs.close(1)

    assert (packs.next, packs.of(1)) == (3, ())
    assert packs.unanswered() == [work[:2], work[3:]]


def test_each_partition_of_a_pack_has_its_part_of_the_time():
    work = assignments(["ok"] * 3)
    packs = OpenPacks()
    packs.add([work[:2], work[2:]])

    assert packs.begun({0: 10.0, 1: 4.0, 7: 99.0}) == 5.0
    assert 5.0 <= packs.worked_s(work[0].key) < 6.0
    assert 4.0 <= packs.worked_s(work[2].key) < 5.0

    packs.close(0)
    time.sleep(0.01)
    assert packs.worked_s(work[0].key) == 0.0
    assert packs.worked_s(work[2].key) > 4.0
