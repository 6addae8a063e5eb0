"""What the state tells of a job: its last runs, its quality, and the versions of its contract."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict
from typing import Any

import yaml

from ingest.core.dataclass import dataclass
from ingest.core.errors import ConfigError, FatalError
from ingest.core.faults import fault
from ingest.driver.changes import differing
from ingest.records.plan_facts import plan_facts
from ingest.records.runs import Runs
from ingest.storage.glance import Glance
from ingest.storage.objects import Store
from ingest.watch.runs import SHOWN as WORDS
from ingest.watch.runs import describe

SHOWN = 50
"""Of how many runs the quality is shown."""
LOOKED_AT = 500
"""How many runs are looked at for the versions of the contract."""


@dataclass(frozen=True, slots=True)
class RunLine:
    """A run in a line. `written` is None until the run is committed."""

    run_id: str
    state: str
    started_at: str
    seconds: float
    read: int
    written: int | None
    rejected: int
    revision: str
    reasons: tuple[tuple[str, int], ...] = ()

    @property
    def share(self) -> float:
        """Which share of the records was rejected."""
        return self.rejected / self.read if self.read else 0.0

    @property
    def why(self) -> str:
        """Why they were: how many for each reason."""
        return ", ".join(f"{count:,} {fault(reason)}" for reason, count in self.reasons)


@dataclass(frozen=True, slots=True)
class ContractVersion:
    """A contract that runs were made with: since which, and what was different before."""

    number: int
    since: str
    revision: str
    changes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class JobHistory:
    """What is recorded of a job; empty if nothing is, or nothing is left of it."""

    runs: tuple[RunLine, ...] = ()
    versions: tuple[ContractVersion, ...] = ()


def history(store: Glance, job: str) -> tuple[JobHistory, dict[str, Any] | None]:
    """Return the runs of a job, oldest first, and the facts of the last plan that can be read.

    Whatever is gone or damaged is left out: history that is missing is no error.
    """
    runs = Runs(store)
    made = runs.of_job(job)[-LOOKED_AT:]
    there = store.each(runs.exists, made)
    known = [run_id for run_id, is_there in zip(made, there, strict=True) if is_there]
    lines = store.each(lambda run_id: _line(describe(store, run_id, job)), known[-SHOWN:])
    versions = tuple(_versions(runs, known))
    plans = (_plan(store, run_id) for run_id in reversed(known[-SHOWN:]))
    return JobHistory(tuple(lines), versions), next((plan for plan in plans if plan), None)


def _plan(store: Store, run_id: str) -> dict[str, Any] | None:
    with suppress(FatalError, FileNotFoundError):
        return asdict(plan_facts(store, run_id))
    return None


def _line(page: dict[str, Any]) -> RunLine:
    return RunLine(
        page["run_id"],
        WORDS.get(page["state"], page["state"]),
        page["started_at"],
        page["seconds"],
        page["rows"]["read"],
        page["rows"]["written"] if page["phase"] in {"committed", "done"} else None,
        page["rows"]["rejected"],
        page["git"].get("revision", "")[:10] + ("+" if page["git"].get("dirty") else ""),
        tuple(page["reasons"].items()),
    )


def _versions(runs: Runs, run_ids: list[str]) -> Iterator[ContractVersion]:
    last: dict[str, Any] | None = None
    number = 0
    for run_id in run_ids:
        with suppress(ConfigError, FatalError, yaml.YAMLError):
            page = yaml.safe_load(runs.config(run_id))
            contract = page.get("contract") or {} if isinstance(page, dict) else {}
            if contract == last:
                continue
            git = runs.facts(run_id).get("git", {}).get("revision", "")[:10]
            lines = () if last is None else tuple(contract_changes(last, contract))
            number += 1
            last = contract
            yield ContractVersion(number, run_id, git, lines)


def contract_changes(was: dict[str, Any], now: dict[str, Any]) -> Iterator[str]:
    """Say what differs between two contracts, as composed, a line for each setting."""
    for key, before, after in sorted(differing(was, now), key=lambda each: each[0]):
        if before is None:
            yield f"added {key}: {_flat(after)}"
        elif after is None:
            yield f"removed {key}: {_flat(before)}"
        else:
            yield f"{key}: was {_flat(before)}, now {_flat(after)}"


def _flat(value: Any) -> str:
    return (
        yaml.safe_dump(value, default_flow_style=True, width=10_000).removesuffix("...\n").strip()
    )
