"""What workers are told to do, made from a job and its checked flow."""

from datetime import datetime

from ingest.driver.flow import Flow, placed
from ingest.driver.privacy import named
from ingest.execution import Execution
from ingest.job import Job
from ingest.transforms.base import StepContext
from ingest.work.pipeline import Steps
from ingest.work.poison import Limits
from ingest.work.task import PartitionTask


def context_of(job: Job, run_id: str, loaded_at: datetime) -> StepContext:
    """Return what steps may know, frozen with the run."""
    return StepContext(
        job=job.name,
        run_id=run_id,
        loaded_at=loaded_at,
        seed=job.execution.seed,
        job_folder=str(job.folder),
        python=job.execution.python,
        private=named(job),
    )


def task_of(job: Job, flow: Flow, context: StepContext) -> PartitionTask:
    """Return what workers do to a partition of this job."""
    return PartitionTask(
        source=job.source,
        layout=flow.layout,
        steps=Steps(
            job.transforms,
            tuple(job.steps),
            job.contract,
            flow.before_contract,
            flow.output,
            flow.private,
            flow.places,
        ),
        sink=job.sink.at(job.sink.uri),  # a worker's directory may be another
        quarantine=job.quarantine_sink.at(job.quarantine_sink.uri),
        context=context,
        limits=_limits(job.execution),
    )


def fingerprints(job: Job, context: StepContext) -> dict[str, str]:
    """Return what the job's steps depend on besides the job and its input, by step.

    Raises:
        ConfigError: it is not there, a secret say; with the step.
    """
    digests = {}
    for number, (name, step) in enumerate(zip(job.steps, job.transforms, strict=True)):
        with placed(
            lambda path: f"transforms[{path[1]}]", "transforms", number, what=f"{step.type}: "
        ):
            digests[name] = step.fingerprint(context)
    return {name: digest for name, digest in digests.items() if digest}


def _limits(execution: Execution) -> Limits:
    """Return what a search for poison rows may cost a worker: its share of the memory, say."""
    memory = execution.max_memory
    return Limits(
        max_poison_rows=execution.max_poison_rows,
        memory_bytes=memory // execution.planned_workers if memory else None,
        timeout_s=execution.partition_timeout_s,
    )
