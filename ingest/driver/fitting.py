"""What fits a worker: how large a partition may be within `execution.max_memory`."""

from collections.abc import Iterable, Iterator, Sequence

from ingest.core.dataclass import dataclass
from ingest.core.errors import ConfigError
from ingest.core.partition import Slice
from ingest.job import Job
from ingest.work.memory import readable, share_of

BASE_BYTES = 200 * 1024 * 1024
"""What a worker takes for a partition of no size: 195 to 205 MiB, measured as below."""


@dataclass(frozen=True, slots=True)
class Fit:
    """How many bytes of input, as they lie on storage, a worker has room for.

    A worker takes `BASE_BYTES` and `per_byte` bytes for each byte of its partition: what the source
    says of its format, times how far it unpacks.
    """

    bytes: int
    per_byte: float
    share: int
    workers: int
    max_memory: int

    def checked(self, slices: Iterable[Slice]) -> Iterator[Slice]:
        """Pass slices on; refuse one that is too large and could not be cut.

        Raises:
            ConfigError: there is one. The text begins at `path`.
        """
        for piece in slices:
            if piece.bytes > self.bytes:
                needs = int(BASE_BYTES + self.per_byte * piece.bytes)
                raise ConfigError(
                    f"path: {piece.uri}: {readable(piece.bytes)} that cannot be split (a "
                    f"compressed file, a row group) need about {readable(needs)}. "
                    f"execution.max_memory={readable(self.max_memory)} leaves for each of "
                    f"{self.workers} workers {readable(self.share)}. Allow more memory, use "
                    "fewer workers (execution.workers=N), or split the input into smaller files"
                )
            yield piece


def refuse_little(job: Job, workers: int) -> None:
    """Refuse a job that may use less memory than any work takes.

    Raises:
        ConfigError: it is too little for so many workers.
    """
    if job.execution.max_memory is not None:
        share_of(job.execution.max_memory, workers)


def fit(job: Job, sample: Sequence[Slice], workers: int) -> Fit | None:
    """Return what fits a worker, or None if `execution.max_memory` does not say.

    Raises:
        ConfigError: the memory is too little for any work, see `refuse_little`.
    """
    most = job.execution.max_memory
    if most is None:
        return None
    share = share_of(most, workers)
    per_byte = job.source.memory_per_byte * job.source.expansion(sample)
    return Fit(max(1, int((share - BASE_BYTES) / per_byte)), per_byte, share, workers, most)
