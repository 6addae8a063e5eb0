"""The strip of partitions, for a few of them and for very many."""

from datetime import UTC, datetime

from benchmarks.scripts.recorded import Recorded
from ingest.storage.objects import LocalStore
from ingest.watch.page.following import Followed
from ingest.watch.page.strip import strip

THEN = datetime(2026, 11, 1, tzinfo=UTC)


def drawn(folder, **changes):
    run = Recorded("demo", THEN, ending="", **changes)
    run.write(folder)
    followed = Followed(LocalStore(folder), run.run_id, "demo")
    while followed.is_behind:
        followed.pull()
        followed.take()
    return strip(followed)


def test_each_partition_has_a_cell_with_what_happened_to_it(tmp_path):
    cells = drawn(tmp_path, partitions=4, completed=3, retrying=3, rejecting=2).cells
    assert [cell.classes for cell in cells] == ["c4 r q", "c4", "c4 q", "c0"]
    assert cells[2].title == "partition 2: 1 completed, 1 with rejected rows"


def test_cells_of_a_long_run_stand_for_several(tmp_path):
    long = drawn(tmp_path, partitions=1_000, completed=500)
    assert len(long.cells) <= 400
    assert sum(cell.completed for cell in long.cells) == long.whole.completed == 500
    assert sum(cell.waiting for cell in long.cells) == 500
    assert {cell.level for cell in long.cells} == {0, 2, 4}
    assert (
        long.label
        == "1,000 partitions in the plan. partitions 0 to 999: 500 completed, 500 waiting"
    )
