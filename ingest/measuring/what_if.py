"""What other settings would change, found out by trying them on the sample, turn about."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from ingest.core.dataclass import dataclass
from ingest.core.errors import ConfigError
from ingest.core.model import Model
from ingest.core.rows import visible
from ingest.driver.flow import Place, check_flow
from ingest.job import Job
from ingest.measuring.sample import PlanSample, sample
from ingest.measuring.working import Told, Worked, staging_in, work_all
from ingest.sinks.base import Sink
from ingest.sources.parquet import Parquet
from ingest.transforms.base import Transform
from ingest.transforms.select import Select

M = TypeVar("M", bound=Model)

ROUNDS = 3
NOISE = 0.02
"""Differences below this share are never told, however alike the rounds were."""


@dataclass(frozen=True, slots=True)
class TriedSetting:
    """What a setting came to, against the job as it is.

    `seconds` is what the same input takes, as a ratio (0.9: a tenth less), and so is `written`, the
    size of the output. `noise` is how far the two best rounds of the job as it is lay apart.
    """

    setting: str
    seconds: float
    written: float
    peak_bytes: int
    noise: float

    @property
    def told(self) -> bool:
        """Whether the difference in time is more than noise."""
        return abs(self.seconds - 1) > max(NOISE, self.noise)


@dataclass(slots=True)
class _Contender:
    setting: str
    sample: PlanSample
    rounds: list[Worked]

    @property
    def per_byte(self) -> float:
        """Seconds for each byte of input, each partition in its best round."""
        tries = zip(*(worked.outcomes for worked in self.rounds), strict=True)
        best = sum((min(sum(each.seconds.values()) for each in rounds) for rounds in tries), 0.0)
        return best / max(1, self.sample.bytes)

    @property
    def noise(self) -> float:
        """How far its two best rounds lay apart."""
        first, second, *_ = sorted(worked.seconds for worked in self.rounds)
        return second / max(first, 1e-12) - 1

    @property
    def written(self) -> float:
        """Bytes of output for each byte of input."""
        totals = self.rounds[0].totals
        return totals.bytes_written.get("main", 0) / max(1, totals.bytes_read)


def what_if(base: PlanSample, place: Place, folder: Path, tell: Told) -> list[TriedSetting]:
    """Try the settings that matter for this job, one at a time, and say what each has changed."""
    contenders = [_Contender("as it is", base, []), *_contenders(base, place)]
    for number in range(ROUNDS):
        for each in contenders:
            tell(f"what if, round {number + 1} of {ROUNDS}: {each.setting}")
            task = staging_in(folder, each.sample.task)
            each.rounds.append(work_all(task, each.sample.partitions, folder, _quiet))
    ours, *others = contenders
    return [
        TriedSetting(
            each.setting,
            each.per_byte / max(ours.per_byte, 1e-12),
            each.written / max(ours.written, 1e-12),
            max(worked.totals.peak_bytes for worked in each.rounds),
            ours.noise,
        )
        for each in others
    ]


def _contenders(base: PlanSample, place: Place) -> Iterator[_Contender]:
    """Yield the settings that fit the job, each with a sample of about as many bytes."""
    job, number = base.job, len(base.partitions)
    same = dict.fromkeys(base.partitions)
    for setting, sink in _sinks(job.sink):
        changed = replace(base.task, sink=sink)
        yield _Contender(setting, replace(base, task=changed), [])
    if job.contract.checks:
        bare = replace(base.task.steps, contract=_with(job.contract, checks=()))
        changed = replace(base.task, steps=bare)
        yield _Contender("contract.checks=[]", replace(base, task=changed), [])
    size = max(base.sizes)
    for target, wanted in ((size // 2, 2 * number), (2 * size, max(1, number // 2))):
        execution = _with(job.execution, partition_bytes=max(1, target))
        other = sample(_with(job, execution=execution), place, wanted)
        if len(other.sizes) != len(base.sizes) and dict.fromkeys(other.partitions) != same:
            yield _Contender(f"execution.partition_bytes={target}", other, [])
    if found := _pruned(base, place):
        left_out, changed_job = found
        other = sample(changed_job, place, number)
        yield _Contender(f"source.columns without {', '.join(left_out)}", other, [])


def _sinks(sink: Sink) -> Iterator[tuple[str, Sink]]:
    """Yield the sink with other compressions, if it has any."""
    level, codec = getattr(sink, "compression_level", None), getattr(sink, "compression", None)
    if level is not None:
        for other in {1, 3} - {level}:
            yield f"sink.compression_level={other}", _with(sink, compression_level=other)
    if codec is not None:
        for text in ("none", "zst"):
            if text != codec:
                yield f"sink.compression={text}", _with(sink, compression=text)


def _pruned(base: PlanSample, place: Place) -> tuple[list[str], Job] | None:
    """Return the columns of Parquet files that nothing needs, and the job without them."""
    job, layout = base.job, base.task.layout
    if not isinstance(job.source, Parquet):
        return None
    left_out: list[str] = []
    for name in visible(layout.facts["read"]):
        if name in base.task.steps.output or name not in layout.columns:
            continue
        kept = {k: v for k, v in layout.columns.items() if k not in {*left_out, name}}
        steps = _without([*left_out, name], job.transforms)
        context = base.task.context
        try:
            check_flow(_with(job, transforms=steps), replace(layout, columns=kept), context, place)
        except ConfigError:
            continue  # something needs it
        left_out.append(name)
    if not left_out:
        return None
    read = tuple(name for name in layout.facts["read"] if name not in left_out)
    source = _with(job.source, columns=read)
    return left_out, _with(job, source=source, transforms=_without(left_out, job.transforms))


def _without(names: Sequence[str], transforms: Sequence[Transform]) -> tuple[Transform, ...]:
    """Return the steps without what they say about leaving these columns out."""
    left: list[Transform] = []
    for step in transforms:
        if not isinstance(step, Select):
            left.append(step)
        elif columns := tuple(each for each in step.columns if each.removeprefix("-") not in names):
            left.append(_with(step, columns=columns))
    return tuple(left)


def _quiet(_text: str) -> None:
    """Say nothing of single partitions."""


def _with(model: M, **changes: object) -> M:
    return model.model_copy(update=changes)
