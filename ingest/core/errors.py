"""Errors, grouped by what the driver does about them.

    IngestError
      ConfigError        the request is wrong; nothing ran             exit 2
      RetryableError     the network or the storage did not answer     try again, with backoff
        ThrottledError   too many requests                             try again, after Retry-After
      BadRowError        rows break the format or the contract         the contract's `on_error`
      ContractError      the run breaks its budget or its row counts   nothing is published, exit 1
      FatalError         resuming at once cannot help                  stop, resumable, exit 1
        JobError         the job does not fit its rows                 start over once it is changed
        StalePlanError   what the run reads is not what was planned    start over, or put it back
        FencedError      another attempt has taken this run over       stop at once, exit 1
    Interrupted          control flow, not a failure                   stop, resumable, exit 130

Texts have the form `<where>: <what>: <what was found>. <what is allowed>. <what to type next>.`
Every class survives pickling, because workers report across processes.
"""

from typing import Any, Literal

Held = Literal["error_budget", "row_counts", "repeated_keys", "bad_rows"]
"""What keeps a run from being published although it could process its input."""


class IngestError(Exception):
    """The root of all errors that this package raises on purpose."""

    exit_code = 1

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle by type, arguments and fields, so that subclasses may add keyword fields."""
        return _rebuild, (type(self), self.args, self.__dict__)


def _rebuild(cls: type[IngestError], args: tuple[Any, ...], state: dict[str, Any]) -> IngestError:
    error = cls.__new__(cls, *args)
    error.args = args
    error.__dict__.update(state)
    return error


class ConfigError(IngestError):
    """The request is wrong; nothing ran. The text has one line per mistake, all of them at once."""

    exit_code = 2

    def __init__(self, *lines: str) -> None:
        super().__init__(*lines)
        self.lines = lines

    def __str__(self) -> str:
        return "\n".join(self.lines)


class RetryableError(IngestError):
    """Trying again may help: a connection was lost, or the storage did not answer."""


class ThrottledError(RetryableError):
    """The storage or service reported too many requests.

    `retry_after_s` is how many seconds it asked to wait, None if it did not say.
    """

    def __init__(self, *args: object, retry_after_s: float | None = None) -> None:
        super().__init__(*args)
        self.retry_after_s = retry_after_s


class BadRowError(IngestError):
    """Rows of the input break its format, its schema or the contract, and `on_error` is `fail`."""


class ContractError(IngestError):
    """The run exceeds its error budget, or its row counts are wrong; it must not be published.

    `held` is which of these it is, in a word.
    """

    def __init__(self, *parts: str, held: Held = "error_budget") -> None:
        super().__init__(*parts)
        self.held = held


class FatalError(IngestError):
    """Trying again at once cannot help; the run stops. Fix the cause, then resume it."""


class JobError(FatalError):
    """A setting, a step or a value made the run fail, and would do so again.

    Once the job, what its steps depend on or the input has changed, the same command starts over.
    """


class StalePlanError(FatalError):
    """An input, or something that a step depends on, has changed since the run was planned.

    The run can be finished only if that is restored; otherwise the job starts over with a new plan.
    """


class FencedError(FatalError):
    """Another attempt has taken over this run; what this attempt still does has no effect."""


class Interrupted(BaseException):
    """Somebody asked the run to stop; completed partitions are kept."""

    exit_code = 130
