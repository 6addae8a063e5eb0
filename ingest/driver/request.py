"""What a command asks of the driver."""

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import field
from typing import Any

from ingest.core.clock import Clock, SystemClock
from ingest.core.dataclass import dataclass
from ingest.driver.flow import Place
from ingest.driver.holding import same_submission
from ingest.job import Job
from ingest.records.history import Listener
from ingest.records.holders import Holder
from ingest.storage.objects import Store
from ingest.workers.base import Workers


@dataclass(slots=True)
class Request:
    """What a command asks of the driver.

    `config` is the job as composed, in YAML; `arguments` is what stands behind `ingest run` to ask
    for the same, or with `run_id` what this attempt changes of the settings. `store` is where the
    state lies, the job's own place if it is None. With `run_id` this run is resumed, and no other.
    While the job is running, `waits` says of who holds its lease whether to wait for that.
    `surroundings` are those of a new run, if they are known already: see `records.environment`.
    """

    job: Job
    config: str
    place: Place
    workers: Workers
    arguments: Sequence[str] = ()
    fresh: bool = False
    run_id: str | None = None
    store: Store | None = None
    listeners: Sequence[Listener] = ()
    clock: Clock = field(default_factory=SystemClock)
    stop: threading.Event = field(default_factory=threading.Event)
    waits: Callable[[Holder], bool] = same_submission
    surroundings: Mapping[str, Any] | None = None
