"""Runs as their ledgers would tell them, without having run: a state of any size in seconds."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from ingest.core.outcome import Book, Outcome, Staged
from ingest.records.events import (
    AttemptBegan,
    AttemptFailed,
    Committed,
    EffectPublished,
    Event,
    IntentFacts,
    PlanFrozen,
    Retried,
    RunDone,
    Settled,
    Timed,
)
from ingest.records.reader import FORMAT, Reader, object_name
from ingest.storage.objects import LocalStore
from ingest.watch.snapshots import SNAPSHOT, encoded
from ingest.watch.story import Story

STEPS = ("source", "0.filter", "1.derive", "contract")
SECONDS = {"read": 0.05, "decode": 0.2, "0.filter": 0.05, "1.derive": 0.3, "contract": 0.15,
           "stage": 0.25}  # fmt: skip
EVENTS = 500
_JOB = """name: {job}
owner: data-platform@example.org
description: Made by benchmarks.scripts.recorded.
source: {{type: csv, path: in/{job}/*.csv}}
transforms:
  - {{type: filter, where: "amount > 0"}}
  - {{type: derive, columns: {{day: "CAST(sold_at AS date)"}}}}
contract:
  columns: {{id: {{type: int64, nullable: false}}, amount: "decimal(12,2)"}}
  checks: [{{type: range, column: amount, min: 0, max: 100000}}]
  on_error: quarantine
sink: {{type: parquet, path: out/{job}}}
"""


@dataclass(frozen=True, slots=True)
class Recorded:
    """A run of `partitions`, each of `rows` rows and `pace_s` after the one before.

    `completed` are those that have been completed, all of them if None. `ending` is how the run
    ended: `done`, `failed`, or empty if it is not over. Of every `rejecting`th partition a row was
    rejected, every `retrying`th was retried.
    """

    job: str
    began: datetime
    number: int = 0
    partitions: int = 4
    rows: int = 1_000
    pace_s: float = 0.5
    completed: int | None = None
    ending: str = "done"
    rejecting: int = 0
    retrying: int = 0
    error: str = "/in/a.csv:3: amount: not in range 0..100000. Fix the file, then resume"

    @property
    def run_id(self) -> str:
        """Its name, by its time and number."""
        return f"{self.began:%Y%m%dt%H%M%S}-{self.number:06x}"

    def write(self, state: Path) -> str:
        """Write what is recorded of it into a state; return its name."""
        run, folder = self.run_id, state / "runs" / self.run_id
        (folder / "ledger").mkdir(parents=True)
        (state / "jobs" / self.job / "runs").mkdir(parents=True, exist_ok=True)
        places = {"main": f"/out/{self.job}", "quarantine": f"/out/{self.job}_quarantine"}
        (state / "jobs" / self.job / "runs" / run).write_text(json.dumps(places))
        (folder / "job.yaml").write_text(_JOB.format(job=self.job))
        facts = {
            "format": 1, "run_id": run, "job": self.job, "user": "ada", "arguments": [self.job],
            "places": {"source": [f"/in/{self.job}"], **places}, "python": "3.12.1",
            "versions": {"ingest": "0.1.0", "ray": "2.60.0", "polars": "2.1.0", "pyarrow": "26"},
            "git": {"revision": "4f1d0c2ab9e35d7788", "dirty": False},
        }  # fmt: skip
        (folder / "run.json").write_text(json.dumps(facts))
        self.append(state, self.events())
        if self.ending == "done":
            (folder / "receipt.json").write_text(json.dumps(self.receipt(facts)))
        return run

    def append(self, state: Path, events: Iterator[Event]) -> None:
        """Write events behind those that are in its ledger."""
        folder = state / "runs" / self.run_id / "ledger"
        number, batch = len(list(folder.iterdir())), []
        for event in events:
            batch.append(event)
            if len(batch) == EVENTS:
                _write(folder / object_name(number), batch)
                number, batch = number + 1, []
        if batch:
            _write(folder / object_name(number), batch)

    def snapshot(self, state: Path) -> None:
        """Write what a driver would have written for watchers by now."""
        run, story = Reader(LocalStore(state), self.run_id), Story()
        for event in run.events():
            story.see(event)
        folder = state / "runs" / self.run_id
        last = (folder / "ledger" / object_name(run.read - 1)).read_bytes()
        (folder / SNAPSHOT).write_bytes(encoded(story, run.read, last))

    def events(self) -> Iterator[Event]:
        """Yield its events, each with its time."""
        yield AttemptBegan(
            at=self._at(0), run_id=self.run_id, job=self.job, host="node-1", pid=4711, user="ada",
            number=1, cluster="processes", cluster_why="about 12 s of work",
        )  # fmt: skip
        size = 40 * self.rows * self.partitions
        yield PlanFrozen(
            at=self._at(0.2), partitions=self.partitions, files=self.partitions, bytes=size,
            seconds=0.2,
        )  # fmt: skip
        count = self.partitions if self.completed is None else self.completed
        yield from self.settled(range(count))
        end_s = 0.2 + self.pace_s * count
        if self.ending == "failed":
            yield AttemptFailed(at=self._at(end_s + 0.1), error=self.error, kind="contract")
        if self.ending != "done":
            return
        yield Timed(at=self._at(end_s), what="work", seconds=end_s - 0.2)
        yield Committed(
            at=self._at(end_s + 0.1), effects={"quarantine": _facts(), "main": _facts()}
        )
        for effect, rows in (("quarantine", self._rejected), ("main", self._written)):
            yield EffectPublished(
                at=self._at(end_s + 0.2), effect=effect, uri=f"/out/{self.job}", rows=rows,
                inserted=rows, facts={"files": count, "removed": 0},
            )  # fmt: skip
        yield Timed(at=self._at(end_s + 0.2), what="publish", seconds=0.1)
        yield RunDone(at=self._at(end_s + 0.3))

    def settled(self, indexes: range) -> Iterator[Event]:
        """Yield that these partitions were completed, one after the other."""
        for index in indexes:
            at = self._at(0.2 + self.pace_s * (index + 1))
            if self.retrying and not index % self.retrying:
                yield Retried(
                    at=at, partition=f"{index:016x}", index=index, tries=1, kind="lost_worker",
                    message="worker 3 died: killed by signal 9", wait_s=0.5,
                )  # fmt: skip
            yield Settled(at=at, outcome=self._outcome(index))

    def _outcome(self, index: int) -> Outcome:
        rejected = self._rejects(index)
        kept = self.rows - self.rows // 10
        reason = "amount: range 0..100000"
        example = {"file": f"/in/{self.job}/{index}.csv", "line": 17, "reason": reason}
        counts = zip(STEPS, (self.rows, self.rows, kept, kept), strict=True)
        outs = (self.rows, kept, kept, kept - rejected)
        books = [Book(step, rows, out) for (step, rows), out in zip(counts, outs, strict=True)]
        books[1] = replace(books[1], dropped={"filtered": self.rows // 10})
        if rejected:
            books[3] = replace(books[3], dropped={"quarantined": rejected})
        staged = [Staged("main", kept - rejected, 20 * kept, {"name": f"{index}.staged"})]
        staged += [Staged("quarantine", rejected, 90, {"name": f"{index}.q"})] if rejected else []
        return Outcome(
            key=(1, index, 1), partition=f"{index:016x}", books=tuple(books), staged=tuple(staged),
            errors={reason: rejected} if rejected else {},
            examples=(example,) if rejected else (), seconds=SECONDS, cpu=SECONDS,
            bytes=40 * self.rows, peak_bytes=300_000_000, worker="1",
        )  # fmt: skip

    def receipt(self, facts: dict[str, Any]) -> dict[str, Any]:
        """Return what a receipt says, as far as lists show it."""
        read = self.rows * self.partitions
        kept = read - self.partitions * (self.rows // 10)
        gone = {"quarantined": self._rejected} if self._rejected else {}
        ends = (read, kept, kept, self._written)
        begins = (read, read, kept, kept)
        dropped: tuple[dict[str, int], ...] = ({}, {"filtered": read - kept}, {}, gone)
        return {
            "format": 1, "run_id": self.run_id, "job": {"name": self.job},
            "started_at": self._at(0), "attempts": 1, "config": facts,
            "partitions": {"number": self.partitions, "retries": {}},
            "books": [
                {"step": step, "rows": rows, "out": out, "added": 0, "dropped": why, "filtered": {}}
                for step, rows, out, why in zip(STEPS, begins, ends, dropped, strict=True)
            ],
            "errors": {}, "effects": {},
            "outputs": {"main": {"uri": f"/out/{self.job}", "rows": self._written, "bytes": 1}},
        }  # fmt: skip

    def _rejects(self, index: int) -> int:
        return 1 if self.rejecting and not index % self.rejecting else 0

    @property
    def _rejected(self) -> int:
        return sum(map(self._rejects, range(self.partitions)))

    @property
    def _written(self) -> int:
        return self.partitions * (self.rows - self.rows // 10) - self._rejected

    def _at(self, seconds: float) -> str:
        return (self.began + timedelta(seconds=seconds)).isoformat(timespec="milliseconds")


def _facts() -> IntentFacts:
    return IntentFacts("1-main", 1, 1, "0" * 64)


def _write(path: Path, events: list[Event]) -> None:
    header = {"format": FORMAT, "attempt": 1, "writer": "recorded", "events": len(events)}
    lines = [json.dumps(header), *(json.dumps(event.to_json()) for event in events)]
    path.with_name(f".{path.name}").write_text("\n".join(lines) + "\n")
    path.with_name(f".{path.name}").rename(path)  # whoever follows it sees it whole


def now() -> datetime:
    """Return the time, UTC, to the second."""
    return datetime.now(UTC).replace(microsecond=0)
