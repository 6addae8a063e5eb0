"""Only new files: rows in, run, new file, run, rows out; killed, raced, resumed, reset."""

import os
import shutil

import fsspec
import pytest

from ingest.core.errors import ConfigError, FatalError, FencedError, StalePlanError
from ingest.driver.marking import held, reset
from ingest.driver.publishing.publish import prepared
from ingest.records.cursors import Cursor
from ingest.records.history import History
from ingest.records.reader import Reader
from ingest.records.runs import Runs
from ingest.storage.objects import LocalStore
from ingest.testing.golden import read_rows
from tests.recovery.jobs import debris, make_job, phase, work


def write(place, name, *numbers):
    (place / "in").mkdir(exist_ok=True)
    (place / "in" / name).write_text("n\n" + "".join(f"{number}\n" for number in numbers))


def job_at(place, sink="out", *, source=None, **changes):
    return make_job(
        place,
        source={"type": "csv", "path": str(place / "in"), "incremental": "files", **(source or {})},
        transforms=[],
        sink={"type": "parquet", "path": str(place / sink), "write_disposition": "append"},
        **{"contract": {"columns": {"n": "int64"}}, **changes},
    )


def rows(place, sink="out"):
    return sorted(int(row[1:-1]) for row in read_rows(place / sink, "parquet")[1:])


def cursor(place, sink="out"):
    return Cursor(LocalStore(place / "state"), "orders", str(place / sink))


def test_each_run_adds_the_rows_of_new_files(tmp_path):
    write(tmp_path, "a.csv", 1, 2)
    work(job_at(tmp_path))
    write(tmp_path, "b.csv", 3)

    receipt = work(job_at(tmp_path))

    assert rows(tmp_path) == [1, 2, 3]
    assert receipt["inputs"]["files"] == receipt["inputs"]["left_out"] == 1
    assert receipt["inputs"]["remarks"] == ["1 file not read: read and published by earlier runs"]
    assert receipt["effects"]["cursor"]["facts"] == {"entry": 2, "files": 1, "total": 2}
    assert list(receipt["effects"]) == ["main", "cursor"]


def test_nothing_new_is_a_run_without_rows_that_publishes_nothing(tmp_path):
    write(tmp_path, "a.csv", 1)
    job = job_at(tmp_path, contract={"columns": {"n": "int64"}, "min_records": 1})
    work(job)
    before = sorted(tmp_path.glob("out/*"))

    receipt = work(job)

    assert receipt["inputs"]["nothing_new"]
    assert receipt["books"] == []
    assert receipt["effects"] == {}
    assert receipt["outputs"]["main"]["rows"] == 0
    assert sorted(tmp_path.glob("out/*")) == before
    assert sorted(tmp_path.glob(".ingest-out/manifests/*")) != []
    assert cursor(tmp_path).number() == 1
    assert phase(tmp_path) == "done"


def test_an_emptied_folder_is_nothing_new_and_a_wrong_path_is_a_mistake(tmp_path):
    write(tmp_path, "a.csv", 1)
    work(job_at(tmp_path))
    shutil.rmtree(tmp_path / "in")
    (tmp_path / "in").mkdir()

    assert work(job_at(tmp_path))["inputs"]["nothing_new"]
    with pytest.raises(ConfigError, match="no such file or folder"):
        work(job_at(tmp_path, source={"path": str(tmp_path / "inn")}))
    write(tmp_path, "b.csv", 2)
    work(job_at(tmp_path))
    assert rows(tmp_path) == [1, 2]


@pytest.mark.parametrize("on_changed", ["fail", "read", "ignore"])
def test_a_file_that_changed(tmp_path, on_changed):
    write(tmp_path, "a.csv", 1)
    write(tmp_path, "b.csv", 2)
    source = {"incremental": {"type": "files", "on_changed": on_changed}}
    work(job_at(tmp_path, source=source))
    write(tmp_path, "a.csv", 1, 10)
    write(tmp_path, "c.csv", 3)

    if on_changed == "fail":
        with pytest.raises(ConfigError, match=r"1 file changed .*a\.csv is now .*on_changed: read"):
            work(job_at(tmp_path, source=source))
        assert rows(tmp_path) == [1, 2]
        return
    work(job_at(tmp_path, source=source))

    assert rows(tmp_path) == ([1, 1, 2, 3, 10] if on_changed == "read" else [1, 2, 3])
    assert cursor(tmp_path).last().files == 3
    assert work(job_at(tmp_path, source=source))["inputs"]["nothing_new"]


def test_a_file_that_is_put_back_has_changed_again(tmp_path):
    write(tmp_path, "a.csv", 1)
    old = (tmp_path / "in" / "a.csv").stat().st_mtime_ns
    source = {"incremental": {"type": "files", "on_changed": "read"}}
    work(job_at(tmp_path, source=source))
    write(tmp_path, "a.csv", 2)
    work(job_at(tmp_path, source=source))
    write(tmp_path, "a.csv", 1)
    os.utime(tmp_path / "in" / "a.csv", ns=(old, old))

    work(job_at(tmp_path, source=source))

    assert rows(tmp_path) == [1, 1, 2]


def test_a_touched_inode_is_no_change_between_runs(tmp_path):
    write(tmp_path, "a.csv", 1)
    work(job_at(tmp_path))
    (tmp_path / "in" / "a.csv").chmod(0o600)
    os.link(tmp_path / "in" / "a.csv", tmp_path / "backup")

    assert work(job_at(tmp_path))["inputs"]["nothing_new"]


def test_a_file_that_may_be_renamed_is_refused_unless_it_is_said_to_be_read(tmp_path):
    write(tmp_path, "a.csv", 1)
    work(job_at(tmp_path))
    (tmp_path / "in" / "a.csv").rename(tmp_path / "in" / "z.csv")

    with pytest.raises(ConfigError, match=r"1 file may be renamed: .*z\.csv.*ingest cursor set"):
        work(job_at(tmp_path))
    source = {"incremental": {"type": "files", "on_changed": "read"}}
    receipt = work(job_at(tmp_path, source=source))

    assert rows(tmp_path) == [1, 1]
    assert "may be renamed" in receipt["inputs"]["remarks"][0]


def test_a_copy_of_a_file_that_is_there_is_new(tmp_path):
    write(tmp_path, "a.csv", 1)
    work(job_at(tmp_path))
    shutil.copy2(tmp_path / "in" / "a.csv", tmp_path / "in" / "b.csv")

    work(job_at(tmp_path))

    assert rows(tmp_path) == [1, 1]


def test_a_vanished_file_stays_read(tmp_path):
    write(tmp_path, "a.csv", 1)
    at = (tmp_path / "in" / "a.csv").stat().st_mtime_ns
    work(job_at(tmp_path))
    (tmp_path / "in" / "a.csv").unlink()
    write(tmp_path, "b.csv", 2)
    work(job_at(tmp_path))
    write(tmp_path, "a.csv", 1)
    os.utime(tmp_path / "in" / "a.csv", ns=(at, at))

    assert work(job_at(tmp_path))["inputs"]["nothing_new"]
    assert rows(tmp_path) == [1, 2]


def test_a_backfill_reads_older_files_and_leaves_the_cursor_in_order(tmp_path):
    write(tmp_path, "2026-02.csv", 2)
    work(job_at(tmp_path, source={"path": str(tmp_path / "in" / "2026-*.csv")}))
    write(tmp_path, "2025-12.csv", 0)

    work(job_at(tmp_path, source={"path": str(tmp_path / "in" / "2025-*.csv")}))

    assert work(job_at(tmp_path))["inputs"]["nothing_new"]
    assert rows(tmp_path) == [0, 2]


def test_files_in_a_bucket_are_known_by_their_etag_or_time(tmp_path):
    files = fsspec.filesystem("memory")
    files.pipe("/landing/a.csv", b"n\n1\n")
    source = {"path": "memory://landing"}
    work(job_at(tmp_path, source=source))
    assert work(job_at(tmp_path, source=source))["inputs"]["nothing_new"]
    files.pipe("/landing/b.csv", b"n\n2\n")
    work(job_at(tmp_path, source=source))
    files.rm("/landing", recursive=True)

    assert work(job_at(tmp_path, source=source))["inputs"]["nothing_new"]
    assert rows(tmp_path) == [1, 2]


def test_each_output_has_a_cursor_of_its_own(tmp_path):
    write(tmp_path, "a.csv", 1)
    work(job_at(tmp_path, sink="trial"))

    receipt = work(job_at(tmp_path))

    assert rows(tmp_path) == rows(tmp_path, "trial") == [1]
    assert "all files are new to" in receipt["inputs"]["remarks"][0]


def test_overwrite_is_refused(tmp_path):
    with pytest.raises(ValueError, match="each run would leave only its own rows"):
        job_at(tmp_path, sink="out").model_validate(
            {
                **job_at(tmp_path).model_dump(mode="json"),
                "sink": {"type": "parquet", "path": "out", "write_disposition": "overwrite"},
            }
        )


class Killed(BaseException):
    """The process dies here."""


class DyingStore(LocalStore):
    """A store that dies before the n-th object that is created from the run's commit on."""

    def __init__(self, root, number):
        super().__init__(root)
        self.number, self.counting = number, False

    def create(self, name, data):
        self.counting = self.counting or "/publish/" in name
        self.number -= self.counting
        if self.number == 0:
            raise Killed
        return super().create(name, data)


def test_killed_at_every_step_of_the_publish_the_rows_are_the_same(tmp_path):
    killed = []
    for number in range(1, 40):
        place = tmp_path / str(number)
        place.mkdir()
        write(place, "a.csv", 1)
        store = DyingStore(place / "state", number)
        try:
            work(job_at(place), store=store)
        except Killed:
            killed.append(phase(place))
        else:
            break
        write(place, "b.csv", 2)
        if killed[-1] != "done":
            work(job_at(place))
            assert rows(place) == [1], "the run that was killed is finished as it was planned"
        work(job_at(place))
        assert rows(place) == [1, 2]
        assert [entry.added for entry in cursor(place).entries()] == [1, 1]
        assert debris(place) == []
    assert killed.count("planned") >= 3
    assert killed.count("committed") >= 6


def test_a_failed_run_and_a_fresh_one_do_not_move_the_cursor(tmp_path):
    write(tmp_path, "a.csv", 1)
    work(job_at(tmp_path))
    write(tmp_path, "b.csv", "x")
    with pytest.raises(Exception, match="not an int64"):
        work(job_at(tmp_path))
    assert cursor(tmp_path).number() == 1
    write(tmp_path, "b.csv", 2)

    work(job_at(tmp_path), fresh=True)

    assert rows(tmp_path) == [1, 2]
    assert cursor(tmp_path).last().files == 2


def stopped_run(place, number=1):
    """Leave a run behind that died before its commit."""
    with pytest.raises(Killed):
        work(job_at(place), store=DyingStore(place / "state", number))


def test_a_resumed_run_leaves_what_arrived_since_to_the_next(tmp_path):
    write(tmp_path, "a.csv", 1)
    work(job_at(tmp_path))
    write(tmp_path, "b.csv", 2)
    stopped_run(tmp_path)
    write(tmp_path, "c.csv", 3)

    receipt = work(job_at(tmp_path))

    assert receipt["attempts"] == 2
    assert rows(tmp_path) == [1, 2]
    (warning,) = receipt["warnings"]
    assert warning.startswith("1 file is new since this run began")
    assert "a.csv" not in warning
    assert warning.endswith("To read it: ingest run orders")
    work(job_at(tmp_path))
    assert rows(tmp_path) == [1, 2, 3]


def test_a_run_whose_cursor_was_changed_by_hand_starts_over(tmp_path):
    write(tmp_path, "a.csv", 1)
    work(job_at(tmp_path))
    write(tmp_path, "b.csv", 2)
    stopped_run(tmp_path)
    store = LocalStore(tmp_path / "state")
    old = Runs(store).of_job("orders")[-1]
    with held(job_at(tmp_path), store) as at:
        reset(at)

    with pytest.raises(StalePlanError, match="cursor was changed by ingest cursor reset"):
        work(job_at(tmp_path), run_id=old)
    receipt = work(job_at(tmp_path))

    assert receipt["run_id"] != old
    assert rows(tmp_path) == [1, 1, 2], "after a reset all is read again"


def test_no_cursor_is_changed_while_a_run_is_publishing(tmp_path):
    write(tmp_path, "a.csv", 1)
    stopped_run(tmp_path, number=4)
    assert phase(tmp_path) == "committed"

    with (
        pytest.raises(ConfigError, match=r"has begun to publish .*Finish it first"),
        held(job_at(tmp_path), LocalStore(tmp_path / "state")),
    ):
        pass


def test_a_driver_that_slept_through_its_lease_moves_nothing(tmp_path):
    """It wakes at its commit, and another has taken its run over and published."""
    write(tmp_path, "a.csv", 1)

    class Sleeping(LocalStore):
        def create(self, name, data):
            if "/publish/" in name and not self.slept:
                self.slept = True
                for beat in self.root.glob("**/*.json"):
                    if "lease" in str(beat) or "targets" in str(beat):
                        beat.with_suffix(".end").touch()
                work(job_at(tmp_path))
                write(tmp_path, "b.csv", 2)
                work(job_at(tmp_path))
            return super().create(name, data)

        slept = False

    with pytest.raises((FencedError, FatalError)):
        work(job_at(tmp_path), store=Sleeping(tmp_path / "state"))

    assert rows(tmp_path) == [1, 2]
    assert [entry.added for entry in cursor(tmp_path).entries()] == [1, 1]
    assert work(job_at(tmp_path))["inputs"]["nothing_new"]


def test_a_publish_that_comes_late_and_twice_finds_its_entry(tmp_path):
    from ingest.driver.publishing.cursor import MovedCursor

    for number, name in enumerate(["a.csv", "b.csv", "c.csv"]):
        write(tmp_path, name, number)
        work(job_at(tmp_path))
    store = LocalStore(tmp_path / "state")
    for run_id in Runs(store).of_job("orders"):
        history = History.of(Reader(store, run_id).events())
        lines = prepared(store, run_id, history, "cursor")
        published = MovedCursor(job_at(tmp_path), store).publish(lines)
        assert dict(published.facts) == history.published["cursor"].facts

    assert cursor(tmp_path).number() == 3
