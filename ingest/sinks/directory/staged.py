"""What a directory sink keeps of a staged file: private to it, carried unread by everybody else."""

from typing import Self

from ingest.core.dataclass import dataclass
from ingest.core.outcome import Staged
from ingest.sinks.directory.hive import null_columns


@dataclass(frozen=True, slots=True)
class StagedFile:
    """A file that is written and not published.

    `name` is its name in the staging directory, `folder` the place below the published directory
    (`month=1`, or empty).
    """

    name: str
    folder: str
    rows: int
    bytes: int
    sha256: str

    @classmethod
    def of(cls, staged: Staged) -> Self:
        """Return the file that `staged` tells of."""
        return cls(rows=staged.rows, bytes=staged.bytes, **staged.keep)

    def packed(self) -> Staged:
        """Return what travels to the driver and into the ledger."""
        keep = {"name": self.name, "folder": self.folder, "sha256": self.sha256}
        nulls = null_columns(self.folder)
        return Staged(output="", rows=self.rows, bytes=self.bytes, keep=keep, nulls=nulls)
