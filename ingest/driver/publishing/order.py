"""The order in which effects are published: who sees new rows can already see what was rejected.

Nothing old is removed before all that is new stands, and a cursor moves after the rows it is about.
Effects of other packages come last, by name: whatever they do, the rows and the cursor are right.
"""

from ingest.driver.publishing.cursor import MovedCursor
from ingest.driver.publishing.effect import Effect
from ingest.driver.publishing.outputs import Output
from ingest.driver.publishing.outside import outside
from ingest.driver.sinks import sinks_of
from ingest.job import Job
from ingest.storage.objects import Store

OUTPUTS = ("quarantine", "main")
NAMES = (*OUTPUTS, "cursor")


def effects_of(job: Job, store: Store) -> tuple[Effect, ...]:
    """Return what a run of this job makes visible, in order.

    Raises:
        ConfigError: a package that adds an effect cannot be imported.
    """
    return (*own_effects(job, store), *outside(job, NAMES))


def own_effects(job: Job, store: Store) -> tuple[Effect, ...]:
    """Return those of them that are of this package."""
    sinks = sinks_of(job)
    outputs = (Output(name, sinks[name]) for name in OUTPUTS if name in sinks)
    cursor = [MovedCursor(job, store)] if job.source.is_incremental else []
    return (*outputs, *cursor)
