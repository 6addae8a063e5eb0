"""How a run goes about its work: what may be told of it in `execution`."""

import os
from collections.abc import Mapping
from typing import Literal

from pydantic import ByteSize, Field, ValidationInfo, field_validator

from ingest.core.model import Model

MEBIBYTE = 1024 * 1024
DAY_S = 86_400.0


class Retry(Model):
    """How often and how soon work is tried again after failures of one class."""

    max_tries: int = Field(default=4, ge=1)
    """How often in all a partition is tried in the face of such failures."""
    wait_s: float = Field(default=1.0, ge=0, le=DAY_S)
    """The longest wait before the second try, in seconds. It doubles with each further one; each
    wait is drawn at random between 0 and that."""
    max_wait_s: float = Field(default=60.0, ge=0, le=DAY_S)
    """What no wait exceeds, in seconds, unless the other side asked for longer (Retry-After)."""


class Retries(Model):
    """How often and how soon a partition is tried again, by class of failure.

    Rows that break the contract, wrong settings, full disks and changed inputs are in none of these
    classes: the next try would meet the same.
    """

    throttled: Retry = Retry(max_tries=10, wait_s=2.0, max_wait_s=120.0)
    """The storage or service said that it was asked too often (429, 503, SlowDown)."""
    connection: Retry = Retry(max_tries=6)
    """The storage or network did not answer, or broke off."""
    lost_worker: Retry = Retry(wait_s=0.0)
    """The worker's process died. After the second time the partition is searched for the rows that
    end it, and if there are none it is split; both if all steps work row by row."""
    timeout: Retry = Retry(wait_s=0.0)
    """The partition took longer than `partition_timeout_s`. Then as for `lost_worker`."""
    out_of_memory: Retry = Retry()
    """The worker was killed for its memory. Then as for `lost_worker`."""
    bug: Retry = Retry(max_tries=2, wait_s=0.0)
    """An exception that nobody planned for, in a step or in ingest. The partition is searched after
    the second time, but not split."""

    @field_validator("*", mode="before")
    @classmethod
    def _complete(cls, given: object, about: ValidationInfo) -> object:
        """Take what is left out from the class's own defaults, and not from those of `Retry`."""
        if not isinstance(given, Mapping):
            return given
        usual = cls.model_fields[about.field_name or ""].default
        return usual.model_dump() | dict(given)


class Speculation(Model):
    """When a partition is worked a second time because the end of the run waits for it."""

    factor: float = Field(default=3.0, gt=1)
    """How many times as long as partitions of its size it must have taken."""
    min_s: float = Field(default=10.0, ge=0)
    """How long it must have taken at least, in seconds."""


class Execution(Model):
    """How a run goes about its work; nothing in here but `seed` changes the rows that come out."""

    workers: int | None = Field(default=None, ge=1)
    """Parallel workers, each on one core. Without it: one for each core of the machine."""
    max_memory: ByteSize | None = Field(default=None, ge=1)
    """What the workers may use together, such as `8GiB` or a number of bytes: partitions are cut to
    fit, and a worker that uses more than its share is ended. Without it: four fifths of what the
    machine has free."""
    partition_bytes: int = Field(default=64 * MEBIBYTE, ge=1)
    """About how much a partition reads, in bytes as they lie on storage. Larger files are cut,
    smaller ones packed together. Acts when a plan is made; a resumed run keeps its plan."""
    partition_timeout_s: float | None = Field(default=None, gt=0)
    """How long one partition may take before its worker is killed and it is tried again."""
    stall_timeout_s: float = Field(default=300.0, gt=0)
    """How long the run waits, in seconds, while no worker can be placed, before it fails and says
    what it asked for and what the cluster has."""
    grace_s: float = Field(default=30.0, ge=0)
    """How long what is being worked may go on after Ctrl-C or SIGTERM, in seconds."""
    lease_s: float = Field(default=15.0, ge=1, le=DAY_S)
    """After how long without a sign of life the next attempt takes over from a driver that is
    stopped, on another machine or in another container, in seconds. Raise it where the state lies
    on a slow disk."""
    retry: Retries = Retries()
    """How often and how soon a partition that failed is tried again."""
    speculation: Speculation | None = Speculation()
    """When a straggler is worked a second time; `null` to do so never."""
    max_poison_rows: int = Field(default=20, ge=0)
    """How many rows of one partition may be set aside because they end or break its worker, before
    the run fails. With 0 they are not even searched for."""
    touched_inputs: Literal["refuse", "accept"] = "refuse"
    """What to do about local files that have size and time of writing as planned, but whose inode
    was changed since (`chmod`, a hard link, a copy put back, a rewrite that put its time back):
    nothing but their content could tell whether it is another. `accept` when you know that it is
    the same, or where the file system changes these times by itself."""
    seed: int = 0
    """Where steps that draw at random (`sample`) begin. Part of the run's identity."""
    python: bool = True
    """Whether `type: python` steps may call the functions of `jobs/<name>/functions.py`."""

    @property
    def planned_workers(self) -> int:
        """How many workers to plan for, before the cluster is there to be asked."""
        return self.workers or os.cpu_count() or 1
