"""What was found out about a job."""

from collections.abc import Sequence

from ingest.core.dataclass import dataclass
from ingest.job import Job
from ingest.measuring.estimate import STARTS_S, Start, makespan
from ingest.measuring.sample import PlanSample
from ingest.measuring.what_if import TriedSetting
from ingest.measuring.working import Worked
from ingest.watch.parts import parts


@dataclass(frozen=True, slots=True)
class Findings:
    """The sample, what working it took, and what else was tried; estimates for the whole job.

    `checks` are the checks of the contract with their seconds on one partition; `tried` is None if
    nothing was to be tried out. `threads` is with how many the engine worked here.
    """

    sample: PlanSample
    worked: Worked
    start: Start
    checks: tuple[tuple[str, float], ...] = ()
    tried: tuple[TriedSetting, ...] | None = None
    threads: int = 1

    @property
    def job(self) -> Job:
        """The job as it is."""
        return self.sample.job

    @property
    def workers(self) -> int:
        """How many workers a run would have."""
        return 1 if self.cluster == "inline" else self.job.execution.planned_workers

    @property
    def cluster(self) -> str:
        """The type of cluster that a run would be worked on."""
        return self.sample.cluster

    @property
    def processes_s(self) -> float:
        """What the whole job takes on worker processes, from the command to its end."""
        workers_s = STARTS_S["processes"]
        return self.start.ready_s + workers_s + self.worked.warmup_s + self.work_s(self.workers)

    @property
    def inline_s(self) -> float:
        """What the whole job takes in one process, from the command to its end."""
        return self.start.ready_s + self.work_s(1) + self.worked.warmup_s

    @property
    def crowded(self) -> float:
        """Which part of the processor's time others had: seen where our work never waits."""
        found = [part for part in parts(self.worked.totals) if part.name not in self._waiting]
        seconds = sum(part.seconds for part in found if part.cpu_s is not None)
        busy = sum(part.cpu_s or 0.0 for part in found)
        return max(0.0, 1 - busy / seconds) if seconds else 0.0

    @property
    def waits(self) -> dict[str, float]:
        """Seconds of waiting for something else than the processor, by part."""
        alone = 1 - self.crowded
        return {
            part.name: max(0.0, part.seconds * alone - part.cpu_s)
            for part in parts(self.worked.totals)
            if part.name in self._waiting and part.cpu_s is not None
        }

    @property
    def _waiting(self) -> set[str]:
        """The parts that reach out of the process: to storage, or to whatever a function calls."""
        steps = zip(self.job.steps, self.job.transforms, strict=True)
        return {"read", "decode", "write"} | {name for name, step in steps if step.type == "python"}

    def work_s(self, workers: int, sizes: Sequence[int] | None = None) -> float:
        """Return what so many workers take for all partitions, in seconds, once they are there."""
        per_byte = self.worked.per_byte
        return makespan((each * per_byte for each in sizes or self.sample.sizes), workers)

    def job_s(self, workers: int) -> float:
        """Return what the whole job takes, from the command to its end."""
        return self.start.seconds + self.worked.warmup_s + self.work_s(workers)
