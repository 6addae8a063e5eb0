"""A folder of a local disk, and its sibling: published to by renaming and by exchanging folders."""

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, suppress
from typing import ClassVar

from ingest.core.errors import FatalError
from ingest.sinks.base import Claim
from ingest.sinks.directory.disk_errors import place_errors, storage_errors
from ingest.sinks.directory.local import claims
from ingest.sinks.directory.local.lengths import too_long
from ingest.sinks.directory.local.paths import Paths
from ingest.sinks.directory.local.preflight import refusals
from ingest.sinks.directory.local.publishing import inherit, publish_steps, tidy
from ingest.sinks.directory.place import Measured, Place
from ingest.sinks.directory.plan import PublishPlan
from ingest.sinks.directory.staging import HashedFile, new_file
from ingest.sinks.directory.verifying import measured
from ingest.sinks.directory.write_back import WriteBack
from ingest.storage import tree

LOCK_WAIT_S = 60.0


class Folder(Paths, Place):
    """The place `root`, absolute and with symbolic links resolved."""

    exchanges: ClassVar[bool] = True
    files_in_turn: ClassVar[int] = 100

    @property
    def uri(self) -> str:
        """The folder's path."""
        return str(self.root)

    @property
    def beside_uri(self) -> str:
        """The path of the sibling."""
        return str(self.beside)

    @property
    def readers(self) -> int:
        """A file for each core."""
        return os.cpu_count() or 1

    def errors(self) -> AbstractContextManager[None]:
        """Say what to do about a disk."""
        return storage_errors(self.root)

    def first_errors(self) -> AbstractContextManager[None]:
        """Say what is wrong with a folder."""
        return place_errors(self.root)

    def refusals(self, inputs: Sequence[str]) -> list[str]:
        """Look at the path, at permissions, and at what lies in what."""
        return refusals(self, inputs)

    def too_long(self, suffix: str, folder: str = "") -> str:
        """Ask the file system."""
        return too_long(self, suffix, folder)

    def measured(self, name: str) -> AbstractContextManager[Measured]:
        """Read a file."""
        return measured(self.root / name)

    def begin(self, run_id: str) -> None:
        """Make the folders."""
        inherit(self, run_id)

    def open(self, run_id: str, name: str, write_back: WriteBack) -> HashedFile:
        """Make a file."""
        return new_file(self.staging(run_id) / name, write_back, self.root.parent)

    def measured_staged(self, run_id: str, name: str) -> AbstractContextManager[Measured]:
        """Read a file."""
        return measured(self.staging(run_id) / name)

    def settle(self, run_id: str, write_back: WriteBack) -> None:
        """Make the contents of files durable, then their names and those of folders."""
        write_back.wait()
        for made in (self.staging(run_id), self.beside, self.beside.parent):
            tree.sync(made)

    def unstage(self, run_id: str, names: Iterable[str]) -> None:
        """Unlink files."""
        with suppress(OSError):
            for name in names:
                (self.staging(run_id) / name).unlink(missing_ok=True)

    def tidy(self) -> None:
        """Remove late files, and folders that are empty."""
        tidy(self)

    def claim(self, claim: Claim) -> None:
        """Claim the folder, under its lock."""
        claims.claim(self, claim, LOCK_WAIT_S)

    def release(self, run_id: str) -> None:
        """Release the folder, under its lock."""
        claims.release(self, run_id, LOCK_WAIT_S)

    def staged_uri(self, run_id: str, name: str) -> str:
        """Return the path of a staged file."""
        return str(self.staging(run_id) / name)

    def staged_sizes(self, run_id: str) -> Callable[[str, int], int | None]:
        """Ask for each file."""
        staging = self.staging(run_id)

        def size(name: str, _: int) -> int | None:
            with suppress(FileNotFoundError):
                return os.stat(f"{staging}/{name}").st_size  # noqa: PTH116 - pathlib keeps names
            return None

        return size

    def publish_steps(self, plan: PublishPlan, wait_s: float) -> Iterator[str]:
        """Rename, or exchange; see `publishing`."""
        return publish_steps(self, plan, wait_s)

    def discard(self, run_id: str) -> None:
        """Remove what was staged, unless an exchange was begun."""
        if self.tree(run_id).exists():
            raise FatalError(
                f"{self.root}: run {run_id} has begun to publish and can only be finished. "
                "Run the job again"
            )
        self.remove_staged(run_id)

    def is_staged(self, run_id: str) -> bool:
        """Look for the run's folder."""
        return self.staging(run_id).exists()

    def staged(self) -> Iterator[tuple[str, int]]:
        """List the folders beside."""
        folders = sorted(self.beside.iterdir()) if self.beside.is_dir() else []
        for folder in folders:
            with suppress(FileNotFoundError):
                if folder.is_dir() and not self.tree(folder.name).exists():
                    yield folder.name, tree.size(folder)

    def remove_staged(self, run_id: str) -> None:
        """Remove the run's folder."""
        if not self.tree(run_id).exists():
            tree.remove_tree(self.staging(run_id))
            tidy(self)
