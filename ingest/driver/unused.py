"""Columns of the source that need not be read: each goes untouched until a step leaves it out."""

from dataclasses import replace

from ingest.driver.flow import Flow
from ingest.job import Job


def without_unused(job: Job, flow: Flow) -> Flow:
    """Return the flow for workers, whose source may leave columns unread that nothing needs."""
    layout = job.source.without(flow.layout, unused(job, flow))
    return replace(flow, layout=layout)


def unused(job: Job, flow: Flow) -> frozenset[str]:
    """Return the columns of the source that no step touches and that are not published.

    Followed backwards from the output. A name that is given to another column on the way counts as
    touched, so that under an unused name there is never another value than the source's.
    """
    schemas = (flow.layout.columns, *flow.steps)
    needed = {*flow.output, *job.contract.decides(flow.before_contract)}
    steps = zip(job.transforms, schemas, flow.steps, strict=False)
    for step, given, made in reversed(list(steps)):
        origins = step.origins(given, made)
        read = (name for each in needed for name in origins[each])
        written = (name for name in made if name in given and origins[name] != {name})
        needed = {*step.touches(given), *read, *written}
    return frozenset(flow.layout.columns) - needed
