"""The fence of a directory: one run publishes there at a time, whatever state it is recorded in.

Leases and targets lie in a state, and two states do not see each other. So a run claims the place
before it decides what it replaces, and releases it when it has published. A claim of the same state
gives way: that state knows that its run cannot commit any more.
"""

import json
from dataclasses import asdict

from ingest.core.errors import FatalError
from ingest.sinks.base import Claim


def written(claim: Claim) -> bytes:
    """Return a claim as it is written."""
    return json.dumps(asdict(claim)).encode()


def read(data: bytes, where: str) -> Claim:
    """Return the claim that was written; `where` says where it lies.

    Raises:
        FatalError: it is none.
    """
    try:
        return Claim(**json.loads(data))
    except (ValueError, TypeError):
        raise FatalError(
            f"{where}: not a claim. It names the run that publishes beside it, as JSON. If no run "
            "does, remove the file, then run again"
        ) from None


def refuse_other(place: str, theirs: Claim | None, mine: Claim, where: str) -> None:
    """Refuse a place that a run of another state has claimed and not published to.

    Raises:
        FatalError: one has; `theirs` is its claim.
    """
    if theirs is not None and theirs.state != mine.state:
        raise FatalError(
            f'{place}: run {theirs.run_id} of job "{theirs.job}" is publishing there '
            f"and is unfinished. It is recorded in another state, {theirs.state}. Finish it "
            f"first: ingest resume {theirs.run_id} --state {theirs.state}. If that state is "
            f"lost, remove {where}. Then run again"
        )
