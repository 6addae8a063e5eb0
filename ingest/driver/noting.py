"""What a run's ledger is told of an attempt: how it ended, and how long its parts took."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Literal

from ingest.core.clock import Clock
from ingest.core.errors import (
    BadRowError,
    ContractError,
    FencedError,
    Held,
    IngestError,
    Interrupted,
)
from ingest.driver.recorded import Run
from ingest.records.cancellation import Cancellation
from ingest.records.events import AttemptFailed, AttemptInterrupted, Ending, Timed
from ingest.storage.reserve import Reserve
from ingest.storage.store import Store
from ingest.work.classify import kind_of


@contextmanager
def noted(run: Run, store: Store, cancellation: Cancellation) -> Iterator[None]:
    """Put on record how the attempt ended; and who asked for it, if it was to be stopped.

    Space for that is kept on a local disk of the state, which may be full by then.
    """
    with Reserve(store) as reserve:
        try:
            yield
        except FencedError:
            raise
        except IngestError as error:
            failed = AttemptFailed(error=str(error), kind=kind_of(error), held=_held(error))
            _note(run, reserve, failed)
            raise
        except (Interrupted, KeyboardInterrupt):
            _note(run, reserve, AttemptInterrupted(by=cancellation.by))
            raise Interrupted from None


@contextmanager
def timed(run: Run, what: str, clock: Clock) -> Iterator[None]:
    """Record how long a part of the run took, also if it fails."""
    began = clock.monotonic()
    try:
        yield
    finally:
        run.ledger.append(Timed(what=what, seconds=round(clock.monotonic() - began, 3)))


def _held(error: IngestError) -> Held | Literal[""]:
    """Say what kept a run from being published whose input could be processed; else nothing."""
    if isinstance(error, BadRowError):
        return "bad_rows"
    return error.held if isinstance(error, ContractError) else ""


def _note(run: Run, reserve: Reserve, ended: Ending) -> None:
    """Put on record how the attempt ended, unless that is what cannot be written.

    Raises:
        FencedError: another attempt has taken over, which is why this one failed.
    """
    try:
        run.ledger.append(ended)
        run.ledger.flush()
    except FencedError:
        raise
    except IngestError:
        if reserve.free():
            _flush(run)


def _flush(run: Run) -> None:
    """Write what is still to be written, if the storage takes it now."""
    with suppress(IngestError):
        run.ledger.flush()
