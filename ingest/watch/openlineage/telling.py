"""Events of OpenLineage, made of a run's account; each says all that is known by then."""

import os
from collections.abc import Iterator, Mapping
from typing import Any

from openlineage.client.event_v2 import Job, Run, RunEvent, RunState
from openlineage.client.facet_v2 import (
    documentation_job,
    error_message_run,
    job_type_job,
    ownership_job,
    parent_run,
    processing_engine_run,
    source_code_location_job,
    tags_job,
)

from ingest.watch.openlineage.account import Account
from ingest.watch.openlineage.datasets import inputs, outputs

PRODUCER = "https://pypi.org/project/ingest"
_NAMESPACE = "OPENLINEAGE_NAMESPACE"
_PARENT, _ROOT = "OPENLINEAGE_PARENT_ID", "OPENLINEAGE_ROOT_PARENT_ID"
_PARTS = 3
_ON_RAY = ("local", "address")


def told(
    account: Account, state: RunState, at: str, environment: Mapping[str, str] = os.environ
) -> RunEvent:
    """Return the event of an attempt at a run that has come to this state.

    `COMPLETE` needs no other event beside it: it has all inputs, outputs and figures.
    """
    return RunEvent(
        eventTime=at,
        producer=PRODUCER,
        eventType=state,
        run=Run(account.attempt_id, dict(_of_run(account, state, environment))),
        job=Job(
            environment.get(_NAMESPACE, "default"), account.job["name"], dict(_of_job(account))
        ),
        inputs=inputs(account),
        outputs=outputs(account),
    )


def _of_run(
    account: Account, state: RunState, environment: Mapping[str, str]
) -> Iterator[tuple[str, Any]]:
    versions = account.facts.get("versions", {})
    yield (
        "processing_engine",
        processing_engine_run.ProcessingEngineRunFacet(
            version=versions.get("ray", ""),
            name="ray",
            openlineageAdapterVersion=versions["ingest"],
        ),
    )
    if account.history.error and state is RunState.FAIL:
        yield (
            "errorMessage",
            error_message_run.ErrorMessageRunFacet(account.history.error, "PYTHON"),
        )
    if parent := _parent(environment):
        yield "parent", parent


def _parent(environment: Mapping[str, str]) -> parent_run.ParentRunFacet | None:
    """Return who has started this run, as Airflow, Dagster and dbt say it: `namespace/job/id`."""
    parts = environment.get(_PARENT, "").rsplit("/", _PARTS - 1)
    if len(parts) != _PARTS:
        return None
    top = environment.get(_ROOT, "").rsplit("/", _PARTS - 1)
    root = None
    if len(top) == _PARTS:
        root = parent_run.Root(parent_run.RootRun(top[2]), parent_run.RootJob(top[0], top[1]))
    return parent_run.ParentRunFacet(
        run=parent_run.Run(parts[2]), job=parent_run.Job(parts[0], parts[1]), root=root
    )


def _of_job(account: Account) -> Iterator[tuple[str, Any]]:
    job, git = account.job, account.facts.get("git") or {}
    yield (
        "jobType",
        job_type_job.JobTypeJobFacet(processingType="BATCH", integration="INGEST", jobType="JOB"),
    )
    if text := job.get("description"):
        yield "documentation", documentation_job.DocumentationJobFacet(text, "text/plain")
    if owner := job.get("owner"):
        owners = [ownership_job.Owner(owner, "OWNER")]
        yield "ownership", ownership_job.OwnershipJobFacet(owners)
    if tags := job.get("tags"):
        fields = [
            tags_job.TagsJobFacetFields(key, str(value), "CONFIG") for key, value in tags.items()
        ]
        yield "tags", tags_job.TagsJobFacet(fields)
    if git.get("url"):
        yield (
            "sourceCodeLocation",
            source_code_location_job.SourceCodeLocationJobFacet(
                type="git", url=git["url"], repoUrl=git["url"], version=git.get("revision"),
                path=f"conf/job/{job['name']}.yaml",
            ),
        )  # fmt: skip
