"""Claiming a folder: by a file beside it, which is changed only under the folder's lock."""

from pathlib import Path

from ingest.sinks.base import Claim
from ingest.sinks.directory import claims
from ingest.sinks.directory.local.paths import Paths
from ingest.sinks.directory.local.publishing import tidy
from ingest.storage import tree
from ingest.storage.lock import locked


def claim(place: Paths, mine: Claim, lock_wait_s: float) -> None:
    """Claim a folder for a run.

    Raises:
        FatalError: a run of another state has claimed it and has not published; or its claim
            cannot be read.
    """
    with locked(place.lock, lock_wait_s):
        theirs = _standing(place.claim_path)
        claims.refuse_other(str(place.root), theirs, mine, str(place.claim_path))
        if theirs != mine:
            place.claim_path.unlink(missing_ok=True)
            tree.write_once(place.claim_path, [claims.written(mine)], place.staging(mine.run_id))
            tree.remove_empty(place.beside, [mine.run_id])
    tree.sync(place.beside)  # the lock is gone, also one that a power cut has left


def release(place: Paths, run_id: str, lock_wait_s: float) -> None:
    """Release a folder that a run has claimed; nothing happens if it has not. Idempotent."""
    if place.claim_path.exists() or place.lock.exists():  # a lock: whoever released it has died
        with locked(place.lock, lock_wait_s):
            theirs = _standing(place.claim_path)
            if theirs is not None and theirs.run_id == run_id:
                place.claim_path.unlink(missing_ok=True)
    tidy(place)  # also if an earlier attempt released it and died before that was durable


def _standing(path: Path) -> Claim | None:
    try:
        return claims.read(path.read_bytes(), str(path))
    except FileNotFoundError:
        return None
