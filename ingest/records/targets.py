"""Places that are published to: who holds one, and which runs have begun to publish there."""

import hashlib

from ingest.core.errors import FatalError, FencedError
from ingest.records.environment import who
from ingest.records.events import AttemptBegan, AttemptFailed
from ingest.records.history import History
from ingest.records.ledger import Ledger
from ingest.records.reader import Reader
from ingest.records.runs import Runs
from ingest.storage.objects import Store
from ingest.storage.store import state_option


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

    def forget(self, run_id: str) -> None:
        """Remove what is noted of a run that has ended: its beginning first, which needs an end."""
        for ending in ("begin", "end"):
            self._store.remove(f"{self.folder}/runs/{run_id}.{ending}")

    def check(self, run_id: str) -> None:
        """See that no other run commits here from now on; to be called under the place's lease.

        An attempt that was about to commit when its lease expired (its process was stopped) looks
        at its lease no more: its ledger is taken over, so that its commit finds the slot taken.
        Its run can be resumed, and then plans its publish again.

        Raises:
            FatalError: another run is between its commit and its end; the text says which.
        """
        names = self._store.names(f"{self.folder}/runs")
        ended = {name.removesuffix(".end") for name in names if name.endswith(".end")}
        begun = (name.removesuffix(".begin") for name in names if name.endswith(".begin"))
        runs = Runs(self._store)
        for other in begun:
            over = other in {run_id, *ended} or runs.given_up(other) or runs.removed(other)
            if not over:
                while not self._closed(other, run_id):
                    pass

    def _closed(self, other: str, run_id: str) -> bool:
        """Say whether a run cannot commit any more; to be asked again if it wrote meanwhile."""
        reader = Reader(self._store, other)
        history = History.of(reader.events())
        if history.phase == "committed":
            raise FatalError(
                f"sink {self._uri}: run {other} is publishing there and is unfinished. Only "
                f"one run can publish at a time. Finish that run first: ingest resume {other}"
                f"{state_option(self._store.uri())}"
            )
        if history.phase != "planned" or history.ended:
            return True
        error = (
            f"sink {self._uri}: run {run_id} is publishing there now, so this attempt stopped "
            "before its commit. Run the job again to resume it"
        )
        ledger = Ledger(self._store, other, after=reader.read)
        try:
            ledger.begin(AttemptBegan(run_id=other, **who()))
            ledger.append(AttemptFailed(error=error))
            ledger.flush()
        except FencedError:
            return False
        return True
