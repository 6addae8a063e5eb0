"""What has come of a run, and how it differs from what should have."""

import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import polars as pl

from ingest.records.events import Settled
from ingest.records.history import History
from ingest.records.reader import Reader
from ingest.records.runs import Runs
from ingest.testing.golden import read_rows
from tests.chaos.places import REJECTED, Place, as_lines
from tests.chaos.shapes import JOB, Shape

Key = tuple[int, int, int]
"""A try at a partition: attempt, index of the partition, number of the try."""

_STAYS = re.compile(r"\.ingest-[^/]+(/(manifests|claims)(/[^/]+\.json)?)?")
"""What lies beside an output after a run: its manifests, and in a bucket its last claim."""
_STAGED = re.compile(r"(\d+)-(\d+)-(\d+)-\d+\.(staged|parquet)")
"""What a try has staged: beside a directory, or in the folder of a table."""


@dataclass(frozen=True, slots=True)
class Result:
    """What anybody can see of a published run, without what differs from run to run."""

    rows: Counter[str]
    quarantine: Counter[str]
    receipt: dict[str, Any]

    @classmethod
    def of(cls, place: Place, shape: Shape) -> "Result":
        """Read what lies in a place."""
        page = Runs(place.store).receipt(last_run(place)) or {}
        tables = place.tables()
        with place.seen() as folder:
            rows = tables["main"] if tables else _rows(folder / "out", shape.sink)
            rejects = folder / "out_quarantine"
            quarantine = tables["quarantine"] if tables else _rejected(rejects)
        return cls(
            rows=Counter(rows),
            quarantine=Counter(quarantine),
            receipt={
                "books": page.get("books"),
                "errors": page.get("errors"),
                "rows": {name: each["rows"] for name, each in page.get("outputs", {}).items()},
                "inputs": page.get("inputs"),
                "schema": page.get("schema"),
                "partitions": page.get("partitions", {}).get("number"),
            },
        )


@dataclass(slots=True)
class Differences:
    """How a result differs from the undisturbed one; nothing does if `problems` is empty."""

    lost: int = 0
    doubled: int = 0
    leftovers: int = 0
    problems: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Effort:
    """Which tries were begun in the attempts at a run, as far as they have staged anything.

    What a killed attempt has staged lies there until the run is published; what was settled is in
    the ledger.
    """

    tries: set[Key] = field(default_factory=set)

    def look(self, place: Place) -> None:
        """Take note of what lies in the staging folder of the last run."""
        if not (run_id := last_run(place)):
            return
        staging = f".ingest-out/{run_id}/", f"out/{run_id}/"
        for name in (name for name in place.names() if name.startswith(staging)):
            if staged := _STAGED.fullmatch(name.rpartition("/")[2]):
                attempt, index, number = map(int, staged.groups()[:3])
                self.tries.add((attempt, index, number))

    def count(self, place: Place) -> tuple[int, int, list[str]]:
        """Return the bytes of all tries, those of the partitions, and what was worked in vain."""
        settled: dict[int, Key] = {}
        sizes: dict[int, int] = {}
        problems = []
        for event in Reader(place.store, last_run(place)).events():
            if isinstance(event, Settled):
                key = event.outcome.key
                if key[1] in settled:
                    problems.append(f"partition {key[1]} was completed twice")
                settled[key[1]] = key
                sizes[key[1]] = event.outcome.bytes
        # others put small files together; they have numbers behind those of the partitions
        tries = {key for key in self.tries if key[1] in settled} | set(settled.values())
        for attempt, index, _ in sorted(tries):
            if attempt > settled[index][0]:
                problems.append(
                    f"partition {index} was completed by attempt {settled[index][0]}, and "
                    f"processed again by attempt {attempt}"
                )
        return sum(sizes[key[1]] for key in tries), sum(sizes.values()), problems


def compare(result: Result, expected: Result) -> Differences:
    """Say what was lost, doubled or counted wrongly."""
    found = Differences()
    for what in ("rows", "quarantine"):
        is_, should = getattr(result, what), getattr(expected, what)
        lost, more = should - is_, is_ - should
        found.lost += lost.total()
        found.doubled += more.total()
        for said, rows in (("missing", lost), ("too many", more)):
            if rows:
                found.problems.append(f"{what}: {rows.total()} {said}, such as {next(iter(rows))}")
    for part, value in expected.receipt.items():
        if result.receipt[part] != value:
            found.problems.append(f"receipt: {part}: {result.receipt[part]}, should be {value}")
    return found


def leftovers(place: Place) -> Iterator[str]:
    """List what lies about that nobody is to see after a run: all of it should have gone."""
    with place.seen() as folder:
        yield from _files_left(folder)
    yield from place.left()


def _files_left(place: Path) -> Iterator[str]:
    for path in sorted(place.rglob("*")):
        name = str(path.relative_to(place))
        hidden = any(part.startswith(".") for part in path.relative_to(place).parts)
        if _STAYS.fullmatch(name):
            continue
        # the state of a run that was given up while it was planned may have a folder without a plan
        empty = path.is_dir() and not name.startswith("state/") and not any(path.iterdir())
        probe = path.name == "_ingest-probe"
        if hidden or empty or probe or path.suffix == ".staged":
            yield name
    yield from _unlisted(place / "out")


def last_run(place: Place) -> str:
    """Return the id of the job's last run, or nothing."""
    return max(Runs(place.store).of_job(JOB), default="")


def is_done(place: Place, before: str) -> bool:
    """Say whether there is a run after `before`, and whether it has come to its end."""
    run_id = last_run(place)
    if run_id == before:
        return False
    return History.of(Reader(place.store, run_id).events()).phase == "done"


def _rows(folder: Path, kind: str) -> list[str]:
    if kind != "delta":
        return read_rows(folder, kind)[1:]
    return as_lines(pl.read_delta(str(folder)))


def _unlisted(table: Path) -> Iterator[str]:
    """List the files of a table that no version of it has ever had."""
    log = [
        json.loads(line)
        for page in (table / "_delta_log").glob("*.json")
        for line in page.read_text().splitlines()
    ]
    listed = {unquote(action["add"]["path"]) for action in log if "add" in action}
    if log:
        files = {str(path.relative_to(table)) for path in table.rglob("*.parquet")}
        yield from sorted(files - listed)


def _rejected(folder: Path) -> list[str]:
    files = list(folder.rglob("*.parquet"))
    if not files:
        return []
    return as_lines(pl.read_parquet(files, hive_partitioning=False).select(REJECTED))
