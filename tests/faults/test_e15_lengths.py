"""E15: names and paths that would be too long are refused before anything runs."""

import pathlib
from pathlib import Path

import pytest

from ingest.sinks.directory.local.lengths import too_long
from ingest.sinks.directory.local.paths import Paths
from tests.faults.state import assert_done, assert_refused

BAD = {"on_error": "quarantine"}


def deep(state, size):
    """Return a folder whose path has so many bytes."""
    path = str(state.place)
    while len(path) < size - 201:
        path += "/" + "d" * 150
    return path + "/" + "e" * (size - len(path) - 1)


@pytest.mark.parametrize("command", ["plan", "run"])
@pytest.mark.parametrize(
    ("name", "contract"),
    [
        ("n" * 249, {}),
        ("n" * 255, {}),
        ("n" * 400, {}),
        ("ä" * 125, {}),
        ("n" * 240, BAD),
        ("short", {**BAD, "quarantine": {"path": "q" * 250}}),
    ],
)
def test_a_name_that_leaves_no_room_for_its_staging_folder(state, command, name, contract):
    state.describe(sink={"path": name}, contract=contract)
    assert_refused(getattr(state, command)(), "path: ", "a name of ", "Choose a shorter name")
    assert sorted(path.name for path in state.place.iterdir()) == ["conf", "in"]


@pytest.mark.parametrize("disposition", ["append", "overwrite"])
def test_the_longest_name_that_is_taken_can_be_published_twice(state, disposition):
    name = "n" * (255 - len(".ingest-"))
    state.describe(sink={"path": name, "write_disposition": disposition})
    assert_done(state.run())
    assert_done(state.run())
    assert len(state.ids(name)) == (4 if disposition == "append" else 2)
    assert state.verify(state.last()).code == 0


@pytest.mark.parametrize("command", ["plan", "run"])
@pytest.mark.parametrize("size", [4060, 4095, 5000])
def test_a_path_that_leaves_no_room_for_files(state, command, size):
    state.describe(sink={"path": deep(state, size)})
    result = getattr(state, command)()
    assert_refused(result, "files in it would have paths of up to ", "a shorter path")
    assert len(result.err) < 1000, "a path of thousands of characters is not written out"


def longest(state, folder=""):
    """Return the longest path that is not refused."""
    sizes = range(4094, 3000, -1)
    paths = (deep(state, size) for size in sizes)
    return next(path for path in paths if not too_long(Paths(Path(path)), "parquet", folder))


def test_the_longest_path_that_is_taken_can_be_published_twice(state):
    path = longest(state)
    state.describe(sink={"path": path + "e"})
    assert state.plan().code == 2
    state.describe(sink={"path": path})
    assert_done(state.run())
    assert_done(state.run())
    assert state.verify(state.last()).code == 0


@pytest.mark.parametrize("disposition", ["append", "overwrite", "overwrite_partitions"])
def test_a_value_that_makes_a_path_too_long_fails_before_the_commit(state, disposition):
    sink = {"partition_by": ["name"], "write_disposition": disposition}
    path = longest(state, "name=_")[:-10]
    state.write("in/orders/b.csv", f"id,name\n3,{'v' * 240}\n")
    state.describe(sink={"path": path, **sink})
    result = state.run()
    assert result.code == 1
    assert 'sink.partition_by: "name=vvv' in result.err
    assert "would have paths of up to" in result.err
    assert all(event.name != "publish_begin" for event in state.events())
    assert not pathlib.Path(path).exists()


def test_a_value_that_makes_a_name_too_long_fails_before_the_commit(state):
    state.write("in/orders/b.csv", f"id,name\n3,{'v' * 251}\n")
    state.describe(sink={"partition_by": ["name"]})
    result = state.run()
    assert result.code == 1
    assert 'column "name" contains a value whose folder name would have 256 bytes' in result.err
    assert all(event.name != "publish_begin" for event in state.events())


@pytest.mark.parametrize("size", [4000, 5000])
def test_a_state_whose_path_is_too_long(state, size):
    state.describe(state=deep(state, size))
    assert_refused(state.run(), "state: ", "Choose a shorter path")
