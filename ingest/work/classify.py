"""What kind of failure an exception is: the driver decides by it."""

import traceback
from dataclasses import replace
from types import FrameType

from ingest.core.errors import (
    BadRowError,
    ConfigError,
    ContractError,
    FatalError,
    IngestError,
    JobError,
    RetryableError,
    StalePlanError,
)
from ingest.core.outcome import ErrorKind, Failure
from ingest.core.partition import Partition
from ingest.storage.causes import cause_of, machine_failed
from ingest.work import pipeline
from ingest.work.pipeline import WRITTEN_AT

WORDS = "its text may contain private values, and is not shown"

_OURS: tuple[tuple[type[IngestError], ErrorKind], ...] = (
    (ConfigError, "config"),
    (BadRowError, "bad_row"),
    (ContractError, "contract"),
    (StalePlanError, "stale_plan"),
    (JobError, "job"),
    (IngestError, "fatal"),
)
_ENDS: dict[ErrorKind, type[IngestError]] = {
    "bad_row": BadRowError,
    "contract": ContractError,
    "stale_plan": StalePlanError,
    "job": JobError,
    "config": JobError,
    "bug": JobError,
}


def classify(error: BaseException, partition: Partition, *, private: bool = False) -> Failure:
    """Say what ended a try at a partition, and in which step, if it was one; see `_classified`."""
    notes = (note for note in getattr(error, "__notes__", ()) if note.startswith(WRITTEN_AT))
    place = next(notes, "").removeprefix(WRITTEN_AT)
    return replace(_classified(error, partition, private=private), place=place)


def _classified(error: BaseException, partition: Partition, *, private: bool) -> Failure:
    """Say what ended a try at a partition, for the driver and for whoever reads it.

    An error of this package is what its class says. Any other is judged by what lies behind it, and
    what nothing is known of is a bug, shown with its traceback. With `private`, rows hold values
    that are not to be shown: then the words of an error that a step or a library made up are left
    out, because they may quote them.
    """
    if isinstance(error, IngestError) and not isinstance(error, RetryableError):
        foreign = private and not _is_our_own(error)
        text = _without_words(error, partition) if foreign else str(error)
        return Failure(kind_of(error), text)
    cause = cause_of(error)
    if isinstance(error, RetryableError):
        silent = private and _of_steps(error)
        text = _without_words(error, partition) if silent else str(error)
        if cause is None:
            return Failure("connection", text)
        return Failure(cause.kind, text, retry_after_s=cause.retry_after_s)
    silent = private and (cause is None or _of_steps(error))
    text = f"{partition}: {type(error).__name__}: {error}"
    text = _without_words(error, partition) if silent else text
    if cause is None and machine_failed(error):
        return Failure("fatal", text)
    if cause is None:
        shown = frames(error) if silent else "".join(traceback.format_exception(error))
        return Failure("bug", text, shown)
    return Failure(cause.kind, text, retry_after_s=cause.retry_after_s)


def kind_of(error: IngestError) -> ErrorKind:
    """Return what an error is by its class, whatever lies behind it."""
    return next(name for cls, name in _OURS if isinstance(error, cls))


def error_of(failure: Failure) -> IngestError:
    """Return the error that ends a run because of a failure that is not tried again.

    What has no class of its own is one that the next start may not meet again, if it is of the
    surroundings: a full disk, a dead worker. If it is of the job, that must be changed.
    """
    text = f"{_located(failure)}\n{failure.traceback}".rstrip()
    return _ENDS.get(failure.kind, FatalError)(text)


def _located(failure: Failure) -> str:
    """Return the message behind the place of the step that failed, which ends in its type."""
    if not failure.place:
        return failure.message
    kind = failure.place.rpartition(" ")[2]
    return f"{failure.place}: {failure.message.removeprefix(f'{kind}: ')}"


def _without_words(error: BaseException, partition: Partition) -> str:
    return f"{partition}: {raised(error)}: {WORDS}"


def raised(error: BaseException) -> str:
    """Say that an error was raised, without its words."""
    return f"raised {type(error).__name__}"


def frames(error: BaseException) -> str:
    """Return where an error was raised, and what it was raised from, without their words."""
    parts: list[str] = []
    seen: BaseException | None = error
    while seen is not None:
        place = "".join(traceback.format_tb(seen.__traceback__))
        parts.insert(0, f"{place}{type(seen).__name__}\n")
        seen = seen.__cause__ or (None if seen.__suppress_context__ else seen.__context__)
    return "\n".join(parts)


def _is_our_own(error: BaseException) -> bool:
    """Say whether the line that raised an error is one of this package."""
    modules = [frame.f_globals.get("__name__", "") for frame, _ in _walk(error)]
    return not modules or modules[-1].partition(".")[0] == "ingest"


def _of_steps(error: BaseException) -> bool:
    """Say whether an error was raised while steps or the contract were at work."""
    return any(frame.f_code.co_filename == pipeline.__file__ for frame, _ in _walk(error))


def _walk(error: BaseException) -> list[tuple[FrameType, int]]:
    return list(traceback.walk_tb(error.__traceback__))
