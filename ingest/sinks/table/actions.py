"""What a commit of a run consists of: files that are added, and the transaction of the run."""

import hashlib
import time
from collections.abc import Iterable, Mapping
from typing import Any

from ingest.core.dataclass import dataclass


@dataclass(frozen=True, slots=True)
class Mark:
    """Who commits, and how many rows: goes into the history of the table, also for people."""

    run_id: str
    job: str
    owner: str
    output: str
    disposition: str
    inserted: int
    updated: int


def add_actions(adds: Iterable[Mapping[str, Any]]) -> list[Any]:
    """Return the actions that add files, of their lines in a `TablePlan`."""
    from deltalake.transaction import AddAction  # noqa: PLC0415

    return [
        AddAction(
            path=add["add"],
            size=add["bytes"],
            partition_values=add["values"],
            modification_time=add["modified"],
            data_change=True,
            stats=add["stats"],
        )
        for add in adds
    ]


def properties(mark: Mark) -> Any:
    """Return what a commit says of its run."""
    from deltalake import CommitProperties, Transaction  # noqa: PLC0415

    told: dict[str, Any] = {
        "run_id": mark.run_id, "job": mark.job, "owner": mark.owner, "output": mark.output,
        "write_disposition": mark.disposition, "inserted": mark.inserted, "updated": mark.updated,
    }  # fmt: skip
    return CommitProperties(
        custom_metadata={"ingest": told},
        # decided again by us, on what is there then, and not by the library on what was there
        max_commit_retries=0,
        app_transactions=[
            Transaction(application(mark.run_id), number(mark.job), int(time.time() * 1000))
        ],
    )


def application(run_id: str) -> str:
    """Return the name of a run's transaction."""
    return f"ingest/{run_id}"


def number(job: str) -> int:
    """Return the number of a transaction of a job's run: 63 bits made of its name."""
    return int.from_bytes(hashlib.sha256(job.encode()).digest()[:8]) >> 1
