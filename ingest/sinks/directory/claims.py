"""The fence of a directory: one run publishes there at a time, whatever state it is recorded in.

Leases and targets lie in a state, and two states do not see each other. So a run claims the
directory before it decides what it replaces, and releases it when it has published. The claim is a
file beside the directory, changed only under the directory's lock.
"""

import json
from dataclasses import asdict
from pathlib import Path

from ingest.core.errors import FatalError
from ingest.sinks.base import Claim
from ingest.sinks.directory.place import Place
from ingest.sinks.directory.publishing import tidy
from ingest.storage import tree
from ingest.storage.lock import locked


def claim(place: Place, mine: Claim, lock_wait_s: float) -> None:
    """Claim a directory for a run.

    A claim of the same state gives way: that state knows that its run cannot commit any more.

    Raises:
        FatalError: a run of another state has claimed it and has not published; or its claim
            cannot be read.
    """
    with locked(place.lock, lock_wait_s):
        theirs = _standing(place.claim)
        if theirs is not None and theirs.state != mine.state:
            raise FatalError(
                f'{place.root}: run {theirs.run_id} of job "{theirs.job}" is publishing there '
                f"and is unfinished. It is recorded in another state, {theirs.state}. Finish it "
                f"first: ingest resume {theirs.run_id} --state {theirs.state}. If that state is "
                f"lost, remove {place.claim}. Then run again"
            )
        if theirs != mine:
            place.claim.unlink(missing_ok=True)
            page = json.dumps(asdict(mine)).encode()
            tree.write_once(place.claim, [page], place.staging(mine.run_id))
            tree.remove_empty(place.beside, [mine.run_id])
    tree.sync(place.beside)  # the lock is gone, also one that a power cut has left


def release(place: Place, run_id: str, lock_wait_s: float) -> None:
    """Release a directory that a run has claimed; nothing happens if it has not. Idempotent."""
    if place.claim.exists() or place.lock.exists():  # a lock: whoever released it has died
        with locked(place.lock, lock_wait_s):
            theirs = _standing(place.claim)
            if theirs is not None and theirs.run_id == run_id:
                place.claim.unlink(missing_ok=True)
    tidy(place)  # also if an earlier attempt released it and died before that was durable


def _standing(path: Path) -> Claim | None:
    try:
        return Claim(**json.loads(path.read_bytes()))
    except FileNotFoundError:
        return None
    except (ValueError, TypeError):
        raise FatalError(
            f"{path}: not a claim. It names the run that publishes beside it, as JSON. If no run "
            "does, remove the file, then run again"
        ) from None
