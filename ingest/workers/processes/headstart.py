"""Starting what worker processes are forked from while the job is still being read."""

from collections.abc import Mapping
from typing import Any

from ingest.workers.processes.forks import Forkserver

FORKED = ("auto", "processes")


class HeadStart:
    """A fork server for a job's workers, if it is likely to have any.

    It is a fork of this very process if it is started before Polars has been used: that costs 10 ms
    and not half a second of a core. So it is begun when a job is composed, and not yet validated.
    """

    def __init__(self) -> None:
        self.server: Forkserver | None = None

    def begin(self, composed: Mapping[str, Any]) -> None:
        """Start it if the job, as plain data, is worked by processes or may be."""
        cluster = composed.get("cluster")
        if self.server is None and isinstance(cluster, dict) and cluster.get("type") in FORKED:
            from ingest.work import task  # noqa: F401, PLC0415 - what workers share with us

            self.server = Forkserver()

    def end(self) -> None:
        """End it, with what it has forked; idempotent."""
        if self.server:
            self.server.close()
