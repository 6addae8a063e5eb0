"""Publishing to a Delta table, killed before and after each of its steps, and started again."""

import functools

import pytest

from ingest.sinks.table.log import Log
from ingest.sinks.table.place import FolderPlace
from ingest.sinks.table.question import Question, _Child
from ingest.testing.faults import Crash
from tests.unit.sinks.test_delta import RUNS, prepared, sink_at, version
from tests.unit.sinks.test_delta_merge import NEW, OLD, merging, seen

STEPS = [
    (FolderPlace, ("names", "read", "size", "remove", "sync_log")),
    (Log, ("commit", "add_columns", "files", "has")),
]
ASKING = [(Question, ("tell", "answers"))]
ROWS = {
    "append": sorted([*OLD.rows(), *NEW.rows()], key=str),
    "overwrite": sorted(NEW.rows()),
    "merge": [(1, "a", 10), (2, "b", 21), (3, None, 30), (4, "a", 41)],
}


class Killing:
    """Counts the steps of a driver, and ends it at one of them: before it is done, or after."""

    def __init__(self, monkeypatch, among):
        self.steps, self.dies_at, self.after = 0, 0, False
        for kind, names in among:
            for name in names:
                monkeypatch.setattr(kind, name, self.counted(getattr(kind, name)))

    def counted(self, step):
        @functools.wraps(step)
        def counted(*args, **options):
            self.steps += 1
            dies = self.steps == self.dies_at
            if dies and not self.after:
                raise Crash
            result = step(*args, **options)
            if dies:
                raise Crash
            return result

        return counted

    def run(self, act, dies_at=0, after=False):
        self.steps, self.dies_at, self.after = 0, dies_at, after
        return act()


@pytest.mark.parametrize(
    ("disposition", "among"),
    [
        ("append", STEPS),
        ("overwrite", STEPS),
        ("merge", STEPS),
        # each time another process is to be started that reads the rows
        pytest.param("merge", ASKING, marks=pytest.mark.slow),
    ],
)
def test_whatever_step_a_driver_dies_at_the_next_one_ends_with_the_same_rows(
    tmp_path, disposition, among, monkeypatch
):
    killing = Killing(monkeypatch, among)

    def sink(place):
        return merging(place) if disposition == "merge" else sink_at(place, disposition)

    def begun(place):
        first = sink_at(place)
        first.publish(prepared(first, RUNS[0], OLD))
        return prepared(sink(place), RUNS[1], NEW)

    lines = begun(tmp_path / "whole")
    whole = killing.run(lambda: sink(tmp_path / "whole").publish(lines))
    steps = killing.steps
    assert steps > 2
    for at in range(1, steps + 1):
        for after in (False, True):
            place = tmp_path / f"{at}-{after}"
            lines = begun(place)
            with pytest.raises(Crash):
                killing.run(lambda: sink(place).publish(lines), at, after)  # noqa: B023
            published = killing.run(lambda: sink(place).publish(lines))  # noqa: B023
            assert published == whole
            assert (sorted(seen(place), key=str), version(place)) == (
                sorted(ROWS[disposition], key=str),
                1,
            )


def test_the_process_that_reads_rows_ends_with_the_driver():
    child = _Child()
    child.process.stdin.close()
    assert child.process.wait(30) in {0, 1}
    child.said.close()
    child.process.stdout.close()
