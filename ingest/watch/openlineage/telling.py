"""Events of OpenLineage, made of a run's account; each says all that is known by then."""

import os
from collections.abc import Mapping
from typing import Any, Literal
from uuid import UUID

from ingest.watch.openlineage.account import Account
from ingest.watch.openlineage.datasets import inputs, outputs
from ingest.watch.openlineage.facets import EVENT, PRODUCER, Facet, facets, known
from ingest.watch.openlineage.naming import repository

State = Literal["START", "RUNNING", "COMPLETE", "FAIL", "ABORT"]
Told = dict[str, Any]
"""One event of OpenLineage, as its schema has it."""

_NAMESPACE = "OPENLINEAGE_NAMESPACE"
_PARENT, _ROOT = "OPENLINEAGE_PARENT_ID", "OPENLINEAGE_ROOT_PARENT_ID"
_PARTS = 3
_ONE_MACHINE = {"inline", "processes"}


def told(
    account: Account, state: State, at: str, environment: Mapping[str, str] = os.environ
) -> Told:
    """Return the event of an attempt at a run that has come to this state.

    `COMPLETE` needs no other event beside it: it has all inputs, outputs and figures.
    """
    job = {"namespace": environment.get(_NAMESPACE, "default"), "name": account.name}
    return {
        "eventTime": at,
        "producer": PRODUCER,
        "schemaURL": EVENT,
        "eventType": state,
        "run": {"runId": account.attempt_id, "facets": _of_run(account, state, environment)},
        "job": {**job, "facets": _of_job(account)},
        "inputs": inputs(account),
        "outputs": outputs(account),
    }


def _of_run(account: Account, state: State, environment: Mapping[str, str]) -> dict[str, Facet]:
    error = account.history.error
    failed = {"message": error, "programmingLanguage": "PYTHON"}
    return facets(
        processing_engine=_engine(account),
        errorMessage=failed if error and state == "FAIL" else None,
        parent=_parent(environment),
    )


def _engine(account: Account) -> Facet | None:
    """Return what processed the rows, once that is decided: Ray, or Polars on one machine."""
    if not account.history.cluster:
        return None
    versions = account.facts.get("versions", {})
    name = "polars" if account.history.cluster in _ONE_MACHINE else "ray"
    return {
        "name": name,
        "version": versions.get(name, ""),
        "openlineageAdapterVersion": versions.get("ingest", ""),
    }


def _parent(environment: Mapping[str, str]) -> Facet | None:
    """Return who has started this run, as Airflow, Dagster and dbt say it: `namespace/job/id`."""
    parent = _started(environment.get(_PARENT, ""))
    return known({**parent, "root": _started(environment.get(_ROOT, ""))}) if parent else None


def _started(text: str) -> Facet | None:
    parts = text.rsplit("/", _PARTS - 1)
    if len(parts) != _PARTS:
        return None
    namespace, name, run_id = parts
    try:
        known_id = str(UUID(run_id))
    except ValueError:
        return None
    return {"run": {"runId": known_id}, "job": {"namespace": namespace, "name": name}}


def misnamed(environment: Mapping[str, str] = os.environ) -> list[str]:
    """Say which variables name somebody who has started the run, but not so that it can be told."""
    return [
        f'{name} is "{text}", so events do not name what started the run. It must be '
        "NAMESPACE/JOB/UUID"
        for name in (_PARENT, _ROOT)
        if (text := environment.get(name)) and _started(text) is None
    ]


def _of_job(account: Account) -> dict[str, Facet]:
    job, git = account.job, account.facts.get("git") or {}
    tags = [
        {"key": key, "value": str(value), "source": "CONFIG"}
        for key, value in (job.get("tags") or {}).items()
    ]
    text, owner, url = job.get("description"), job.get("owner"), repository(git.get("url", ""))
    place = {"type": "git", "url": url, "repoUrl": url, "version": git.get("revision")}
    return facets(
        jobType={"processingType": "BATCH", "integration": "INGEST", "jobType": "JOB"},
        documentation={"description": text, "contentType": "text/plain"} if text else None,
        ownership={"owners": [{"name": owner, "type": "OWNER"}]} if owner else None,
        tags={"tags": tags} if tags else None,
        sourceCodeLocation={**place, "path": f"conf/job/{account.name}.yaml"} if url else None,
    )
