"""Publishing into a directory, cut off after each of its steps, repeated, and made too late."""

import itertools
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest

from ingest.core.errors import FatalError
from ingest.sinks.base import Line
from ingest.sinks.directory import manifest
from ingest.sinks.directory.local.place import Folder
from ingest.sinks.directory.plan import PublishPlan, Put
from ingest.sinks.jsonl import Jsonl
from ingest.storage import tree
from ingest.testing.sinks import delivery
from tests.injectors.power import PowerCut

OLD = pl.DataFrame({"month": [1, 1, 2], "value": ["old 1", "old 1b", "old 2"]})
NEW = pl.DataFrame({"month": [2, 3, 3], "value": ["new 2", "new 3", "new 3b"]})
LAST = pl.DataFrame({"month": [3], "value": ["last 3"]})

EXPECTED = {
    "append": {"old 1", "old 1b", "old 2", "new 2", "new 3", "new 3b"},
    "overwrite": {"new 2", "new 3", "new 3b"},
    "overwrite by puts": {"new 2", "new 3", "new 3b"},
    "overwrite_partitions": {"old 1", "old 1b", "new 2", "new 3", "new 3b"},
}
BEFORE = {"old 1", "old 1b", "old 2"}


def sink_at(root: Path, how: str) -> Jsonl:
    return Jsonl(
        type="jsonl",
        path=str(root),
        write_disposition=how.partition(" ")[0],  # type: ignore[arg-type]
        partition_by=("month",),
    )


def staged(sink: Jsonl, rows: pl.DataFrame, run_id: str, how: str = "") -> list[Line]:
    """Stage rows as two partitions, and a try that lost, and plan to publish them."""
    sink.stage(rows.head(1), run_id, "1-0-1")
    files = [(0, file) for file in sink.stage(rows.head(1), run_id, "1-0-2")]
    files += [(1, file) for file in sink.stage(rows.tail(-1), run_id, "1-1-1")]
    lines = list(sink.prepare(files, delivery(run_id, "cut")))
    return [{**lines[0], "exchange": False}, *lines[1:]] if how.endswith("by puts") else lines


def prepared(root: Path, how: str) -> tuple[Jsonl, list[Line]]:
    """Publish the old rows, and stage the new ones."""
    first = sink_at(root, "append")
    first.publish(staged(first, OLD, "run1"))
    sink = sink_at(root, how)
    return sink, staged(sink, NEW, "run2", how)


def last_put(lines: list[Line]) -> Put:
    return list(PublishPlan(lines).puts())[-1]


def visible(root: Path) -> set[str]:
    """Return what a reader sees who reads every file there is."""
    return set(_values(root, tree.files(root)))


def by_manifest(root: Path) -> set[str]:
    """Return what a reader sees who goes by the manifests; fails if a listed file is gone."""
    place = Folder(root)
    every = {run_id: manifest.read(place, run_id) for run_id in place.run_ids()}
    pages = [page for run_id, page in every.items() if manifest.counts(place, run_id, page)]
    listed = {file["name"] for page in pages for file in page["files"]}
    current = sorted(listed.difference(*(page["replaced"] for page in pages)))
    assert manifest.current(Folder(root)) == current, "nothing is left out because it is gone"
    return set(_values(root, current))


def beside(root: Path) -> list[str]:
    """Return what lies in the parent of a directory, the manifests of runs left out."""
    names = {str(path.relative_to(root.parent)) for path in root.parent.rglob("*")}
    manifests = Folder(root).manifests
    ours = [root, manifests, manifests.parent, *manifests.glob("run?.json"), *root.rglob("*")]
    return sorted(names - {str(path.relative_to(root.parent)) for path in ours})


def _values(root: Path, names: "Iterator[str] | list[str]") -> Iterator[str]:
    for name in names:
        yield from pl.read_ndjson(root / name)["value"]


def assert_settled(root: Path, expected: set[str]) -> None:
    values = list(_values(root, tree.files(root)))
    assert sorted(values) == sorted(expected)
    assert by_manifest(root) == expected
    assert beside(root) == [], "nothing is left beside the directory but the manifests"
    folders = [path for path in root.rglob("*") if path.is_dir()]
    assert all(any(folder.iterdir()) for folder in folders), "no folder is left empty"


def steps_of(how: str, scratch: Path) -> int:
    sink, plan = prepared(scratch / "count" / "out", how)
    return sum(1 for _ in sink.publish_steps(plan))


@pytest.mark.parametrize("how", EXPECTED)
def test_cut_after_any_step_the_next_attempt_finishes(tmp_path: Path, how: str) -> None:
    for cut in range(steps_of(how, tmp_path) + 1):
        root = tmp_path / str(cut) / "out"
        sink, plan = prepared(root, how)
        take(sink.publish_steps(plan), cut)
        assert by_manifest(root) in (BEFORE, EXPECTED[how]), "all of a run, or nothing"
        sink.publish(plan)
        assert_settled(root, EXPECTED[how])
        sink.publish(plan)
        assert_settled(root, EXPECTED[how])


@pytest.mark.parametrize("how", EXPECTED)
def test_cut_twice_the_third_attempt_finishes(tmp_path: Path, how: str) -> None:
    steps = steps_of(how, tmp_path)
    for first, second in itertools.product(range(0, steps, 2), range(steps)):
        root = tmp_path / f"{first}-{second}" / "out"
        sink, plan = prepared(root, how)
        take(sink.publish_steps(plan), first)
        take(sink.publish_steps(plan), second)
        sink.publish(plan)
        assert_settled(root, EXPECTED[how])


@pytest.mark.parametrize("last", ["append", "overwrite", "overwrite_partitions"])
@pytest.mark.parametrize("how", ["append", "overwrite by puts", "overwrite_partitions"])
def test_a_late_attempt_changes_nothing(tmp_path: Path, how: str, last: str) -> None:
    """An attempt stops at some step and wakes after another, and a new run, have published."""
    for stop in range(steps_of(how, tmp_path) + 1):
        root = tmp_path / str(stop) / "out"
        sink, plan = prepared(root, how)
        late = sink.publish_steps(plan)
        take_open(late, stop)
        sink.publish(plan)
        after = sink_at(root, last)
        after.publish(staged(after, LAST, "run3"))
        before = snapshot(root)
        for _ in late:
            pass
        assert snapshot(root) == before
        assert beside(root) == []


def test_a_late_exchange_finds_that_it_is_done(tmp_path: Path) -> None:
    root = tmp_path / "in" / "out"
    sink, plan = prepared(root, "overwrite")
    late = sink.publish_steps(plan)
    sink.publish(plan)
    sink.publish(staged(sink, LAST, "run3"))
    before = snapshot(root)
    for _ in late:
        pass
    assert snapshot(root) == before


def test_nobody_publishes_beside_a_stopped_exchange(tmp_path: Path) -> None:
    sink, plan = prepared(tmp_path / "out", "overwrite")
    stopped = sink.publish_steps(plan)
    next(stopped)
    with pytest.raises(FatalError, match=f"locked by process {os.getpid()}"):
        take(sink.publish_steps(plan, lock_wait_s=0.2), 1)
    stopped.close()
    sink.publish(plan)
    assert visible(tmp_path / "out") == EXPECTED["overwrite"]


def test_an_exchange_is_one_step_to_readers(tmp_path: Path) -> None:
    sink, plan = prepared(tmp_path / "out", "overwrite")
    seen = [visible(tmp_path / "out") for _ in sink.publish_steps(plan)]
    changes = [seen[0], *(after for before, after in itertools.pairwise(seen) if before != after)]
    assert changes == [BEFORE, EXPECTED["overwrite"]]


def test_an_exchange_is_one_step_to_readers_by_manifests(tmp_path: Path) -> None:
    """Though the manifest is written before it: until then its files lie on the other side."""
    sink, plan = prepared(tmp_path / "out", "overwrite")
    for step in sink.publish_steps(plan):
        exchanged = visible(tmp_path / "out") == EXPECTED["overwrite"]
        assert by_manifest(tmp_path / "out") == (EXPECTED["overwrite"] if exchanged else BEFORE)
        assert step != "manifest written" or not exchanged


def test_a_foreign_file_is_never_out_of_sight(tmp_path: Path) -> None:
    root = tmp_path / "out"
    sink, plan = prepared(root, "overwrite")
    (root / "notes.txt").write_text("mine")
    for step in sink.publish_steps(plan):
        assert (root / "notes.txt").exists(), step
    assert by_manifest(root) == EXPECTED["overwrite"]


def test_what_was_begun_by_puts_is_ended_by_puts(tmp_path: Path) -> None:
    """The foreign file that forbade the exchange is gone when the next attempt begins."""
    root = tmp_path / "in" / "out"
    sink, plan = prepared(root, "overwrite")
    (root / "notes.txt").write_text("mine")
    for step in (steps := sink.publish_steps(plan)):
        if step.startswith("put "):
            break
    steps.close()
    (root / "notes.txt").unlink()
    for step in sink.publish_steps(plan):
        seen = visible(root)
        assert seen >= BEFORE or seen >= EXPECTED["overwrite"], step
    assert_settled(root, EXPECTED["overwrite"])


@pytest.mark.parametrize("how", ["append", "overwrite by puts", "overwrite_partitions"])
def test_elsewhere_nothing_old_goes_before_all_new_is_there(tmp_path: Path, how: str) -> None:
    root = tmp_path / "out"
    sink, plan = prepared(root, how)
    for step in sink.publish_steps(plan):
        seen = visible(root)
        assert seen >= BEFORE or seen >= EXPECTED[how], step


@pytest.mark.parametrize("cut", range(12))
def test_a_foreign_file_that_comes_meanwhile_survives(tmp_path: Path, cut: int) -> None:
    root = tmp_path / "in" / "out"
    sink, plan = prepared(root, "overwrite")
    take(sink.publish_steps(plan), cut)
    (root / "month=1").mkdir(exist_ok=True)
    (root / "month=1" / "notes.txt").write_text("mine")
    sink.publish(plan)
    assert (root / "month=1" / "notes.txt").read_text() == "mine"
    (root / "month=1" / "notes.txt").unlink()
    (root / "month=1").rmdir()
    assert_settled(root, EXPECTED["overwrite"])


def test_a_file_that_comes_between_exchange_and_removal_goes_back(tmp_path: Path) -> None:
    root = tmp_path / "in" / "out"
    sink, plan = prepared(root, "overwrite")
    for step in (steps := sink.publish_steps(plan)):
        if step == "exchanged":
            # A writer that held the old directory open: its file is now on the other side.
            (sink.place.tree("run2") / "late.txt").write_text("mine")
            break
    steps.close()
    sink.publish(plan)
    assert (root / "late.txt").read_text() == "mine"
    (root / "late.txt").unlink()
    assert_settled(root, EXPECTED["overwrite"])


def test_a_staged_file_that_vanished_stops_the_publish(tmp_path: Path) -> None:
    for how in EXPECTED:
        root = tmp_path / how / "out"
        sink, plan = prepared(root, how)
        (sink.place.staging("run2") / last_put(plan).staged).unlink()
        with pytest.raises(FatalError, match="the staged file is gone"):
            sink.publish(plan)
        assert by_manifest(root) == BEFORE


def test_a_run_without_rows_empties_what_it_overwrites(tmp_path: Path) -> None:
    root = tmp_path / "out"
    sink, _ = prepared(root, "overwrite")
    sink.discard("run2")
    sink.publish(list(sink.prepare([], delivery("run2", "cut"))))
    assert_settled(root, set())


def test_a_run_without_files_replaces_in_one_step_too(tmp_path: Path) -> None:
    """It has no file that would say whether the swap was made: those that it replaces do."""
    for cut in range(9):
        root = tmp_path / str(cut) / "out"
        sink, _ = prepared(root, "overwrite")
        sink.discard("run2")
        plan = list(sink.prepare([], delivery("run2", "cut")))
        take(sink.publish_steps(plan), cut)
        assert visible(root) in (BEFORE, set())
        assert by_manifest(root) in (BEFORE, set())
        for step in sink.publish_steps(plan):
            assert visible(root) in (BEFORE, set()), step
        assert_settled(root, set())
        after = sink_at(root, "append")
        after.publish(staged(after, LAST, "run3"))
        sink.publish(plan)
        assert_settled(root, {"last 3"})


@pytest.mark.parametrize("last", ["append", "overwrite", "overwrite_partitions"])
@pytest.mark.parametrize("how", EXPECTED)
def test_a_run_of_another_state_publishes_between(tmp_path: Path, how: str, last: str) -> None:
    """It knows nothing of the one that was cut off, whose files that are there are not its own."""
    for cut in range(steps_of(how, tmp_path) + 1):
        root = tmp_path / str(cut) / "out"
        sink, plan = prepared(root, how)
        take(sink.publish_steps(plan), cut)
        other = sink_at(root, last)
        other.publish(staged(other, LAST, "run3"))
        assert "last 3" in visible(root)
        sink.publish(plan)
        values = list(_values(root, tree.files(root)))
        assert len(values) == len(set(values)), "no row twice"
        assert {"last 3"} <= set(values) == by_manifest(root)
        before = snapshot(root)
        sink.publish(plan)
        assert snapshot(root) == before


def test_an_exchange_whose_new_side_is_lost_removes_nothing(tmp_path: Path) -> None:
    """Its manifest stands already, which is no proof that the swap was made."""
    root = tmp_path / "out"
    sink, plan = prepared(root, "overwrite")
    for step in (steps := sink.publish_steps(plan)):
        if step == "manifest written":
            break
    steps.close()
    shutil.rmtree(sink.place.staging("run2"))
    with pytest.raises(FatalError, match="no later run has replaced it"):
        sink.publish(plan)
    assert visible(root) == BEFORE


def test_what_was_put_is_durable_before_what_it_replaces_goes(tmp_path: Path) -> None:
    """An attempt dies after its last put, the next one goes on, and the power goes."""
    sink, plan = prepared(tmp_path / "disk" / "out", "overwrite")
    (tmp_path / "disk" / "out" / "notes.txt").write_text("mine")
    with PowerCut(tmp_path / "disk") as power:
        for end in (
            f"put {last_put(plan).name}",
            f"removed {list(PublishPlan(plan).removes())[-1]}",
        ):
            for step in (steps := sink.publish_steps(plan)):
                if step == end:
                    break
            steps.close()
        power.cut()
        seen = set(_values(sink.place.root, set(tree.files(sink.place.root)) - {"notes.txt"}))
        assert seen >= EXPECTED["overwrite"]
    sink.publish(plan)
    (sink.place.root / "notes.txt").unlink()
    assert_settled(sink.place.root, EXPECTED["overwrite"])


def test_a_first_overwrite_makes_the_directory(tmp_path: Path) -> None:
    root = tmp_path / "deep" / "er" / "out"
    sink = sink_at(root, "overwrite")
    sink.publish(staged(sink, NEW, "run1"))
    assert_settled(root, EXPECTED["overwrite"])


def take(steps: Iterator[str], number: int) -> None:
    """Die after so many steps: the generator is closed, and with it goes the lock."""
    take_open(steps, number)
    steps.close()  # type: ignore[attr-defined]


def take_open(steps: Iterator[str], number: int) -> None:
    """Stop after so many steps, holding on to whatever is held."""
    for _ in itertools.islice(steps, number):
        pass


def snapshot(root: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(root)): path.read_bytes()
        for path in sorted(root.rglob("*"))
        if path.is_file()
    }
