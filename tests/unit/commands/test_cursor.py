"""`ingest cursor`, and what the other commands say of a job that reads only new files."""

import json
import os
from pathlib import Path

import pytest

from ingest.driver.holding import leases
from ingest.storage.objects import LocalStore
from ingest.testing.golden import read_rows
from tests.first_hour.orders import typed
from tests.recovery.jobs import make_job

JOB = """# @package _global_
name: orders
owner: me@example.org
description: For a test.
source: {type: csv, path: in, incremental: files}
contract: {columns: {n: int64}}
sink: {type: parquet, path: out, write_disposition: append}
cluster: {type: inline}
"""
LOOKUP = "{type: lookup, key: n, reference: {type: csv, path: in, incremental: files}}"


@pytest.fixture
def shop(tmp_path, monkeypatch, capsys):
    """Return a folder with a job over two files, and a function that types commands there."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "conf" / "job").mkdir(parents=True)
    (tmp_path / "conf" / "job" / "orders.yaml").write_text(JOB)
    (tmp_path / "in").mkdir()
    for number, name in enumerate(["old.csv", "new.csv"]):
        (tmp_path / "in" / name).write_text(f"n\n{number}\n")
    os.utime(tmp_path / "in" / "old.csv", (1_700_000_000, 1_700_000_000))

    def type_(*words, code=0):
        result = typed(capsys, *words)
        assert result.code == code, result.err
        return result.out if code == 0 else result.err

    return type_


def rows():
    return sorted(int(row[1:-1]) for row in read_rows(Path("out"), "parquet")[1:])


def test_what_commands_say_when_nothing_is_new(shop):
    assert "left out" not in shop("plan", "orders")
    shop("run", "orders")

    assert shop("run", "orders").startswith(
        "orders: nothing new: earlier runs have read 2 files. Run "
    )
    assert "2 files not read: read and published by earlier runs" in shop("plan", "orders")
    page = json.loads(shop("plan", "orders", "--json"))
    assert (page["files"], page["left_out"], page["partitions"]) == (0, 2, 0)
    preview = shop("preview", "orders")
    assert "2 files left out: read by earlier runs" in preview
    assert "nothing new" in preview
    assert "of 2 records: 2 written" in shop("preview", "orders", "source.incremental=null")
    assert shop("validate") == "orders: ok\n1 of 1 job is valid\n"


def test_status_and_verify_of_a_run_that_found_nothing_new(shop):
    shop("run", "orders")
    shop("run", "orders")
    first, second = (page["run_id"] for page in json.loads(shop("status", "--json")))

    assert "cursor: 2 files added, 2 in all (entry 1)" in shop("status", first)
    assert "left out: 2 files, read by earlier runs" in shop("status", second)
    assert "nothing was new, so it has published nothing. OK" in shop("verify", second)
    assert "2 rows in" in shop("verify", first)


def test_the_cursor_is_shown(shop):
    assert "No run was published there yet" in shop("cursor", "show", "orders")
    shop("run", "orders")

    out = shop("cursor", "show", "orders")
    assert out.splitlines()[0].startswith("orders: 2 files read and published to ")
    assert "run 20" in out
    page = json.loads(shop("cursor", "show", "orders", "--json"))
    assert page["files"] == 2
    assert page["entries"][0]["about"]["user"]
    files = shop("cursor", "show", "orders", "--files").split()
    assert [file.rpartition("/")[2] for file in sorted(files)] == ["new.csv", "old.csv"]


def test_files_are_marked_as_read(shop):
    said = "orders: 1 of 2 files {} as read"
    dry = shop("cursor", "set", "orders", "--before", "2024-01-01", "--dry-run")
    assert dry == f"{said.format('would be marked')}. Nothing was changed (--dry-run)\n"
    assert shop("cursor", "set", "orders", "--before", "2024-01-01") == (
        f"{said.format('marked')}\n"
    )
    shop("run", "orders")
    assert rows() == [1]

    page = json.loads(shop("cursor", "set", "orders", "--matching", "o*.csv", "--json"))
    assert page == {"marked": 0, "listed": 2, "already": 1, "entry": None, "dry_run": False}
    history = json.loads(shop("cursor", "show", "orders", "--json"))["entries"]
    assert [entry["by"] for entry in history] == ["set", "run"]
    assert history[0]["about"]["before"] == "2024-01-01T00:00:00+00:00"


def test_all_of_now_is_marked_as_read(shop):
    assert shop("cursor", "set", "orders") == "orders: 2 of 2 files marked as read\n"
    assert "nothing new: earlier runs have read 2 files" in shop("run", "orders")


def test_a_folder_that_was_moved_is_marked_as_read(shop, tmp_path):
    shop("run", "orders")
    (tmp_path / "in").rename(tmp_path / "moved")
    there = "source.path=moved"

    assert "2 files may be renamed" in shop("run", "orders", there, code=2)
    shop("cursor", "set", "orders", there)
    assert "nothing new: earlier runs have read 2 files" in shop("run", "orders", there)


def test_after_a_reset_all_is_read_again(shop):
    assert "no file counts as read" in shop("cursor", "reset", "orders")
    shop("run", "orders")
    assert "2 files would be forgotten" in shop("cursor", "reset", "orders", "--dry-run")
    assert "append adds their rows again" in shop("cursor", "reset", "orders")

    shop("run", "orders")

    assert rows() == [0, 0, 1, 1]
    shown = json.loads(shop("cursor", "show", "orders", "--json"))
    assert [entry["by"] for entry in shown["entries"]] == ["reset", "run", "reset", "run"]
    assert shown["files"] == 2


def test_a_job_that_becomes_incremental_says_which_files_it_has_read(shop):
    shop("run", "orders", "source.incremental=null")

    said = shop("run", "orders", code=2)
    assert "contains rows of earlier runs of this job" in said
    assert said == shop("plan", "orders", code=2)
    shop("cursor", "set", "orders")
    assert "nothing new" in shop("run", "orders")
    assert rows() == [0, 1]


def test_or_that_all_are_to_be_read_again(shop):
    shop("run", "orders", "source.incremental=null")
    shop("cursor", "reset", "orders")

    shop("run", "orders")

    assert rows() == [0, 0, 1, 1]


def test_a_changed_job_is_checked_although_nothing_is_new(shop):
    shop("run", "orders")
    keep, steps = "{type: select, columns: [n]}", "transforms=[{{type: filter, where: {}}}, {}]"
    named = steps.format("_file_name IS NOT NULL", keep)

    assert "nothing new" in shop("run", "orders", "source.include_file_columns=true", named)
    assert "_file_name" in shop("run", "orders", named, code=2)


def test_no_change_while_a_run_holds_the_job(shop, tmp_path):
    job = make_job(tmp_path)
    with leases(LocalStore(tmp_path / ".ingest"), job):
        assert 'job "orders": in use by' in shop("cursor", "set", "orders", code=1)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("show", "orders", "source.incremental=null"), "has no cursor: each run reads all of its"),
        (("set", "orders", "--before", "soon"), '"soon": not a date or time'),
        (("reset", "orders", "--matching", "*"), "are for set, not for reset"),
        (("show", "orders", "sink.write_disposition=overwrite"), "would leave only its own rows"),
        (("show", "orders", "source.incremental=file"), "files"),
        (("show", "orders", f"transforms=[{LOOKUP}]"), "a lookup reads its whole table"),
    ],
)
def test_mistakes(shop, words, said):
    assert said in shop("cursor", *words, code=2)


def test_overwrite_is_refused_with_its_line_before_anything_runs(shop, tmp_path):
    file = tmp_path / "conf" / "job" / "orders.yaml"
    file.write_text(JOB.replace("append", "overwrite"))

    said = shop("validate", code=2)

    assert said.startswith("conf/job/orders.yaml:7: sink.write_disposition: overwrite replaces")


def test_a_run_whose_cursor_was_changed_is_not_proposed_to_be_finished(shop):
    Path("in/new.csv").write_text("n\nbad\n")
    shop("run", "orders", code=1)
    (run,) = json.loads(shop("status", "--json"))
    shop("cursor", "set", "orders", "--matching", "old*")

    said = shop("resume", run["run_id"], code=1)

    assert "the job's cursor was changed by ingest cursor set" in said
    assert said.endswith("To start over: ingest run orders\n")
    assert "restored" not in said
