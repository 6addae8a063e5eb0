"""Whether a run adds rows of inputs that earlier runs of its job have added already."""

from typing import get_args

import polars as pl

from ingest.core.counts import counted
from ingest.core.errors import ConfigError, FatalError
from ingest.job import Job
from ingest.records.plans import Plan
from ingest.records.runs import Runs
from ingest.sinks.base import Sink
from ingest.storage.objects import Store


def repeats(job: Job, store: Store, plan: Plan) -> str:
    """Say how many inputs of a plan earlier runs have published to where they would go again.

    Empty if there are none, or if the sink replaces rows. In memory are eight bytes for each input
    of this plan and of one earlier one: 100,000 inputs take about 50 ms for each earlier run.
    """
    if job.sink.write_disposition != "append":
        return ""
    there = set(job.sink.published_runs())
    earlier = [run_id for run_id in Runs(store).of_job(job.name) if run_id in there]
    if not earlier:
        return ""
    inputs = plan.inputs()
    again = pl.repeat(value=False, n=len(inputs), eager=True)
    for run_id in reversed(earlier):
        again |= inputs.is_in(_inputs(store, run_id).implode())
        if again.all():
            break
    if not (count := int(again.sum())):
        return ""
    files = counted(len(inputs), "input file")
    was = "was" if count == 1 else "were"
    instead = (
        "If that is not wanted, mark files as read: ingest cursor set"
        if job.source.is_incremental
        else f"To replace the rows instead: {_instead(job.sink)}"
    )
    return (
        f"{count:,} of {files} {was} already published to {job.sink.uri} by "
        f"earlier runs of this job (last: {earlier[-1]}). append adds their rows again. {instead}"
    )


def _instead(sink: Sink) -> str:
    allowed = get_args(type(sink).model_fields["write_disposition"].annotation)
    if "overwrite" in allowed:
        return "sink.write_disposition=overwrite"
    return "sink.write_disposition=merge sink.primary_key=[COLUMN]"


def _inputs(store: Store, run_id: str) -> pl.Series:
    try:
        return Plan(store, run_id).inputs()
    except (ConfigError, FatalError):  # its plan is gone or damaged: nothing is known of it
        return pl.Series(dtype=pl.UInt64)
