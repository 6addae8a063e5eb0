"""Places that are published to: who holds one, and which runs have begun to publish there."""

import hashlib

from ingest.core.errors import FatalError
from ingest.core.storage import Store
from ingest.records.history import History
from ingest.records.ledger import Ledger


class Target:
    """One place of output, by its URI, within one state."""

    def __init__(self, store: Store, uri: str) -> None:
        self._store = store
        self._uri = uri
        self.folder = f"targets/{hashlib.sha256(uri.encode()).hexdigest()[:16]}"

    def begin(self, run_id: str) -> None:
        """Note that a run is about to commit and to publish here."""
        self._store.create(f"{self.folder}/runs/{run_id}.begin", b"")

    def end(self, run_id: str) -> None:
        """Note that it has published."""
        self._store.create(f"{self.folder}/runs/{run_id}.end", b"")

    def begun(self, run_id: str) -> str:
        """Return where it is noted that a run was about to commit, or nothing if it is not."""
        name = f"{self.folder}/runs/{run_id}.begin"
        return self._store.uri(name) if self._store.exists(name) else ""

    def ended(self, run_id: str) -> bool:
        """Say whether it is noted that a run has published."""
        return self._store.exists(f"{self.folder}/runs/{run_id}.end")

    def check(self, run_id: str) -> None:
        """Refuse to publish between the commit and the end of another run.

        Raises:
            FatalError: there is one; the text says which.
        """
        names = self._store.names(f"{self.folder}/runs")
        ended = {name.removesuffix(".end") for name in names if name.endswith(".end")}
        for name in names:
            other = name.removesuffix(".begin")
            if name.endswith(".end") or other in ended or other == run_id:
                continue
            history = History.of(Ledger(self._store, other).events())
            if history.phase == "committed":
                raise FatalError(
                    f"sink {self._uri}: run {other} has begun to publish there and is unfinished. "
                    f"One publishes at a time. Finish it first: run the job of {other} again"
                )
