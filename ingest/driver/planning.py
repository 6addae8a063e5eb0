"""Making the plan: list and cut the inputs, pack what is small, freeze the schemas, write all."""

import itertools
import threading
import time
from collections.abc import Iterable, Iterator
from dataclasses import field

from ingest.core.dataclass import dataclass
from ingest.core.errors import ConfigError, Interrupted
from ingest.core.partition import Slice, partition_id
from ingest.core.types import schema_to_json
from ingest.driver.cursors import Since
from ingest.driver.fitting import fit, refuse_little
from ingest.driver.flow import Flow, Place, check_flow, contract_types, placed
from ingest.driver.lineage import lineage
from ingest.job import Job
from ingest.records.plan_facts import CursorFacts, PlanFacts
from ingest.records.plans import Plan, PlanWriter
from ingest.sources.base import Source
from ingest.sources.files.sampling import spread
from ingest.sources.incremental import Unread
from ingest.storage.objects import Store
from ingest.transforms.base import StepContext
from ingest.workers.outlook import Outlook

SAMPLE_SLICES = 10
PEEK_SLICES = 200_000
PARTITIONS_PER_WORKER = 4
LAST_PER_WORKER = 2
TAPER = 4  # by how much the last partitions may be smaller than the others
LEAST_BYTES = 1024 * 1024
MOST_SLICES = 5_000
_RECORDS = (
    "jobs/j/lease/000001.beat", "jobs/j/lease/000001.json", "runs/r/job.yaml", "runs/r/plan.json",
    "runs/r/plan/000000.parquet", "runs/r/ledger/00000000.jsonl", "targets/t/runs/r.begin",
)  # fmt: skip
"""Names of every kind that a state gives to its files."""

Partitions = Iterator[tuple[str, tuple[Slice, ...]]]


@dataclass(slots=True)
class Draft:
    """A plan in the making: the flow is checked, the partitions are a stream to be taken once.

    While they are taken, `files` and `bytes` count along. `remarks` are what there is to say of the
    inputs: what was passed over, and what they have not in common. `pieces` and `peeked_bytes` are
    what was seen before: all there is, unless that is more than `PEEK_SLICES`. `cursor` is what the
    job's cursor has decided; None if it was not asked.
    """

    flow: Flow
    partitions: Partitions
    remarks: tuple[str, ...] = ()
    cursor: CursorFacts | None = None
    began: float = field(default_factory=time.monotonic)
    files: int = 0
    bytes: int = 0
    pieces: int = 0
    peeked_bytes: int = 0

    @property
    def outlook(self) -> Outlook:
        """How much there is to work, as far as it is known by now."""
        return Outlook(max(self.bytes, self.peeked_bytes), self.pieces)

    @property
    def nothing_new(self) -> bool:
        """Whether earlier runs have read all there is."""
        return self.cursor is not None and not self.pieces


def draft(
    job: Job,
    context: StepContext,
    place: Place,
    workers: int,
    stop: threading.Event | None = None,
    *,
    since: Since | None = None,
) -> Draft:
    """List the inputs, freeze the schemas and cut the work.

    With `since` only what the job's cursor does not have, which may be nothing.

    The driver holds at most `PEEK_SLICES` slices at a time, however many there are.

    Raises:
        ConfigError: there is no input, the job does not fit it, or a piece of it fits no worker.
        Interrupted: `stop` is set; also while the draft's partitions are taken.
    """
    target = job.execution.partition_bytes
    with placed(place):
        refuse_little(job, workers)
    with placed(place, "source"):
        refuse_state(job)
        unread = _unread(job.source, since)
        slices = _until(stop, _cut(job.source, unread.slices, target))
        peeked = list(itertools.islice(slices, PEEK_SLICES))
        nothing_new = since is not None and not peeked
        layout = None if nothing_new else job.source.layout(peeked, contract_types(job))
        room = None if nothing_new else fit(job, spread(peeked, SAMPLE_SLICES), workers)
        if room and room.bytes < target:
            target = room.bytes
            slices = room.checked(_until(stop, _cut(job.source, unread.slices, target)))
            peeked = list(itertools.islice(slices, PEEK_SLICES))
    if layout is None:
        assert since is not None, "otherwise the layout is that of the inputs"
        flow = _flow_of_nothing(job, unread, since, context, place)
    else:
        flow = check_flow(job, layout, context, place)
    target = pack_bytes(peeked, target, workers)
    size = sum(piece.bytes for piece in peeked)
    total = size if len(peeked) < PEEK_SLICES else None
    rest = job.source.admit(slices, flow.layout)
    groups = pack(itertools.chain(peeked, rest), target, total, workers)
    result = Draft(flow, iter(()), pieces=len(peeked), peeked_bytes=size)
    result.remarks = (*unread.remarks, *(since.remarks if since else ()), *flow.layout.remarks)
    if since:
        position = dict(unread.position)
        result.cursor = CursorFacts(since.entry, unread.left_out, unread.known, position)
    result.partitions = _counted(result, groups)
    return result


def _unread(source: Source, since: Since | None) -> Unread:
    if since is not None:
        return source.unread(since.earlier)
    inputs = source.inputs()
    return Unread(inputs.slices, inputs.remarks)


def _flow_of_nothing(
    job: Job, unread: Unread, since: Since, context: StepContext, place: Place
) -> Flow:
    """Return the schemas of a run that finds nothing new: those that the last run has read by.

    If the job does not fit them any more, it has changed: then those of a few inputs that were
    read, as long as they are there.
    """
    if since.layout is not None:
        try:
            return check_flow(job, since.layout, context, place)
        except ConfigError:
            if not unread.sample:
                raise
    with placed(place, "source"):
        sample = list(_cut(job.source, unread.sample, job.execution.partition_bytes))
        layout = job.source.layout(sample, contract_types(job))
    return check_flow(job, layout, context, place)


def freeze(drafted: Draft, job: Job, store: Store, run_id: str) -> Plan:
    """Write the plan. From here on the run is worked from what is written, and nothing else."""
    writer = PlanWriter(store, run_id)
    count = writer.write(drafted.partitions)
    layout = drafted.flow.layout
    return writer.freeze(
        PlanFacts(
            partitions=count,
            files=drafted.files,
            bytes=drafted.bytes,
            inputs=str(getattr(job.source, "path", "")),
            input_schema=schema_to_json(layout.columns),
            output_schema=schema_to_json(drafted.flow.output),
            source_facts=layout.facts,
            notes=layout.notes,
            remarks=list(drafted.remarks),
            lineage=lineage(job, drafted.flow).to_json(),
            cursor=drafted.cursor,
        )
    )


def pack_bytes(slices: list[Slice], partition_bytes: int, workers: int) -> int:
    """Return how much to pack together: enough partitions to keep all workers busy to the end."""
    total = sum(piece.bytes for piece in slices)
    even = -(-total // (workers * PARTITIONS_PER_WORKER))
    return min(partition_bytes, max(LEAST_BYTES, even))


def pack(
    slices: Iterable[Slice], target: int, total: int | None = None, workers: int = 1
) -> Iterator[tuple[Slice, ...]]:
    """Put neighbouring small slices together up to the target; large ones stand alone.

    If their `total` is known, the last partitions are made smaller, down to a quarter of the
    target, so that all workers come to their end together: the largest are worked first. The order
    is kept: a resumed run compares its plan with a new listing in one pass.
    """
    group: list[Slice] = []
    size, most, least = 0, target, max(LEAST_BYTES, target // TAPER)
    for piece in slices:
        if group and (size + piece.bytes > most or len(group) == MOST_SLICES):
            yield tuple(group)
            if total is not None:
                total -= size
                most = min(target, max(least, total // (workers * LAST_PER_WORKER)))
            group, size = [], 0
        group.append(piece)
        size += piece.bytes
    if group:
        yield tuple(group)


def _cut(source: Source, inputs: Iterable[Slice], target: int) -> Iterator[Slice]:
    for piece in inputs:
        yield from source.cut(piece, target)


def refuse_state(job: Job) -> None:
    """Refuse a state whose records a later run would read as its input.

    Raises:
        ConfigError: it lies where the source reads.
    """
    records = (f"{job.state}/{record}" for record in _RECORDS)
    if any(map(job.source.would_read, records)):
        raise ConfigError(
            f'path: the state "{job.state}" is inside the source, so the next run would read '
            "its own records. Use another folder: state=DIR, or state=.DIR, because folders "
            'whose names begin with "." are skipped'
        )


def _until(stop: threading.Event | None, slices: Iterable[Slice]) -> Iterator[Slice]:
    for piece in slices:
        if stop is not None and stop.is_set():
            raise Interrupted
        yield piece


def _counted(counts: Draft, groups: Iterator[tuple[Slice, ...]]) -> Partitions:
    for group in groups:
        counts.files += sum(piece.start == 0 for piece in group)
        counts.bytes += sum(piece.bytes for piece in group)
        yield partition_id(group), group
