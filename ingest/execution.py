"""How a run goes about its work: what may be told of it in `execution`."""

import os
from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import ByteSize, Field, ValidationInfo, field_validator

from ingest.core.marks import LATER, ROWS
from ingest.core.model import Model

MEBIBYTE = 1024 * 1024
DAY_S = 86_400.0


class Retry(Model):
    """How often and how soon a partition is tried again after failures of one class."""

    max_tries: int = Field(default=4, ge=1)
    """How often a partition is tried in total before the run fails."""
    wait_s: float = Field(default=1.0, ge=0, le=DAY_S)
    """The longest wait before the second try, in seconds. The limit doubles with each further try;
    each wait is drawn at random between 0 and the limit."""
    max_wait_s: float = Field(default=60.0, ge=0, le=DAY_S)
    """The upper limit of every wait, in seconds, unless the service asked for a longer one
    (Retry-After)."""


class Retries(Model):
    """How often and how soon a partition is tried again, by class of failure.

    Rows that break the contract, wrong settings, full disks and changed inputs are not tried
    again: the next try would fail in the same way.
    """

    throttled: Retry = Retry(max_tries=10, wait_s=2.0, max_wait_s=120.0)
    """The storage or service reported too many requests (429, 503, SlowDown)."""
    connection: Retry = Retry(max_tries=6)
    """The storage or network did not answer, or closed the connection."""
    lost_worker: Retry = Retry(wait_s=0.0)
    """The worker's process died. After the second try, the partition is searched for the rows that
    kill the worker; if there are none, the partition is split. Both need steps that all work row by
    row."""
    timeout: Retry = Retry(wait_s=0.0)
    """The partition took longer than `partition_timeout_s`. After that, as for `lost_worker`."""
    out_of_memory: Retry = Retry()
    """The worker was killed because it ran out of memory. After that, as for `lost_worker`."""
    bug: Retry = Retry(max_tries=2, wait_s=0.0)
    """An unexpected exception in a step or in ingest. The partition is searched after the second
    try, but not split."""

    @field_validator("*", mode="before")
    @classmethod
    def _complete(cls, given: object, about: ValidationInfo) -> object:
        """Take what is left out from the class's own defaults, and not from those of `Retry`."""
        if not isinstance(given, Mapping):
            return given
        usual = cls.model_fields[about.field_name or ""].default
        return usual.model_dump() | dict(given)


class Speculation(Model):
    """When to start a second, speculative attempt at a slow partition.

    It starts while the end of the run waits for that partition. The first attempt to finish wins.
    """

    factor: float = Field(default=3.0, gt=1)
    """A partition is slow when it takes this many times as long as other partitions of its size."""
    min_s: float = Field(default=10.0, ge=0)
    """A partition is never slow before it has run this long, in seconds."""


class Execution(Model):
    """How a run uses the machine. Only `seed` affects the output."""

    workers: int | None = Field(default=None, ge=1)
    """Number of parallel workers, each on one core; on a cluster, the largest number. Default:
    one for each core of the machine, or of the cluster, while that grows and shrinks. Each needs at
    least 256 MiB of memory."""
    weight: float = Field(default=1.0, gt=0)
    """The run's part of a cluster that several runs use at the same time: a run with weight 2 has
    twice as many workers as one with weight 1. What a run does not need, the others use."""
    max_memory: ByteSize | None = Field(default=None, ge=1)
    """The memory that all workers may use together, such as `8GiB` or a number of bytes. Partitions
    are made small enough to fit, and a worker that uses more than its share is stopped. Default:
    four fifths of the machine's free memory."""
    partition_bytes: Annotated[int, LATER] = Field(default=64 * MEBIBYTE, ge=1)
    """The target size of a partition, in bytes as stored. Larger files are split, smaller ones are
    grouped. Applies when a plan is made; a resumed run keeps its plan."""
    partition_timeout_s: float | None = Field(default=None, gt=0)
    """The longest time one partition may take, in seconds, before its worker is killed and the
    partition is tried again."""
    stall_timeout_s: float = Field(default=300.0, gt=0)
    """How long the run waits for workers, in seconds, before it fails and reports what it asked for
    and what the cluster has."""
    grace_s: float = Field(default=30.0, ge=0)
    """How long running partitions may continue after Ctrl-C or SIGTERM, in seconds."""
    lease_s: float = Field(default=15.0, ge=1, le=DAY_S)
    """How long a driver on another machine or in another container may show no sign of life, in
    seconds, before the next attempt takes over. Raise it if the state is on a slow disk."""
    retry: Retries = Retries()
    """How often and how soon a failed partition is tried again."""
    speculation: Speculation | None = Speculation()
    """When to start a speculative attempt for a slow partition; `null` turns this off."""
    max_poison_rows: int = Field(default=20, ge=0)
    """How many rows of one partition may be rejected because they kill or break the worker, before
    the run fails. With 0, the partition is not searched for such rows."""
    touched_inputs: Literal["refuse", "accept"] = "refuse"
    """What to do about local files whose size and modification time are as planned, but whose inode
    has changed since (`chmod`, a hard link, a restored copy, a rewrite with the old time): only
    their content could show whether they differ. `refuse` stops the run. Use `accept` if you know
    that the content is the same, or if the file system changes inode times by itself."""
    seed: Annotated[int, ROWS] = 0
    """The seed of steps that choose rows at random (`sample`). It is part of the run's identity."""
    python: Annotated[bool, ROWS] = True
    """Whether `type: python` steps may call functions in `jobs/<name>/functions.py`."""
    extensions: bool = True
    """Whether the job may name types of other installed packages: sources, sinks, formats, steps
    and checks; and whether such packages may add effects to the run. With `false`, none of them is
    imported."""

    @property
    def planned_workers(self) -> int:
        """How many workers to plan for, before the cluster is there to be asked."""
        return self.workers or os.cpu_count() or 1
