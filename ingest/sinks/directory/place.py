"""What a directory sink asks of the place where its files are: a local folder, or a bucket."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import ClassVar

import pyarrow as pa

from ingest.core.dataclass import dataclass
from ingest.sinks.base import Claim
from ingest.sinks.directory.plan import PublishPlan
from ingest.sinks.directory.staging import HashedFile
from ingest.sinks.directory.write_back import WriteBack

STAGING = ".ingest-"
"""What the names of siblings begin with that hold manifests and staged files."""


@dataclass(frozen=True, slots=True)
class Measured:
    """The bytes of a published file: how many, their SHA-256, and the file for who decodes it."""

    size: int
    sha256: str
    source: pa.NativeFile


class Place(ABC):
    """Where readers see files, and its sibling `.ingest-<name>`, where they do not look.

    The sibling holds the manifests of the runs that were published, what runs have staged, and the
    claim of the run that publishes. Names of files are relative to what readers see, with `/`.

    Guarantees: a file is there whole or not at all; what `publish_steps` does may be cut off
    anywhere, repeated, and done late, and then changes nothing. Errors of the storage are those of
    `errors`.
    """

    exchanges: ClassVar[bool] = False
    """Whether all files can be replaced in one step."""
    most_file_bytes: ClassVar[int | None] = None
    """What the target size of files may be at most, in bytes; None if that does not matter."""
    files_in_turn: ClassVar[int] = 1
    """How many files are read one after the other where several are read at a time."""

    @property
    @abstractmethod
    def uri(self) -> str:
        """What readers open."""

    @property
    @abstractmethod
    def beside_uri(self) -> str:
        """Where the sibling is, for people."""

    @property
    @abstractmethod
    def readers(self) -> int:
        """How many files may be read at a time."""

    @property
    def label(self) -> str:
        """The name of the sibling."""
        return f"{STAGING}{self.uri.rstrip('/').rpartition('/')[2]}"

    @abstractmethod
    def errors(self) -> AbstractContextManager[None]:
        """Say of an error of the storage what the driver is to do about it.

        Raises:
            FatalError, RetryableError: instead of what the system said.
        """

    @abstractmethod
    def first_errors(self) -> AbstractContextManager[None]:
        """Say of an error of the storage what is wrong with the place, before anything runs.

        Raises:
            ConfigError: its lines begin with the option.
        """

    @abstractmethod
    def refusals(self, inputs: Sequence[str]) -> list[str]:
        """Return what speaks against publishing here, apart from the files that are there.

        `inputs` are the roots of the source.
        """

    def too_long(self, suffix: str, folder: str = "") -> str:  # noqa: ARG002 - a place may not mind
        """Say what is too long about the place, or about a folder in it; empty if nothing is."""
        return ""

    @abstractmethod
    def earlier(self) -> str:
        """Say what to do if an earlier version of ingest has published here; empty if none has."""

    # what readers see

    @abstractmethod
    def files(self) -> Iterator[str]:
        """Yield the names of all files, ours or not: nothing but data lies there."""

    @abstractmethod
    def lacking(self, names: Iterable[str]) -> list[str]:
        """Return those of the names of which there is no file."""

    @abstractmethod
    def measured(self, name: str) -> AbstractContextManager[Measured]:
        """Read a file whole."""

    # manifests

    @abstractmethod
    def manifest(self, run_id: str) -> bytes:
        """Return the manifest of a run.

        Raises:
            FileNotFoundError: there is none.
        """

    @abstractmethod
    def manifest_uri(self, run_id: str) -> str:
        """Return where the manifest of a run is, for people."""

    @abstractmethod
    def has_manifest(self, run_id: str) -> bool:
        """Say whether all that a run puts here stands, if it does not still wait."""

    @abstractmethod
    def run_ids(self) -> list[str]:
        """Return the runs that have a manifest, sorted by id, so by the time they began."""

    def waits(self, run_id: str, names: Iterable[str]) -> bool:  # noqa: ARG002 - see above
        """Say whether any of these files of a run waits to be exchanged, though it has a manifest.

        Then the manifest does not count yet.
        """
        return False

    # for workers

    @abstractmethod
    def begin(self, run_id: str) -> None:
        """Make ready for what a run stages."""

    @abstractmethod
    def open(self, run_id: str, name: str, write_back: WriteBack) -> HashedFile:
        """Open a new staged file, of a name that is not given twice; `settle` makes it durable.

        Raises:
            FatalError, RetryableError: the storage cannot hold it now.
        """

    @abstractmethod
    def measured_staged(self, run_id: str, name: str) -> AbstractContextManager[Measured]:
        """Read a staged file whole."""

    @abstractmethod
    def settle(self, run_id: str, write_back: WriteBack) -> None:
        """Make sure that the files which were opened are found again whole, after a power cut too.

        Called once they are finished, for all of a partition at once, before any is reported.

        Raises:
            FatalError, RetryableError: the storage cannot hold one of them.
        """

    @abstractmethod
    def unstage(self, run_id: str, names: Iterable[str]) -> None:
        """Remove staged files, as far as that can be done now."""

    @abstractmethod
    def tidy(self) -> None:
        """Remove what late workers of published runs have staged."""

    # for the driver

    @abstractmethod
    def claim(self, claim: Claim) -> None:
        """Claim the place for a run; see `Sink.claim`."""

    @abstractmethod
    def release(self, run_id: str) -> None:
        """Release the place, if that run has claimed it. Idempotent."""

    @abstractmethod
    def staged_uri(self, run_id: str, name: str) -> str:
        """Return where a staged file is, for people."""

    @abstractmethod
    def staged_sizes(self, run_id: str) -> Callable[[str, int], int | None]:
        """Return what says how many bytes a staged file has, by its name and what it should have.

        None if it is not there.
        """

    @abstractmethod
    def publish_steps(self, plan: PublishPlan, wait_s: float) -> Iterator[str]:
        """Publish, stopping after each operation to say what it was.

        Whoever takes only the first few has made a publisher that died there. `wait_s` is how long
        to wait for another one.

        Raises:
            FatalError: it cannot be finished now; the text says what to do first.
        """

    @abstractmethod
    def discard(self, run_id: str) -> None:
        """Remove what a run has staged. Idempotent.

        Raises:
            FatalError: the run is being published.
        """

    @abstractmethod
    def is_staged(self, run_id: str) -> bool:
        """Say whether anything is staged for a run."""

    # for who tidies up

    @abstractmethod
    def staged(self) -> Iterator[tuple[str, int]]:
        """Yield the runs of any state that have files staged here, with their bytes.

        Not those that are publishing at this moment.
        """

    @abstractmethod
    def remove_staged(self, run_id: str) -> None:
        """Remove what a dead run has staged. Idempotent; leaves one that publishes."""
