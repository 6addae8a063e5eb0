"""What kind of failure an exception is: the driver decides by it."""

import traceback

from ingest.core.causes import cause_of
from ingest.core.errors import (
    BadRowError,
    ConfigError,
    ContractError,
    IngestError,
    RetryableError,
    StalePlanError,
)
from ingest.core.outcome import ErrorKind, Failure
from ingest.core.partition import Partition

_OURS: tuple[tuple[type[IngestError], ErrorKind], ...] = (
    (ConfigError, "config"),
    (BadRowError, "bad_row"),
    (ContractError, "contract"),
    (StalePlanError, "stale_plan"),
    (IngestError, "fatal"),
)


def classify(error: BaseException, partition: Partition) -> Failure:
    """Say what ended a try at a partition, for the driver and for whoever reads it.

    An error of this package is what its class says. Any other is judged by what lies behind it, and
    what nothing is known of is a bug, shown with its traceback.
    """
    if isinstance(error, IngestError) and not isinstance(error, RetryableError):
        return Failure(kind_of(error), str(error))
    cause = cause_of(error)
    if isinstance(error, RetryableError):
        if cause is None:
            return Failure("connection", str(error))
        return Failure(cause.kind, str(error), retry_after_s=cause.retry_after_s)
    text = f"{partition}: {type(error).__name__}: {error}"
    if cause is None:
        return Failure("bug", text, "".join(traceback.format_exception(error)))
    return Failure(cause.kind, text, retry_after_s=cause.retry_after_s)


def kind_of(error: IngestError) -> ErrorKind:
    """Return what an error is by its class, whatever lies behind it."""
    return next(name for cls, name in _OURS if isinstance(error, cls))
