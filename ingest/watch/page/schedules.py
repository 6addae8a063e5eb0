"""When the jobs of a state are due, by the schedules that their last runs were started with."""

from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import yaml

from ingest.config.parsing import data
from ingest.core import cron
from ingest.core.errors import ConfigError, FatalError
from ingest.records.runs import Runs
from ingest.storage.objects import Store

_NONE: dict[str, Any] = {}


class Schedules:
    """The schedule of each job, as its last run had it: the job's file may be elsewhere."""

    def __init__(self, store: Store) -> None:
        self._runs = Runs(store)
        self._read: dict[str, tuple[str, dict[str, Any]]] = {}

    def read(self, last: dict[str, str]) -> None:
        """Read those of the last run of each job that are not known yet."""
        for job, run_id in last.items():
            if self._read.get(job, ("", _NONE))[0] != run_id:
                self._read[job] = run_id, self._of(run_id)

    def due(self, job: str, now: datetime | None = None) -> datetime | None:
        """Return when a run should have started, the last time before now; None without one."""
        schedule = self._read.get(job, ("", _NONE))[1]
        if not schedule:
            return None
        zone = schedule.get("timezone", "UTC")
        return cron.last_due(schedule["cron"], zone, now or datetime.now(UTC))

    def _of(self, run_id: str) -> dict[str, Any]:
        """Return a schedule; nothing if there is none, or none that this release understands."""
        with suppress(ConfigError, FatalError, FileNotFoundError, yaml.YAMLError, ValueError):
            job = data(self._runs.config(run_id), yaml.SafeLoader)
            schedule = dict(job.get("schedule") or {})
            wrong = cron.mistake(schedule["cron"]) if schedule else "none"
            if not wrong and not cron.unknown_zone(schedule.get("timezone", "UTC")):
                return schedule
        return {}
