"""The sinks that a job writes to, by output, and what is written to each."""

from ingest.core.types import schema_to_json
from ingest.job import Job
from ingest.sinks.base import Sink
from ingest.work.quarantine import QUARANTINE_SCHEMA


def sinks_of(job: Job) -> dict[str, Sink]:
    """Return the sinks of a job by output."""
    outputs: dict[str, Sink] = {"main": job.sink}
    if job.contract.on_error == "quarantine":
        outputs["quarantine"] = job.quarantine_sink
    return outputs


def schemas_of(schema: dict[str, str]) -> dict[str, dict[str, str]]:
    """Return the schemas of a job's outputs, by type names; `schema` is that of the main one."""
    return {"main": schema, "quarantine": schema_to_json(QUARANTINE_SCHEMA)}
