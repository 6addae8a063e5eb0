"""Files that change, may not be touched or do not fit: the run stops, and resumes once it can."""

import os
import re
import secrets
import shutil
import subprocess

import pytest

from tests.bad_input.bench import (
    AT_ONCE,
    HEADER,
    assert_failed,
    assert_refused,
    assert_resumed,
    assert_stale,
    records,
)

ORDINARY = ("setpriv", "--bounding-set=-dac_override,-dac_read_search") if os.geteuid() == 0 else ()
"""Starts a command without the superuser's right to pass over permissions."""

ACCEPT = "execution.touched_inputs=accept"
"""What is written to go on with files that were put back or given other permissions."""

as_nobody_special = pytest.mark.skipif(
    os.geteuid() == 0 and not shutil.which("setpriv"), reason="root, and no setpriv to be less"
)


def test_a_file_that_shrinks_between_plan_and_read(bench):
    bench.stop_after(1, 3)
    file = bench.place / "in" / "2.csv"
    content, time_ns = file.read_bytes(), file.stat().st_mtime_ns
    file.write_bytes(content[:20])
    said = f"{file}: was {len(content)} bytes written 20"
    assert_stale(bench, bench.run(), said, "now 20 bytes", "restore the files as they were")
    file.write_bytes(content)
    os.utime(file, ns=(time_ns, time_ns))
    assert_stale(bench, bench.run(), "1 input file was touched", said, ACCEPT, "--fresh")
    assert_resumed(bench, 12, ACCEPT)


@pytest.mark.parametrize("again", [(), ("--fresh",)])
def test_a_file_that_changes_is_planned_again_by_the_next_run(bench, again):
    bench.stop_after(1, 3)
    bench.write("2.csv", HEADER + records(2, 6))
    assert_stale(bench, bench.run(), "source.path: 1 input file changed after", "in/2.csv: ")
    result = bench.run(*again)
    assert result.code == 0
    said = "its input has changed. Starting over"
    assert (said in result.err) == (again == ())
    assert len(bench.rows) == 14
    assert bench.staged == set()


def test_a_file_that_vanishes_between_plan_and_read(bench):
    bench.stop_after(1, 3)
    file = bench.place / "in" / "2.csv"
    file.rename(bench.place / "away")
    assert_stale(bench, bench.run(), f"{file}: was ", "is gone", "1 input file disappeared")
    (bench.place / "away").rename(file)
    assert_stale(bench, bench.run(), "1 input file was touched", ACCEPT)
    assert_resumed(bench, 12, ACCEPT)


@as_nobody_special
def test_no_permission_to_read_a_file(bench):
    bench.fill(3)
    (bench.place / "in" / "2.csv").chmod(0)
    said = f'path: "in": no permission to read "{bench.place}/in/2.csv". Give this user permission'
    assert_refused(
        bench,
        bench.start(before=ORDINARY).end(),
        "orders.yaml:7: source.path: ",
        said.removeprefix("path: "),
    )


@as_nobody_special
def test_no_permission_to_list_a_folder(bench):
    bench.fill(3)
    (bench.place / "in").chmod(0)
    result = bench.start(before=ORDINARY).end()
    (bench.place / "in").chmod(0o755)
    assert_refused(bench, result, f'path: "in": no permission to list "{bench.place}/in". Give')


@as_nobody_special
def test_a_permission_that_is_lost_between_plan_and_read(bench):
    bench.fill(3)
    bench.plan_only()
    file = bench.place / "in" / "2.csv"
    file.chmod(0)
    said = f"{file}: no permission to read it. Give this user permission to read, then resume with "
    result = bench.start(ACCEPT, before=ORDINARY).end()
    assert_failed(bench, result, said + ACCEPT)
    file.chmod(0o644)
    assert_resumed(bench, 12, ACCEPT)


@as_nobody_special
@pytest.mark.parametrize("option", ["sink", "state"])
def test_no_permission_to_write(bench, option):
    bench.fill(3)
    locked = bench.place / "locked"
    locked.mkdir(0o555)
    sink = {"type": "parquet", "path": "locked/out", "write_disposition": "append"}
    bench.describe(**{option: sink if option == "sink" else "locked/state"})
    said = {
        "sink": (f'sink.path: "{locked}" is not writable for user ', "use another path"),
        "state": ("the state cannot be written: Permission denied", "use another folder"),
    }
    assert_refused(bench, bench.start(before=ORDINARY).end(), *said[option])
    assert list(locked.iterdir()) == []


def noise(rows):
    """Return records that no compression makes small."""
    return HEADER + "".join(f"{k},{secrets.token_hex(50)},{k % 100}\n" for k in range(rows))


@pytest.mark.skipif(not shutil.which("prlimit"), reason="needs prlimit")
def test_a_file_larger_than_the_system_allows(bench):
    bench.fill(3)
    bench.write("big.csv", noise(3000))
    bench.describe(execution={"partition_bytes": 1_000_000, "retry": AT_ONCE})
    result = bench.start(before=("prlimit", "--fsize=100000")).end()
    said = "the file would be larger than the system allows. Raise that limit"
    assert_failed(bench, result, f"{bench.place}/.ingest-out/", said)
    assert_resumed(bench, rows=3012)


@pytest.fixture
def small_disk(bench):
    """A disk of half a megabyte, in memory."""
    place = bench.place / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=512k", "tmpfs", str(place)]
    if os.geteuid() or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("needs the right to mount a small disk")
    yield place
    subprocess.run(["umount", "--lazy", str(place)], check=True)


def test_a_disk_that_is_full_while_staging(bench, small_disk):
    for number in range(4):
        bench.write(f"{number}.csv", noise(4000))
    sink = {"type": "parquet", "path": "disk/out", "write_disposition": "overwrite"}
    bench.describe(sink=sink, execution={"partition_bytes": 400_000, "retry": AT_ONCE})
    assert_failed(bench, bench.run(), f"{small_disk}/.ingest-out/", "the disk is full. Free space")
    assert 0 < bench.history.totals.partitions < bench.history.partitions
    subprocess.run(["mount", "-o", "remount,size=8m", str(small_disk)], check=True)
    assert_resumed(bench, rows=16_000)


def test_a_state_that_fills_up_has_room_for_the_reason(bench, small_disk):
    subprocess.run(["mount", "-o", "remount,size=2m", str(small_disk)], check=True)
    bench.fill(150)
    bench.describe(state="disk/state", execution={"partition_bytes": 40, "retry": AT_ONCE})
    fill_up(small_disk, 64 + 35)  # the reserve, and some events
    result = bench.run()
    assert result.code == 1, result.err
    assert "the state cannot be written: No space left on device" in result.err
    assert 0 < bench.history.totals.partitions < bench.history.partitions
    assert bench.history.ended == "failed", "it would be taken for one that was killed"
    assert "No space left on device" in bench.history.error


@pytest.mark.parametrize("what", ["sink", "state"])
def test_a_disk_that_is_full_at_any_moment(bench, small_disk, what):
    """From a disk without a free page to one that just suffices."""
    bench.fill(3)
    larger = ["mount", "-o", "remount,size=1m", str(small_disk)]  # each try leaves its records
    subprocess.run(larger, check=True)
    changes = {
        "sink": {"sink": {"type": "parquet", "path": "disk/out", "write_disposition": "overwrite"}},
        "state": {"state": "disk/state"},
    }
    bench.describe(**changes[what], execution={"partition_bytes": 40})
    failures = 0
    for pages in range(60):
        fill_up(small_disk, pages)
        result = bench.run()
        if result.code == 0:
            break
        failures += 1
        assert result.code == 1, result.err
        assert "Traceback" not in result.err
        assert "disk is full" in result.err or "No space left on device" in result.err
        if what == "state":
            assert "the state cannot be written" in result.err
        if told := re.search(r"failed\. (\d+) of", result.err):
            assert int(told[1]) == bench.history.totals.partitions
    assert failures > 3
    (small_disk / "filler").unlink()
    result = bench.run()
    assert result.code == 0, result.err
    assert len(bench.rows) == 12
    assert bench.staged == set()


def fill_up(disk, pages):
    """Leave so many pages of 4 KiB free."""
    filler = disk / "filler"
    filler.unlink(missing_ok=True)
    free = shutil.disk_usage(disk).free
    filler.write_bytes(bytes(max(0, free - pages * 4096)))
