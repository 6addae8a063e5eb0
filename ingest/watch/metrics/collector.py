"""The metrics of runs, computed from their histories when Prometheus asks.

Names, units and labels follow https://prometheus.io/docs/practices/naming. Labels are bounded:
jobs, outputs, steps, reasons and classes of failure are written in job files or in ingest, not in
data.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from typing import get_args

from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    InfoMetricFamily,
    Metric,
    StateSetMetricFamily,
)
from prometheus_client.registry import Collector

from ingest.core.dataclass import dataclass
from ingest.core.errors import Held
from ingest.records.history import History

STATES = (
    "planning", "working", "publishing", "done", "failed", "interrupted", "discarded", "died",
)  # fmt: skip


@dataclass(slots=True)
class Watched:
    """A run of a job, with what it has come to; `died` if its driver is gone without a word.

    `due` is when a run should have started by its schedule, the last time before now.
    """

    job: str
    run_id: str
    history: History
    last_at: str = ""
    died: bool = False
    due: datetime | None = None


class Runs(Collector):
    """A collector over the last run of each job; `runs` gives them, at most one for each job."""

    def __init__(self, runs: Callable[[], Iterable[Watched]]) -> None:
        self._runs = runs

    def collect(self) -> Iterator[Metric]:
        """Return all metrics of all runs."""
        runs = list(self._runs())
        yield _info(runs)
        yield _states(runs)
        yield _held(runs)
        yield _due(runs)
        yield from _moments(runs)
        yield from _amounts(runs)
        yield from _counters(runs)


def state_of(history: History) -> str:
    """Return the one of `STATES` that a run is in."""
    if history.phase == "abandoned":
        return "discarded"
    if history.ended:
        return history.ended
    return {"new": "planning", "planned": "working", "committed": "publishing"}[history.phase]


def _info(runs: list[Watched]) -> Metric:
    family = InfoMetricFamily("ingest_run", "The last run of each job.", labels=["job"])
    for run in runs:
        about = {"run_id": run.run_id, "attempt": str(run.history.attempt)}
        family.add_metric([run.job], {**about, "cluster": run.history.cluster})
    return family


def _states(runs: list[Watched]) -> Metric:
    family = StateSetMetricFamily("ingest_run_state", "The state of the run.", labels=["job"])
    for run in runs:
        now = "died" if run.died else state_of(run.history)
        family.add_metric([run.job], {state: state == now for state in STATES})
    return family


def _held(runs: list[Watched]) -> Metric:
    family = GaugeMetricFamily(
        "ingest_publish_held",
        "1 for what keeps the run from being published although its input could be processed.",
        labels=["job", "reason"],
    )
    for run in runs:
        for reason in get_args(Held):
            family.add_metric([run.job, reason], run.history.held == reason)
    return family


def _due(runs: list[Watched]) -> Metric:
    family = GaugeMetricFamily(
        "ingest_job_due_timestamp_seconds",
        "When a run should have started by the schedule of the job, the last time before now.",
        labels=["job"],
    )
    for run in runs:
        if run.due:
            family.add_metric([run.job], run.due.timestamp())
    return family


def _moments(runs: list[Watched]) -> Iterator[Metric]:
    told: dict[str, tuple[str, Callable[[Watched], str]]] = {
        "started": ("When the run began.", lambda run: run.history.started_at),
        "ended": ("When its last attempt ended; absent while it runs.",
                  lambda run: run.history.ended_at),
        "last_event": ("When the run last recorded anything: a run that does nothing has stalled.",
                       lambda run: run.last_at),
    }  # fmt: skip
    for name, (help_text, moment) in told.items():
        family = GaugeMetricFamily(
            f"ingest_run_{name}_timestamp_seconds", help_text, labels=["job"]
        )
        for run in runs:
            if at := moment(run):
                family.add_metric([run.job], datetime.fromisoformat(at).timestamp())
        yield family


def _amounts(runs: list[Watched]) -> Iterator[Metric]:
    told: dict[str, tuple[str, Callable[[History], float]]] = {
        "planned_partitions": ("Partitions of the run.", lambda of: of.partitions),
        "planned_bytes": ("Bytes that the run reads, as stored.", lambda of: of.bytes),
        "peak_memory_bytes": ("The most memory of one worker.", lambda of: of.totals.peak_bytes),
    }
    for name, (help_text, amount) in told.items():
        family = GaugeMetricFamily(f"ingest_{name}", help_text, labels=["job"])
        for run in runs:
            family.add_metric([run.job], amount(run.history))
        yield family


def _counters(runs: list[Watched]) -> Iterator[Metric]:
    plain: dict[str, tuple[str, Callable[[History], float]]] = {
        "completed_partitions": ("Partitions completed.", lambda of: of.totals.partitions),
        "read_rows": ("Records read.", lambda of: of.totals.records),
        "read_bytes": ("Bytes read, as stored.", lambda of: of.totals.bytes_read),
        "rejected_rows": ("Rows that broke the contract or were malformed.",
                          lambda of: of.totals.rejected),
        "attempts": ("Attempts at the run.", lambda of: of.attempt),
    }  # fmt: skip
    for name, (help_text, count) in plain.items():
        family = CounterMetricFamily(f"ingest_{name}", help_text, labels=["job"])
        for run in runs:
            family.add_metric([run.job], count(run.history))
        yield family
    by: dict[str, tuple[str, str, Callable[[History], Mapping[str, float]]]] = {
        "written_rows": ("output", "Rows written; visible once the run is published.",
                         lambda of: of.totals.rows),
        "written_bytes": ("output", "Bytes written.", lambda of: of.totals.bytes_written),
        "retries": ("kind", "Retries of partitions, by class of failure.", lambda of: of.retries),
        "worked_seconds": ("part", "Time of workers, by part of their work.",
                           lambda of: of.totals.seconds),
    }  # fmt: skip
    for name, (label, help_text, counts) in by.items():
        family = CounterMetricFamily(f"ingest_{name}", help_text, labels=["job", label])
        for run in runs:
            for value, number in dict(counts(run.history)).items():
                family.add_metric([run.job, value], number)
        yield family
    yield _dropped(runs)


def _dropped(runs: list[Watched]) -> Metric:
    family = CounterMetricFamily(
        "ingest_dropped_rows", "Rows that left the flow.", labels=["job", "step", "reason"]
    )
    for run in runs:
        for book in dict(run.history.totals.books).values():
            for reason, number in book.dropped.items():
                family.add_metric([run.job, book.step, reason], number)
    return family
