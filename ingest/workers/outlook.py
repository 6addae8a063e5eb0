"""How much there is to work, and about how long that takes: one estimate for all who ask."""

from collections.abc import Collection

from ingest.core.dataclass import dataclass

BYTES_PER_SECOND = 60e6
"""What one core works off, as bytes on storage; between 30 (Parquet, gz) and 140 (CSV) MB/s."""


@dataclass(frozen=True, slots=True)
class Spent:
    """What an earlier run of the job took: seconds of its workers in all, and bytes of its input.

    Neither is zero.
    """

    run_id: str
    seconds: float
    bytes: int


@dataclass(frozen=True, slots=True)
class Outlook:
    """What is left of a run: bytes, as they lie on storage, in so many pieces at most.

    `spent` is what the estimate is based on; None if it is on what jobs take in general. Of the
    steps in `uncounted` that says nothing: they run code of the user's, or of other packages.
    """

    bytes: int
    pieces: int
    spent: Spent | None = None
    uncounted: tuple[str, ...] = ()

    def seconds(self, workers: int) -> float:
        """Return about how long so many workers take; a piece is worked by one of them."""
        pace = self.spent.bytes / self.spent.seconds if self.spent else BYTES_PER_SECOND
        return self.bytes / (pace * max(1, min(workers, self.pieces)))

    @property
    def basis(self) -> str:
        """Say which run the estimate is by, or what it leaves out; empty if neither."""
        return basis(self.spent.run_id if self.spent else "", self.uncounted)


def basis(run_id: str, uncounted: Collection[str]) -> str:
    """Say it, of the run and the steps alone."""
    if run_id:
        return f", by run {run_id}"
    return f", not counting {' and '.join(uncounted)}" if uncounted else ""
