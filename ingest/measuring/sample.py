"""Which partitions are worked: a few from all over the plan that a run would make."""

import time
from array import array
from collections.abc import Iterator
from datetime import UTC, datetime

from ingest.core.dataclass import dataclass
from ingest.core.errors import ConfigError
from ingest.core.partition import Partition, Slice
from ingest.driver.flow import Place
from ingest.driver.planning import Partitions, draft
from ingest.driver.tasks import context_of, task_of
from ingest.driver.unused import without_unused
from ingest.job import Job
from ingest.work.task import PartitionTask
from ingest.workers.choose import choice
from ingest.workers.outlook import Outlook

RUN_ID = "bench"


@dataclass(frozen=True, slots=True)
class PlanSample:
    """Some partitions of a job's plan, and the sizes of all of them, in bytes on storage."""

    job: Job
    task: PartitionTask
    partitions: tuple[Partition, ...]
    sizes: "array[int]"
    files: int
    plan_s: float

    @property
    def bytes(self) -> int:
        """What the sample reads."""
        return sum(partition.bytes for partition in self.partitions)

    @property
    def cluster(self) -> str:
        """The type of cluster that a run would be worked on."""
        return choice(self.job, Outlook(sum(self.sizes), len(self.sizes)))[0].type


def sample(job: Job, place: Place, number: int | None) -> PlanSample:
    """Plan the job as a run would, and take so many partitions, evenly spread; all without one.

    Raises:
        ConfigError: the job does not fit its input, or there is nothing in it.
    """
    began = time.perf_counter()
    context = context_of(job, RUN_ID, datetime.now(UTC))
    drafted = draft(job, context, place, job.execution.planned_workers)
    sizes = array("q")
    chosen = spread(_sized(drafted.partitions, sizes), number)
    if not any(sizes):
        raise ConfigError(
            f"{place(('source',))}: nothing to measure: the input has no records. Look at it with: "
            f"ingest preview {job.name}"
        )
    partitions = tuple(
        Partition(index, name, slices) for index, (name, slices) in enumerate(chosen)
    )
    task = task_of(job, without_unused(job, drafted.flow), context)
    taken = time.perf_counter() - began
    return PlanSample(job, task, partitions, sizes, drafted.files, taken)


def spread(partitions: Partitions, number: int | None) -> list[tuple[str, tuple[Slice, ...]]]:
    """Return so many partitions from all over a stream, the first among them; all without one.

    Holds at most four times as many, however long the stream is: when there are too many, every
    second one goes.
    """
    if number is None:
        return list(partitions)
    kept: list[tuple[str, tuple[Slice, ...]]] = []
    stride = 1
    for index, one in enumerate(partitions):
        if index % stride == 0:
            kept.append(one)
        if len(kept) == 4 * number:
            kept, stride = kept[::2], 2 * stride
    if len(kept) <= number:
        return kept
    return [kept[place * len(kept) // number] for place in range(number)]


def _sized(partitions: Partitions, sizes: "array[int]") -> Iterator[tuple[str, tuple[Slice, ...]]]:
    for name, slices in partitions:
        sizes.append(sum(piece.bytes for piece in slices))
        yield name, slices
