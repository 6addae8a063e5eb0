"""The library `deltalake`: whether it is there, and its errors as ours."""

from collections.abc import Iterator
from contextlib import contextmanager

from ingest.core.errors import ConfigError, FatalError
from ingest.sinks.table.place import LOG
from ingest.storage.causes import cause_of, storage_error


class Conflict(Exception):  # noqa: N818 - control flow: the commit is decided again
    """Another commit has taken the version that this one was to be."""


def require_library() -> None:
    """Refuse the sink where its library is not installed.

    Raises:
        ConfigError: it is not.
    """
    try:
        import deltalake  # noqa: F401, PLC0415
    except ImportError:
        raise ConfigError(
            "type: delta needs a package that is not installed. Install it with: "
            "pip install 'ingest[delta]'"
        ) from None


@contextmanager
def library_errors(where: str) -> Iterator[None]:
    """Make errors of ours of those of the library, whose texts have several lines."""
    from deltalake.exceptions import CommitFailedError, DeltaError  # noqa: PLC0415

    try:
        yield
    except CommitFailedError as error:
        text = f"{where}: the commit to the Delta table failed: {_first_line(error)}"
        raise storage_error(f"{text}. Check the storage, then run again", error) from error
    except DeltaError as error:
        if cause_of(error) is not None:
            text = f"{where}: the storage did not answer: {_first_line(error)}"
            raise storage_error(text, error) from error
        raise FatalError(
            f"{where}: the Delta table cannot be used: {_first_line(error)}. Restore its {LOG} "
            "from a backup, then run again"
        ) from error
    except OSError as error:
        text = f"{where}: the storage failed: {_first_line(error)}"
        raise storage_error(f"{text}. Check the storage, then run again", error) from error


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0].removesuffix(".")
