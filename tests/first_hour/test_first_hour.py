"""The first hour with one's own files, typed line by line in a fresh clone, as a new user would."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import duckdb
import pandas as pd
import polars as pl
import pyarrow.dataset
import pytest

from tests.bad_input.bench import ROOT, Result
from tests.first_hour.test_readers import daft_reads, needs_daft

pytestmark = [pytest.mark.ray, pytest.mark.timeout(300)]

MONTHS, DAYS = 3, 90
GOOD, NEW = MONTHS * DAYS, 5
LATE = 200
"""Files that come later, so that a run over them can be stopped half way."""


class Desk:
    """A clone of the repository with files of the user's in `downloads/`, and a shell in it."""

    def __init__(self, place: Path) -> None:
        clone = ["git", "clone", "--quiet", "--depth=1", f"file://{ROOT}", str(place)]
        subprocess.run(clone, check=True)
        self.place = place
        self.job = place / "conf" / "job" / "orders.yaml"
        (place / "downloads").mkdir()
        for month in range(1, MONTHS + 1):
            self.orders(f"2026-0{month}", [f"{month}{day:03},{month}" for day in range(DAYS)])

    def orders(self, name: str, ids: list[str]) -> Path:
        """Write a file of orders, given what each line begins with: its id and its month."""
        lines = [f"{each},2026-01-01,{n}.50,{('DE', 'FR')[n % 2]}" for n, each in enumerate(ids)]
        file = self.place / "downloads" / f"orders-{name}.csv"
        file.write_text("\n".join(["order_id,month,sold_on,amount,country", *lines]) + "\n")
        return file

    def edit(self, old: str, new: str) -> None:
        """Replace what stands once in the job."""
        text = self.job.read_text()
        assert text.count(old) == 1, text
        self.job.write_text(text.replace(old, new))

    def types(self, *words: str, code: int = 0) -> Result:
        """Type `ingest` and these words; the exit code is as expected, with no traceback."""
        done = self.starts(*words)
        out, err = done.communicate(timeout=60)
        assert "Traceback" not in err
        assert done.returncode == code, (words, out, err)
        return Result(done.returncode, out, err)

    def starts(self, *words: str) -> "subprocess.Popen[str]":
        """Start `ingest` of the clone."""
        inherited = {k: v for k, v in os.environ.items() if k not in {"INGEST_CONF", "PYTHONPATH"}}
        return subprocess.Popen(
            [sys.executable, "-m", "ingest", *words],
            cwd=self.place,
            env=inherited,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def runs(self) -> list[dict[str, object]]:
        """Return what `status` lists."""
        return json.loads(self.types("status", "--json").out)

    def staged(self) -> list[Path]:
        """Return the files beside the outputs that no reader is meant to see, but manifests."""
        beside = (each for each in (self.place / "data").glob(".ingest-*/**/*") if each.is_file())
        return [e for e in beside if e.name != "lock" and e.parent.name != "manifests"]


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path / "clone")


@needs_daft
def test_the_first_hour(desk: Desk) -> None:
    write_a_job(desk)
    mistype(desk)
    break_the_contract(desk)
    read_the_result(desk)
    undo(desk)
    clean_up(desk)


def write_a_job(desk: Desk) -> None:
    """A job is written for the files, previewed, and run."""
    written = desk.types("init", "downloads/", "--name", "orders")
    assert "conf/job/orders.yaml" in written.out + written.err
    assert "DE" in desk.types("preview", "orders").out
    assert f"written {GOOD:>19} rows" in desk.types("run", "orders").out


def mistype(desk: Desk) -> None:
    """A mistake in the job is answered with its line and what to write instead; nothing runs."""
    desk.edit("\nsink:\n", "\nsnik:\n")
    line = desk.job.read_text().splitlines().index("snik:") + 1
    refused = desk.types("run", "orders", code=2).err
    assert f"orders.yaml:{line}: snik" in refused
    assert 'Did you mean "sink"?' in refused
    desk.edit("\nsnik:\n", "\nsink:\n")


def break_the_contract(desk: Desk) -> None:
    """Bad rows: nothing is published. Once the file is fixed, the same command starts over."""
    late = desk.orders("2026-04", [f"x{n},4" for n in range(NEW)])
    failed = desk.types("run", "orders", code=1).err
    assert "orders-2026-04.csv" in failed
    assert "othing was published" in failed
    assert rows(desk) == GOOD
    late.write_text(late.read_text().replace("\nx", "\n40"))
    fixed = desk.types("run", "orders")
    assert "Starting over" in fixed.err
    assert rows(desk) == GOOD + NEW


def read_the_result(desk: Desk) -> None:
    """Rows go to folders by month, and six readers open what is published."""
    desk.edit("\n  type: parquet\n", "\n  type: parquet\n  partition_by: [month]\n")
    desk.types("run", "orders")
    for name, count in READERS.items():
        assert count(desk.place / "data" / "orders") == GOOD + NEW, name
    latest = str(desk.runs()[-1]["run_id"])
    assert "OK" in desk.types("verify", latest).out
    assert "differs" in desk.types("test", "orders", code=1).out
    desk.types("test", "orders", "--update")
    assert "1 of 1 job gives the expected rows" in desk.types("test", "orders").out


def undo(desk: Desk) -> None:
    """A stopped run whose job was edited is not resumed by mistake; `--fresh` discards it."""
    for number in range(LATE):
        desk.orders(f"late-{number}", [f"{5000 + number},5"])
    stopped = stop(desk, "run", "orders", "cluster=inline", "execution.partition_bytes=80")
    assert "stopped. Resume with" in stopped.err
    desk.edit("\n  partition_by: [month]\n", "\n")
    refused = desk.types("run", "orders", code=2).err
    assert "sink.partition_by" in refused, refused
    assert "add --fresh" in refused
    assert rows(desk) == GOOD + NEW
    desk.types("run", "orders", "--fresh")
    assert rows(desk) == GOOD + NEW + LATE


def clean_up(desk: Desk) -> None:
    """Old runs are removed, and the rows stay."""
    assert len(desk.runs()) > 1
    assert "would" in desk.types("clean", "--keep", "0h", "--dry-run").out.lower()
    desk.types("clean", "--keep", "0h")
    assert [each["state"] for each in desk.runs()] == ["done"]
    assert desk.staged() == []
    assert rows(desk) == GOOD + NEW + LATE


def rows(desk: Desk) -> int:
    """Return how many rows are published."""
    return READERS["polars"](desk.place / "data" / "orders")


def stop(desk: Desk, *words: str) -> Result:
    """Start a command and press Ctrl-C once a partition is completed."""
    process = desk.starts(*words, "--progress", "json")
    assert process.stderr is not None
    for line in process.stderr:
        if json.loads(line)["event"] == "settled":
            break
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    return Result(process.returncode, out, err)


def _ray(folder: Path) -> int:
    """Count by Ray Data in a process of its own, whose Ray ends with it."""
    script = (
        "import sys, ray, ray.data; ray.init(address='local', num_cpus=1, log_to_driver=False);"
        "ray.data.DataContext.get_current().enable_progress_bars = False;"
        "print(ray.data.read_parquet(sys.argv[1]).count())"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, folder], capture_output=True, text=True, check=True
    )
    return int(done.stdout.splitlines()[-1])


READERS = {
    "polars": lambda folder: pl.scan_parquet(folder).collect().height,
    "duckdb": lambda folder: (
        duckdb.sql(f"FROM read_parquet('{folder}')").count("*").fetchall()[0][0]
    ),
    "pandas": lambda folder: len(pd.read_parquet(folder)),
    "pyarrow": lambda folder: pyarrow.dataset.dataset(folder, partitioning="hive").count_rows(),
    "daft": lambda folder: len(daft_reads(folder)[0][1]),
    "ray data": _ray,
}
