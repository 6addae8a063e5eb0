"""Reproducing a run: its plan and its job once more, in a state and to an output of their own.

The new run has the name and the "now" of the first one, because both may be in its rows, and so it
needs another state. It publishes to another place, so that nothing of the first one is replaced or
added to. Its plan is a copy: the same partitions of the same inputs, which are compared with it as
for any run that is resumed.
"""

import itertools
import json
import os
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import yaml

from ingest.config.load import restored
from ingest.core.dataclass import dataclass
from ingest.core.errors import ConfigError, FatalError
from ingest.core.git import asked
from ingest.driver.changes import identity, other_environment
from ingest.driver.inputs import compared, planned
from ingest.driver.places import places
from ingest.driver.publishing.publish import prepared
from ingest.driver.recorded import Run, recorded_job
from ingest.driver.sinks import sinks_of
from ingest.job import Job
from ingest.records.environment import environment, git_revision
from ingest.records.events import AttemptBegan, AttemptInterrupted, PlanFrozen
from ingest.records.history import History
from ingest.records.ledger import Ledger
from ingest.records.plans import Plan
from ingest.records.receipts import history_of
from ingest.records.runs import Runs
from ingest.sinks.base import Again
from ingest.storage.objects import LocalStore, Store, open_store
from ingest.storage.store import state_option
from ingest.storage.uris import is_remote

OUTPUT, STATE = "output", "state"


@dataclass(frozen=True, slots=True)
class Rerun:
    """A run that can be reproduced. `warnings` say what is not as it was and may matter."""

    run_id: str
    job: Job
    store: LocalStore
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Compared:
    """Files of the first run by output, how many came again byte for byte, and the others.

    Of a table, `again` says the same of its rows.
    """

    output: str
    place: str
    files: int
    same: int
    rows: int
    rows_again: int
    differing: tuple[str, ...]
    again: Again | None = None

    @property
    def is_same(self) -> bool:
        """Whether all that was published came again, as far as it is still there."""
        rows = self.again is None or self.again.there == self.again.same
        return rows and not self.differing and self.rows == self.rows_again


def missing(store: Store, run_id: str) -> tuple[list[str], list[str]]:
    """Say what a run cannot be reproduced without and is gone, and what else is not as it was.

    Raises:
        ConfigError: there is no such run, or it has published nothing.
    """
    runs = Runs(store)
    facts, history = runs.facts(run_id), history_of(store, run_id)
    if history.phase != "done":
        raise ConfigError(
            f"run {run_id}: is {history.standing} and has published nothing that could be "
            f"compared. Finish it first: ingest resume {run_id}{state_option(store.uri())}"
        )
    if history.publish and not history.publish.effects:
        raise ConfigError(f"run {run_id}: nothing was new, so it has published nothing")
    gone: list[str] = []
    try:
        job, plan = recorded_job(runs, run_id), Plan(store, run_id)
    except FatalError as error:
        return [str(error)], []
    # every input counts as not read yet
    run = Run(run_id, job, facts, Ledger(store, run_id), _planned(history, plan), resumed=True)
    try:
        tally = compared(run, plan, store, accept_touched=True)  # the bytes that come out tell
        gone += (line for fate in tally.refused for line in tally.examples.get(fate, ()))
        gone += _unreadable(plan, run.history)
    except (ConfigError, FatalError) as error:
        gone.append(str(error))
    with suppress(FatalError):
        try:
            gone += [changed] if (changed := run.changed_steps) else []
        except ConfigError as error:
            gone.append(str(error))
    return gone, [*_other_code(facts), *other_environment(facts, environment(job.packages))]


def _unreadable(plan: Plan, history: History) -> list[str]:
    """Say which of the inputs are there, but may not be read, in one line."""
    uris = (one.uri for one in planned(plan, history) if not is_remote(one.uri))
    closed = [uri for uri in uris if Path(uri).is_file() and not os.access(uri, os.R_OK)]
    if not closed:
        return []
    more = f", and {len(closed) - 1:,} more" if len(closed) > 1 else ""
    return [f"{closed[0]}: no permission to read it{more}"]


def prepare(store: Store, run_id: str, folder: Path, warnings: list[str]) -> Rerun:
    """Put the run on record once more, in a state below a folder; or find what is there of it.

    Raises:
        ConfigError: the folder holds something else.
    """
    scratch = open_store(str(folder / STATE))
    assert isinstance(scratch, LocalStore), "it is a folder"
    job = _redirected(Runs(store), run_id, folder)
    runs = Runs(scratch)
    if not runs.exists(run_id):
        if folder.exists() and any(folder.iterdir()):
            raise ConfigError(
                f"--to {folder}: is not empty. A run is reproduced in a folder of its own, so that "
                "nothing is replaced. Use another folder"
            )
        for sink in sinks_of(job).values():
            if run_id in sink.published_runs():
                raise ConfigError(
                    f"{sink.uri}: has the rows of an earlier rerun, whose records are not in "
                    f"{folder}. Drop the table, and delete its line in the table runs beside it"
                )
        _copy(store, scratch, run_id, job, folder)
    return Rerun(run_id, job, scratch, tuple(warnings))


def compare(store: Store, rerun: Rerun) -> Iterator[Compared]:
    """Compare what both runs have published, an output at a time."""
    first, again = ((where, history_of(where, rerun.run_id)) for where in (store, rerun.store))
    places, others = (sinks_of(job) for job in (recorded_job(Runs(store), rerun.run_id), rerun.job))
    for output in first[1].publish.effects if first[1].publish else ():
        if output in {"main", "quarantine"}:
            lines = prepared(store, rerun.run_id, first[1], output)
            files = _files(*first, rerun.run_id, output)
            counts = Counter(files.values())
            common = counts & Counter(_files(*again, rerun.run_id, output).values())
            extra = counts - common
            yield Compared(
                output,
                others[output].uri,
                files=len(files),
                same=common.total(),
                rows=first[1].totals.rows.get(output, 0),
                rows_again=again[1].totals.rows.get(output, 0),
                differing=tuple(name for name, digest in files.items() if digest in extra),
                again=places[output].again(lines, others[output]),
            )


def _files(store: Store, history: History, run_id: str, output: str) -> dict[str, str]:
    """Return the digests of published files by name; none of a merge, which rewrites others too."""
    if history.publish is None or output not in history.publish.effects:
        return {}
    lines = prepared(store, run_id, history, output)
    if any(line.get("disposition") == "merge" for line in itertools.islice(lines, 1)):
        return {}
    named = ((line.get("name") or line.get("add"), line.get("sha256")) for line in lines)
    return {str(name): str(digest) for name, digest in named if name and digest}


def _planned(history: History, plan: Plan) -> History:
    return History(
        phase="planned", partitions=len(plan), bytes=history.bytes, closed=bytearray(len(plan))
    )


def _redirected(runs: Runs, run_id: str, folder: Path) -> Job:
    """Return the recorded job with outputs of its own, and without a cursor."""
    return restored(Job, _page(runs, run_id, folder))


def _page(runs: Runs, run_id: str, folder: Path) -> dict[str, Any]:
    page: dict[str, Any] = yaml.safe_load(runs.config(run_id))
    place = str((folder / OUTPUT).absolute())
    page["sink"] |= recorded_job(runs, run_id).sink.apart(place, run_id)
    page["execution"] = {**(page.get("execution") or {}), "touched_inputs": "accept"}
    page["source"].pop("incremental", None)  # the plan says what is read
    if "quarantine" in (page.get("contract") or {}):
        page["contract"]["quarantine"] |= {"path": f"{place}_quarantine"}
        page["contract"]["quarantine"].pop("connection", None)
    page["state"] = str((folder / STATE).absolute())
    page.pop("state_connection", None)
    return page


def _copy(store: Store, scratch: LocalStore, run_id: str, job: Job, folder: Path) -> None:
    """Copy what is frozen of a run, and begin its ledger with the plan: the rest is processed."""
    runs, plan = Runs(store), Plan(store, run_id)
    facts = {
        **{key: value for key, value in runs.facts(run_id).items() if key not in {"format", "job"}},
        "places": places(job),
        "reached_by": {},
        "identity": identity(job),
    }
    for name in store.names(f"runs/{run_id}/plan"):
        scratch.create(f"runs/{run_id}/plan/{name}", store.read(f"runs/{run_id}/plan/{name}"))
    page = json.loads(store.read(f"runs/{run_id}/plan.json"))
    page["cursor"] = None
    scratch.create(f"runs/{run_id}/plan.json", json.dumps(page, indent=1).encode())
    text = yaml.safe_dump(_page(runs, run_id, folder), sort_keys=False)
    Runs(scratch).create(run_id, job.name, text, facts)
    ledger = Ledger(scratch, run_id)
    ledger.begin(AttemptBegan(run_id=run_id, job=job.name, number=1))
    ledger.append(
        PlanFrozen(
            partitions=len(plan), files=plan.facts.files, bytes=plan.facts.bytes, seconds=0.0
        )
    )
    ledger.append(AttemptInterrupted())
    ledger.flush()


def _other_code(facts: Mapping[str, Any]) -> Iterator[str]:
    """Say that the code is not as it was, with the command that brings it back."""
    then, now = facts.get("git") or {}, git_revision()
    if not then:
        return
    revision = then["revision"]
    if now.get("revision") != revision:
        known = asked("cat-file", "-e", f"{revision}^{{commit}}")
        is_there = known is not None and known.returncode == 0
        back = f"git checkout {revision}" if is_there else "this repository does not have it"
        yield f"git: revision {revision} then, {now.get('revision') or 'none'} now ({back})"
    if then.get("dirty") and then.get("files") != now.get("files"):
        names = ", ".join(then.get("files") or ()) or "some files"
        yield f"git: {names} had uncommitted changes then that are not there now"
