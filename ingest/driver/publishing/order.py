"""The order in which effects are published: who sees new rows can already see what was rejected.

Nothing old is removed before all that is new stands, and a cursor moves after the rows it is about.
"""

from ingest.driver.publishing.effect import Effect
from ingest.driver.publishing.outputs import Output
from ingest.driver.sinks import sinks_of
from ingest.job import Job

OUTPUTS = ("quarantine", "main")


def effects_of(job: Job) -> tuple[Effect, ...]:
    """Return what a run of this job makes visible, in order."""
    sinks = sinks_of(job)
    return tuple(Output(name, sinks[name]) for name in OUTPUTS if name in sinks)
