"""Working partitions as a worker does, in this process, and removing what they stage."""

import signal
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import field, replace
from pathlib import Path
from typing import NoReturn

from ingest.core.dataclass import dataclass
from ingest.core.errors import BadRowError, ConfigError, ContractError, FatalError, IngestError
from ingest.core.outcome import Outcome
from ingest.core.partition import Assignment, Partition
from ingest.job import Job
from ingest.records.totals import Totals
from ingest.sinks.directory.staging import HashedFile
from ingest.sinks.directory.write_back import WriteBack
from ingest.storage.uris import is_remote
from ingest.work.task import PartitionTask

_ERRORS: dict[str, type[IngestError]] = {"bad_row": BadRowError, "contract": ContractError}

Told = Callable[[str], None]


@dataclass(slots=True)
class Worked:
    """What working a sample came to. `warmup_s` is what the very first partition took longer."""

    outcomes: list[Outcome] = field(default_factory=list)
    totals: Totals = field(default_factory=Totals)
    warmup_s: float = 0.0

    @property
    def seconds(self) -> float:
        """What all of it took."""
        return sum(self.totals.seconds.values())

    @property
    def per_byte(self) -> float:
        """Seconds for each byte of the input, as it lies on storage."""
        return self.seconds / max(1, self.totals.bytes_read)


@contextmanager
def scratch(job: Job) -> Iterator[Path]:
    """Make a folder on the sink's file system, and remove it, whatever happens, with what is in it.

    If the sink writes to a bucket, the folder is where its files are encoded: what the upload takes
    is not measured. Only if the process is killed (SIGKILL) it stays: `.ingest-bench-*`, beside the
    sink or in the nearest folder above that exists.

    Raises:
        ConfigError: there may nothing be written.
    """
    sink = Path(tempfile.gettempdir()) / "sink" if is_remote(job.sink.uri) else Path(job.sink.uri)
    above = next(folder for folder in sink.parents if folder.is_dir())
    try:
        folder = tempfile.TemporaryDirectory(dir=above, prefix=".ingest-bench-")
    except OSError as error:
        raise ConfigError(
            f"sink.path: {above}: no files can be staged beside the sink: {error.strerror}. "
            "Give this user permission to write there, or measure with another path: "
            "sink.path=DIR"
        ) from None
    before = signal.signal(signal.SIGTERM, _interrupted)
    try:
        with folder as made:
            yield Path(made)
    finally:
        signal.signal(signal.SIGTERM, before)


def staging_in(folder: Path, task: PartitionTask) -> PartitionTask:
    """Return the task with its sinks in a folder."""
    main, bad = str(folder / "main"), str(folder / "quarantine")
    return replace(task, sink=task.sink.at(main), quarantine=task.quarantine.at(bad))


def work_all(
    task: PartitionTask, partitions: Sequence[Partition], folder: Path, tell: Told
) -> Worked:
    """Work partitions one after the other; the first one twice, because its first time is slower.

    What they stage in the folder is removed at once, so that no more than one partition's output
    is there, and that twice.

    Raises:
        IngestError: one of them cannot be worked. The text says why, as a run would.
    """
    worked = Worked()
    warmup = _work(task, partitions[0], 0, folder)
    for number, partition in enumerate(partitions, start=1):
        outcome = _work(task, partition, number, folder)
        worked.outcomes.append(outcome)
        worked.totals.add(outcome)
        tell(f"partition {number} of {len(partitions)}: {sum(outcome.seconds.values()):.2f} s")
    again = sum(worked.outcomes[0].seconds.values())
    worked.warmup_s = max(0.0, sum(warmup.seconds.values()) - again)
    return worked


def _work(task: PartitionTask, partition: Partition, number: int, folder: Path) -> Outcome:
    _forget_peak()
    try:
        outcome = task(Assignment(partition, 1, number))
        if outcome.failure is None:
            outcome = _told_apart(outcome, folder)
    finally:
        for sink in (task.sink, task.quarantine):
            sink.discard(task.context.run_id)
    if failure := outcome.failure:
        text = f"{failure.message.removeprefix(f'{partition}: ')}\n{failure.traceback}".rstrip()
        raise _ERRORS.get(failure.kind, FatalError)(f"{partition}: cannot be processed: {text}")
    return outcome


def _told_apart(outcome: Outcome, folder: Path) -> Outcome:
    """Return the outcome with `stage` as `encode` and `write`.

    What writing takes (hashing, the system, the disk) is measured by writing the files once more.
    """
    staged = {path for name in ("*.staged", "*.parquet") for path in folder.rglob(name)}
    seconds = cpu_s = 0.0
    with WriteBack() as write_back:
        for path in staged:
            content = path.read_bytes()
            began, busy = time.perf_counter(), time.process_time()
            again = HashedFile(path.with_name(f"{path.name}.again"), write_back)
            again.write(content)
            again.finish()
            seconds += time.perf_counter() - began
            cpu_s += time.process_time() - busy
        began, busy = time.perf_counter(), time.process_time()
        write_back.wait()
        seconds += time.perf_counter() - began
        cpu_s += time.process_time() - busy
    return replace(
        outcome, seconds=_split(outcome.seconds, seconds), cpu=_split(outcome.cpu, cpu_s)
    )


def _split(taken: dict[str, float], writing: float) -> dict[str, float]:
    parts = {name: seconds for name, seconds in taken.items() if name != "stage"}
    stage = taken.get("stage", 0.0)
    write = min(stage, writing)
    return {**parts, "encode": stage - write, "write": write}


def _forget_peak() -> None:
    """Have the kernel count this process's peak memory from now on; elsewhere it counts all."""
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


def _interrupted(_number: int, _frame: object) -> NoReturn:
    raise KeyboardInterrupt
