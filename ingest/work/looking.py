"""Working a part of the input for somebody who looks at it: as a worker would, and nothing staged.

Rows that break a step are found and rejected, and what ends a run is told, as in a run.
"""

from collections.abc import Sequence

import polars as pl

from ingest.core.dataclass import dataclass
from ingest.core.outcome import Failure
from ingest.core.partition import Partition
from ingest.sources.base import Read
from ingest.work.classify import classify, error_of
from ingest.work.pipeline import CONTRACT, Pipeline
from ingest.work.poison import Poison
from ingest.work.quarantine import assemble
from ingest.work.search import search
from ingest.work.stages import OUTPUT, Stage, stages
from ingest.work.task import PartitionTask


@dataclass(frozen=True, slots=True)
class Look:
    """What became of the records: the rows at each place of the flow, and those that are rejected.

    `bad` are the rejected rows as the quarantine would have them.
    """

    read: Read
    stages: tuple[Stage, ...]
    bad: pl.DataFrame


def look(task: PartitionTask, partition: Partition) -> Look:
    """Work a partition in this process.

    Raises:
        IngestError: a run would fail so. The text has no value of a private column.
    """
    seen = _tried(task, partition, ())
    if isinstance(seen, Failure) and seen.kind == "bug" and task.searchable:
        found = search(task.order(partition), task.limits)
        seen = found.failure or _tried(task, partition, found.poison)
    if isinstance(seen, Failure):
        raise error_of(seen)
    return seen


def _tried(task: PartitionTask, partition: Partition, poison: Sequence[Poison]) -> Look | Failure:
    try:
        return _worked(task, partition, poison)
    except (Exception, SystemExit, pl.exceptions.PanicException) as error:  # noqa: BLE001 - as a worker
        return classify(error, partition, private=bool(task.steps.private))


def _worked(task: PartitionTask, partition: Partition, poison: Sequence[Poison]) -> Look:
    read = task.source.read(partition, task.layout)
    context, private = task.within(partition), task.steps.private
    pipeline = Pipeline(task.steps, [read], context, poison)
    good = pipeline.collect()
    bad = assemble(
        context.run_id,
        partition,
        source=task.source,
        layout=task.layout,
        read=read,
        rejected=pipeline.rejected(private),
        hidden=private.source,
        keep_original=task.steps.contract.keeps_original,
    )
    found = [*stages(read, task.steps, context, poison)]
    found.append(Stage(OUTPUT, good, found[-1].rows.height, bad.filter(step=CONTRACT).height))
    return Look(read, tuple(found), bad)
