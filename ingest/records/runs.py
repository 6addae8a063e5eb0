"""The runs in a state directory: making one, finding those of a job, what each was told to do."""

import json
import secrets
import shlex
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

from ingest.core.errors import ConfigError, FatalError
from ingest.core.names import hint
from ingest.records.endings import ABANDONED, RECEIPT, REMOVED
from ingest.storage.objects import Store

FORMAT = 1
RESTORE = "Restore the file from a backup, or discard the run and start over with: --fresh"
"""What to do about a damaged record of a run."""
_REACHED = "reached_by"
_STAMP = "%Y%m%dt%H%M%S"


def made_at(run_id: str) -> datetime | None:
    """Return when a run was made, UTC, as its id says; None if it is no id of ours."""
    try:
        return datetime.strptime(run_id.partition("-")[0], _STAMP).replace(tzinfo=UTC)
    except ValueError:
        return None


def new_run_id(now: datetime, after: str | None = None) -> str:
    """Return a name that says when the run was made and is not given twice.

    It looks like `20131231t235959-1a2b3c` and sorts behind `after`, the job's last run: by a second
    at least, even if less has passed or the clock was set back. Else that run would be taken for
    the last one again.
    """
    if after:
        last = datetime.strptime(after.partition("-")[0], _STAMP).replace(tzinfo=now.tzinfo)
        now = max(now, last + timedelta(seconds=1))
    return f"{now:{_STAMP}}-{secrets.token_hex(3)}"


def command_of(facts: Mapping[str, Any], job: str) -> str:
    """Return the command that runs a job as a run of it was asked for, its settings included.

    `facts` are those of the run. Runs of earlier releases recorded no settings.
    """
    return f"ingest run {shlex.join(facts.get('arguments') or [job])}"


ACCEPT_TOUCHED = "execution.touched_inputs=accept"


def resume_command(
    run_id: str, here: str = "", settings: Iterable[str] = (), *, restored: bool = False
) -> str:
    """Return the command that resumes a run; `here` are the options that lead to its state.

    With `restored` it is for after inputs were put back as they were, which touches them.
    """
    words = list(settings)
    if restored and ACCEPT_TOUCHED not in words:
        words.append(ACCEPT_TOUCHED)
    return f"{shlex.join(['ingest', 'resume', run_id, *words])}{here}"


class OtherFormatError(FatalError):
    """A record has a format that this version of ingest cannot read; nothing ran."""

    exit_code = 2


def other_format(store: Store, run_id: str, name: str, found: object, reads: int) -> FatalError:
    """Make the error for an object of a run whose format this version does not read."""
    wrote = _wrote(store, run_id)
    wrote = f"{wrote}, which wrote it" if wrote else "the version that wrote it"
    return OtherFormatError(
        f"{store.uri(f'runs/{run_id}/{name}')}: format {found}. This version of ingest reads "
        f"format {reads}. Finish or verify the run with {wrote}; or discard the run, if it is "
        "unfinished, and start over with: --fresh"
    )


def newer_event(store: Store, run_id: str, name: str, found: str) -> FatalError:
    """Make the error for an event of a run that only a newer version of ingest knows."""
    wrote = _wrote(store, run_id)
    began = f" The run was started with {wrote}." if wrote else ""
    return OtherFormatError(
        f"{store.uri(f'runs/{run_id}/{name}')}: {found}. A newer version of ingest wrote it."
        f"{began} Update ingest, then type the same command again; or discard the run, if it is "
        "unfinished, and start over with: --fresh"
    )


def _wrote(store: Store, run_id: str) -> str:
    """Return which version of ingest a run was started with; empty if nobody knows."""
    with suppress(FileNotFoundError, ValueError, LookupError, TypeError, FatalError):
        page = json.loads(store.read(f"runs/{run_id}/run.json"))
        return f"ingest {page['versions']['ingest']}"
    return ""


class Runs:
    """All runs that share one state."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def create(self, run_id: str, job: str, config: str, facts: dict[str, Any]) -> None:
        """Record a new run: the job as composed, in YAML, and the facts that are frozen with it.

        The index of the job's runs has where they publish and how that is reached, and outlives
        what else is kept of them.
        """
        page = {"format": FORMAT, "run_id": run_id, "job": job, **facts}
        self._store.create(f"runs/{run_id}/job.yaml", config.encode())
        self._store.create(f"runs/{run_id}/run.json", json.dumps(page, indent=1).encode())
        outputs = {name: uri for name, uri in facts.get("places", {}).items() if name != "source"}
        how = {_REACHED: facts[_REACHED]} if facts.get(_REACHED) else {}
        self._store.create(f"jobs/{job}/runs/{run_id}", json.dumps({**outputs, **how}).encode())

    def of_job(self, job: str) -> list[str]:
        """Return the ids of a job's runs, oldest first, also of those whose records are gone."""
        return self._store.names(f"jobs/{job}/runs")

    def outputs(self, job: str, run_id: str) -> dict[str, str]:
        """Return where a run publishes, by output; empty if nobody knows any more."""
        if indexed := self._indexed(job, run_id):
            indexed.pop(_REACHED, None)
            return indexed
        with suppress(ConfigError, FatalError):
            found = dict(self.facts(run_id).get("places", {}))
            found.pop("source", None)
            return found
        return {}

    def reached_by(self, job: str, run_id: str) -> dict[str, dict[str, Any]]:
        """Return how a run's outputs are reached, of those that do not say so themselves."""
        return dict(self._indexed(job, run_id).get(_REACHED, {}))

    def _indexed(self, job: str, run_id: str) -> dict[str, Any]:
        with suppress(ValueError, FileNotFoundError):  # earlier releases left the entry empty
            return dict(json.loads(self._store.read(f"jobs/{job}/runs/{run_id}")))
        return {}

    def jobs(self) -> list[str]:
        """Return the names of all jobs that ever ran."""
        return self._store.names("jobs")

    def exists(self, run_id: str) -> bool:
        """Say whether a run's own records are there; somebody may have removed them.

        What `ingest clean` has begun to remove is not there any more.
        """
        folder = f"runs/{run_id}"
        if self._store.exists(f"{folder}/{REMOVED}"):
            return False
        return self._store.exists(f"{folder}/run.json") or bool(
            self._store.names(f"{folder}/ledger")
        )

    def facts(self, run_id: str) -> dict[str, Any]:
        """Return what was frozen when the run was made.

        Raises:
            ConfigError: there is no such run here, or no more.
            FatalError: another version of ingest wrote it.
        """
        if self.removed(run_id) is not None:
            raise self._unknown(run_id)
        try:
            page = self._page(f"runs/{run_id}/run.json")
        except FileNotFoundError:
            if self.exists(run_id):
                raise FatalError(
                    f"{self._store.uri(f'runs/{run_id}/run.json')}: the file is missing. {RESTORE}"
                ) from None
            raise self._unknown(run_id) from None
        if page.get("format") != FORMAT:
            raise other_format(self._store, run_id, "run.json", page.get("format"), FORMAT)
        return page

    def _unknown(self, run_id: str) -> ConfigError:
        if (mark := self.removed(run_id)) is not None:
            was = "published" if mark.get("was") == "done" else "discarded"
            return ConfigError(
                f"run {run_id}: its records were removed by ingest clean on "
                f"{mark.get('at', '')}. It was {was}. To see what is left: ingest status "
                f"{run_id}"
            )
        known = [run for job in self.jobs() for run in self.of_job(job) if self.exists(run)]
        near = hint(run_id, known)
        then = "No runs are recorded here. If it was recorded elsewhere, add --state DIR"
        if known:
            then = (
                f"The latest runs here: {', '.join(sorted(known)[-3:])}. To list all: ingest status"
            )
        return ConfigError(f'{self._store.uri()}: no run "{run_id}". {near}{then}')

    def command(self, run_id: str, job: str) -> str:
        """Return the command that runs the job as this run was asked for; see `command_of`."""
        with suppress(ConfigError, FatalError):
            return command_of(self.facts(run_id), job)
        return command_of({}, job)

    def job_of(self, run_id: str) -> str:
        """Return the name of the job of a run.

        Raises:
            ConfigError: there is no such run here.
        """
        if not self.exists(run_id):
            raise self._unknown(run_id)
        found = (job for job in self.jobs() if self._store.exists(f"jobs/{job}/runs/{run_id}"))
        return next(found, "") or str(self.facts(run_id)["job"])

    def config(self, run_id: str) -> str:
        """Return the job as composed for that run, in YAML.

        Raises:
            FatalError: it is gone, or is no text.
        """
        name = f"runs/{run_id}/job.yaml"
        try:
            return self._store.read(name).decode()
        except FileNotFoundError:
            raise FatalError(
                f"{self._store.uri(name)}: the recorded job is missing. {RESTORE}"
            ) from None
        except UnicodeDecodeError as error:
            raise FatalError(
                f"{self._store.uri(name)}: the recorded job is damaged: {error}. {RESTORE}"
            ) from None

    @property
    def place(self) -> str:
        """Where the state lies, for people."""
        return self._store.uri()

    def uri(self, run_id: str, name: str) -> str:
        """Return where an object of a run is, for people."""
        return self._store.uri(f"runs/{run_id}/{name}")

    def give_up(self, run_id: str, facts: dict[str, Any]) -> None:
        """Mark a run as discarded, beside a ledger that somebody may not be able to read."""
        page = {"format": FORMAT, "run_id": run_id, **facts}
        self._store.create(f"runs/{run_id}/{ABANDONED}", json.dumps(page, indent=1).encode())

    def given_up(self, run_id: str) -> dict[str, Any] | None:
        """Return that mark, or None."""
        if not self._store.exists(f"runs/{run_id}/{ABANDONED}"):
            return None
        return self._page(f"runs/{run_id}/{ABANDONED}")

    def mark_removed(self, run_id: str, facts: dict[str, Any]) -> None:
        """Mark a run as removed, before any of its records is: whoever finds it needs no more."""
        page = {"format": FORMAT, "run_id": run_id, **facts}
        self._store.create(f"runs/{run_id}/{REMOVED}", json.dumps(page, indent=1).encode())

    def removed(self, run_id: str) -> dict[str, Any] | None:
        """Return that mark, or None."""
        if not self._store.exists(f"runs/{run_id}/{REMOVED}"):
            return None
        return self._page(f"runs/{run_id}/{REMOVED}")

    def receipt(self, run_id: str) -> dict[str, Any] | None:
        """Return the receipt of a run, or None while there is none."""
        try:
            return self._page(f"runs/{run_id}/{RECEIPT}")
        except FileNotFoundError:
            return None

    def write_receipt(self, run_id: str, receipt: dict[str, Any]) -> str:
        """Write the receipt, once; return where it is."""
        name = f"runs/{run_id}/{RECEIPT}"
        self._store.create(name, json.dumps(receipt, indent=1, default=str).encode())
        return self._store.uri(name)

    def _page(self, name: str) -> dict[str, Any]:
        try:
            page = json.loads(self._store.read(name))
        except ValueError as error:
            raise FatalError(
                f"{self._store.uri(name)}: the file is damaged: {error}. It must be one JSON "
                f"object. {RESTORE}"
            ) from None
        if not isinstance(page, dict):
            raise FatalError(
                f"{self._store.uri(name)}: the file is damaged: it is not a JSON object. {RESTORE}"
            )
        return page
