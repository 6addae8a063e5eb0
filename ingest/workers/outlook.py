"""How much there is to work, and about how long that takes: one estimate for all who ask."""

from ingest.core.dataclass import dataclass

BYTES_PER_SECOND = 60e6
"""What one core works off, as bytes on storage; between 30 (Parquet, gz) and 140 (CSV) MB/s."""


@dataclass(frozen=True, slots=True)
class Outlook:
    """What is left of a run: bytes, as they lie on storage, in so many pieces at most."""

    bytes: int
    pieces: int

    def seconds(self, workers: int) -> float:
        """Return about how long so many workers take; a piece is worked by one of them."""
        return self.bytes / (BYTES_PER_SECOND * max(1, min(workers, self.pieces)))
