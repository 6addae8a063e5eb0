"""A cursor is a sequence of entries: each added once, few segments, the newest version first."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.core.errors import FatalError
from ingest.records import cursors
from ingest.records.cursors import FILES, Cursor, Move
from ingest.storage.objects import LocalStore


def frame(names, version="v1"):
    rows = [(f"in/{name}", 9, version) for name in names]
    return pl.DataFrame(rows, schema=FILES, orient="row")


def move(number, base, **options):
    return Move(token=f"run{number}", base=base, by="run", **options)


def cursor_at(place):
    return Cursor(LocalStore(place), "orders", "/data/orders")


def newest(cursor):
    """Return each file of the cursor with the version that counts."""
    last, versions = cursor.last(), {}
    for part in cursor.files(last):
        for uri, _, version in part.iter_rows():
            versions.setdefault(uri.removeprefix("in/"), version)
    return versions


def test_an_entry_takes_over_what_the_one_before_has(tmp_path):
    cursor = cursor_at(tmp_path)
    cursor.move(move(1, 0), lambda: [frame(["a", "b"])])
    entry = cursor.move(move(2, 1, known=1), lambda: [frame(["b", "c"], "v2")])

    assert (entry.number, entry.added, entry.files) == (2, 2, 3)
    assert newest(cursor) == {"a": "v1", "b": "v2", "c": "v2"}


def test_a_move_is_made_once_however_often_and_late(tmp_path):
    cursor = cursor_at(tmp_path)
    for number in range(1, 4):
        cursor.move(move(number, number - 1), lambda: [frame("a")])

    again = [cursor.move(move(number, number - 1), lambda: [frame("a")]) for number in (1, 2, 3)]

    assert [entry.number for entry in again] == [1, 2, 3]
    assert cursor.number() == 3


def test_one_that_finds_its_place_taken_goes_behind(tmp_path):
    cursor = cursor_at(tmp_path)
    cursor.move(move(1, 0), lambda: [frame("ab")])
    cursor.move(Move("hand", 1, "set"), lambda: [frame("bc")])

    entry = cursor.move(move(2, 1, known=1), lambda: [frame("bd")])

    assert (entry.number, entry.files) == (3, 4), "counted again, for it was decided on another"
    assert set(newest(cursor)) == set("abcd")


def test_a_lost_answer_is_read_back(tmp_path):
    class Losing(LocalStore):
        def create(self, name, data):
            return super().create(name, data) and not name.endswith("000001.json")

    cursor = Cursor(Losing(tmp_path), "orders", "/data/orders")
    assert cursor.move(move(1, 0), lambda: [frame("a")]).number == 1
    assert cursor.number() == 1


def test_a_reset_drops_files_and_keeps_history(tmp_path):
    cursor = cursor_at(tmp_path)
    cursor.move(move(1, 0), lambda: [frame("ab")])
    entry = cursor.move(Move("hand", 1, "reset", drops=True), tuple)

    assert (entry.files, entry.segments) == (0, ())
    assert [entry.by for entry in cursor.entries()] == ["run", "reset"]


@given(st.lists(st.lists(st.sampled_from("abcdefgh"), max_size=6, unique=True), max_size=12))
def test_it_has_the_last_version_of_each_file_in_few_segments(tmp_path_factory, runs):
    cursor, expected = cursor_at(tmp_path_factory.mktemp("state")), {}
    for number, names in enumerate(runs, start=1):
        known = len(expected.keys() & set(names))
        expected |= dict.fromkeys(names, f"v{number}")
        files = [frame(names, f"v{number}")]
        cursor.move(move(number, number - 1, known=known), lambda files=files: files)
    if runs:
        assert newest(cursor) == expected
        assert cursor.last().files == len(expected)
        assert len(cursor.last().segments) <= 4


def test_large_segments_are_cut_and_never_written_again(tmp_path, monkeypatch):
    monkeypatch.setattr(cursors, "SEGMENT_FILES", 10)
    cursor = cursor_at(tmp_path)
    cursor.move(move(1, 0), lambda: [frame(range(25)), frame(range(25, 32))])
    cursor.move(move(2, 1), lambda: [frame(range(32, 34))])

    segments = cursor.last().segments
    assert [segment.files for segment in segments] == [10, 10, 10, 4]
    assert all("run1" in segment.name for segment in segments[:3])
    assert len(newest(cursor)) == 34


def test_cleaning_leaves_what_the_last_entry_names(tmp_path):
    cursor = cursor_at(tmp_path)
    for number in range(1, 6):
        files = frame([number])
        cursor.move(move(number, number - 1), lambda files=files: [files])
    before = newest(cursor)
    assert len(list(tmp_path.rglob("*.parquet"))) == 5

    cursors.trim(LocalStore(tmp_path), ["orders"])

    assert newest(cursor) == before
    assert len(list(tmp_path.rglob("*.parquet"))) == len(cursor.last().segments)


@pytest.mark.parametrize("text", ["{", "[]", '{"format": 9, "segments": []}'])
def test_a_damaged_entry_is_refused(tmp_path, text):
    cursor = cursor_at(tmp_path)
    (tmp_path / cursor.folder).mkdir(parents=True)
    (tmp_path / cursor.folder / "000001.json").write_text(text)

    with pytest.raises(FatalError, match=r"000001\.json: "):
        cursor.last()


def test_a_missing_segment_is_refused(tmp_path):
    cursor = cursor_at(tmp_path)
    entry = cursor.move(move(1, 0), lambda: [frame("a")])
    next(tmp_path.rglob("*.parquet")).unlink()

    with pytest.raises(FatalError, match="the cursor is damaged: the file is missing"):
        list(cursor.files(entry))
