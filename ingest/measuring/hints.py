"""What would help this job, as far as its figures say so."""

import itertools
from collections.abc import Callable, Iterator

import psutil

from ingest.core.counts import counted
from ingest.core.errors import ConfigError
from ingest.core.faults import fault
from ingest.driver.flow import Place
from ingest.measuring.findings import Findings
from ingest.measuring.sample import sample
from ingest.watch.parts import Part, parts, share
from ingest.watch.summary import size

WAITING = 0.15
LOOKING_UP = 0.10
PYTHON = 0.25
UNEVEN = 1.25
WORTH_S = 1.0

_MEMORY_FREE = 0.8
"""What the workers may use of the free memory; see `execution.max_memory`."""


def hints(found: Findings, place: Place) -> list[str]:
    """Return what would help, one text each; what the figures do not show is not said."""
    some: tuple[Callable[[Findings], Iterator[str]], ...] = (
        _gains, _starting, _waiting, _rejected, _steps,
    )  # fmt: skip
    said = itertools.chain.from_iterable(one(found) for one in some)
    return [*said, *_uneven(found, place), *_memory(found), *_largest(found)]


def _gains(found: Findings) -> Iterator[str]:
    """Settings that took less time when they were tried; what checks are for is not weighed."""
    for each in found.tried or ():
        if each.told and each.seconds < 1 and not each.setting.startswith("contract."):
            yield (
                f"{each.setting} takes {1 - each.seconds:.0%} less time, and the output is "
                f"{each.written:.0%} of its current size"
            )


def _starting(found: Findings) -> Iterator[str]:
    """Small jobs are done sooner without Ray, and most are by more than one process."""
    now, then = found.job_s(found.workers), found.processes_s
    if found.cluster == "local" and then < now:
        yield (
            f"cluster=processes would take about {then:.1f} s instead of {now:.1f} s: for so "
            "little work, starting Ray costs more than it saves"
        )


def _waiting(found: Findings) -> Iterator[str]:
    """Who waits for storage can do something else meanwhile."""
    waits = found.waits
    part_of_all = share(sum(waits.values()), found.worked.seconds)
    if part_of_all >= WAITING and found.cluster != "inline":
        where = max(waits, key=lambda name: waits[name])
        more = 2 * found.workers
        yield (
            f"{part_of_all:.0%} of the time is waiting, most of it in {where}: the processor "
            "could process other partitions meanwhile. If there is enough memory, try "
            f"execution.workers={more}"
        )


def _rejected(found: Findings) -> Iterator[str]:
    totals = found.worked.totals
    spent = share(totals.seconds.get("locate", 0.0), found.worked.seconds)
    if spent >= LOOKING_UP and totals.rejected and spent * found.work_s(1) >= WORTH_S:
        (reason, count), *_ = sorted(totals.errors.items(), key=lambda item: -item[1])
        yield (
            f"{spent:.0%} of the time is spent on finding the file, line and text of "
            f"{counted(totals.rejected, 'rejected row')} "
            f"({share(totals.rejected, totals.records):.1%} of all). Most: {fault(reason)} "
            f"({counted(count, 'row')}). If such rows are expected, remove them with a filter "
            "step, or relax the rule: both are faster than rejecting them"
        )


def _steps(found: Findings) -> Iterator[str]:
    kinds = dict(zip(found.job.steps, found.job.transforms, strict=True))
    for part in parts(found.worked.totals):
        spent = share(part.seconds, found.worked.seconds)
        step = kinds.get(part.name)
        if step is not None and step.type == "python" and spent >= PYTHON:
            yield (
                f"{part.name} takes {spent:.0%}: Python works row by row, while derive, "
                "extract and sql work on whole columns. Use them where they can do the same"
            )


def _uneven(found: Findings, place: Place) -> Iterator[str]:
    """Workers that end early could have had more, smaller partitions: seen by planning with them.

    Nothing is said of what cannot be cut.
    """
    workers, sizes = found.workers, found.sample.sizes
    now = found.work_s(workers)
    even = found.work_s(1) / workers
    if workers == 1 or now < UNEVEN * even or now - even < WORTH_S:
        return
    target = max(1, sum(sizes) // (4 * workers))
    execution = found.job.execution.model_copy(update={"partition_bytes": target})
    try:
        other = sample(found.job.model_copy(update={"execution": execution}), place, 1)
    except ConfigError:
        return
    then = found.work_s(workers, other.sizes)
    if then < now / UNEVEN:
        yield (
            f"{len(sizes):,} partitions keep {workers} workers busy unevenly. "
            f"execution.partition_bytes={target} makes {len(other.sizes):,}: about {then:.1f} "
            f"s of work instead of {now:.1f} s"
        )
    else:
        yield (
            f"the largest partition has {share(max(sizes), sum(sizes)):.0%} of all bytes and "
            f"cannot be split (a compressed file, a row group): the run takes {now:.1f} s. "
            f"With smaller input files it would take {even:.1f} s"
        )


def _memory(found: Findings) -> Iterator[str]:
    needed = found.worked.totals.peak_bytes * found.workers
    free = found.job.execution.max_memory or int(psutil.virtual_memory().available * _MEMORY_FREE)
    if found.cluster in {"local", "processes"} and needed > free:
        yield (
            f"{found.workers} workers at this peak need {size(needed)}, but {size(free)} is "
            "available: set execution.max_memory, so that partitions are made small enough, or "
            "use fewer workers (execution.workers)"
        )


def _largest(found: Findings) -> Iterator[str]:
    if found.tried is None and found.work_s(1) >= WORTH_S:
        worst: Part = max(parts(found.worked.totals), key=lambda part: part.seconds)
        spent = share(worst.seconds, found.worked.seconds)
        yield (
            f"most of the time is spent in {worst.name} ({spent:.0%}). To compare other "
            "settings, add --what-if"
        )
