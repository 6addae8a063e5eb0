"""Where a job's paths lead: found out once, when a run is recorded, and kept from then on."""

import json
from collections.abc import Mapping
from typing import Any

from ingest.checks.contract import Quarantine
from ingest.driver.sinks import sinks_of
from ingest.job import Job
from ingest.watch.summary import OUTPUTS


def places(job: Job) -> dict[str, Any]:
    """Return where the job's paths lead from here, absolute and with links resolved."""
    return {"source": list(job.source.roots), **outputs_of(job)}


def outputs_of(job: Job) -> dict[str, str]:
    """Return where a job publishes from here, by output, absolute and with links resolved."""
    return {output: sink.uri for output, sink in sinks_of(job).items()}


def reached_by(job: Job) -> dict[str, Any]:
    """Return how the places of outputs are reached, of those that do not say so themselves."""
    found = {output: sink.reached_by for output, sink in sinks_of(job).items()}
    return {output: dict(how) for output, how in found.items() if how is not None}


def anchored(job: Job, recorded: Mapping[str, Any]) -> Job:
    """Return the job with its outputs where they were when a run was recorded.

    Whatever folder a command is typed in, and wherever a link leads by now: what was staged and
    committed lies at the recorded places. Those that are not on record stay as the job has them.
    """
    if main := recorded.get("main"):
        job = job.model_copy(update={"sink": job.sink.at(str(main))})
    bad = recorded.get("quarantine")
    if bad and bad != job.quarantine_sink.uri:  # else it lies beside the output, perhaps a table
        told = job.contract.quarantine or Quarantine()
        quarantine = told.model_copy(update={"path": str(bad)})
        contract = job.contract.model_copy(update={"quarantine": quarantine})
        job = job.model_copy(update={"contract": contract})
    return job


def moved(recorded: Mapping[str, Any], job: Job) -> list[str]:
    """Say which paths of a job lead elsewhere than they did when the run was recorded."""
    now = places(job)
    return [
        f"{OUTPUTS.get(name, name)}: was {json.dumps(was)}, now {json.dumps(now.get(name))}"
        for name, was in recorded.items()
        if was != now.get(name)
    ]


def linked(job: Job, recorded: Mapping[str, Any]) -> list[str]:
    """Say which recorded outputs of an anchored job have become links to other places since."""
    return [
        f'"{recorded[output]}" is now a link to "{sink.uri}"'
        for output, sink in sinks_of(job).items()
        if recorded.get(output) not in {None, sink.uri}
    ]
