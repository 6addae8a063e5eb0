"""Where a directory sink keeps what: the published directory and, beside it, what is staged."""

import os
from dataclasses import dataclass
from pathlib import Path

MANIFESTS = "_ingest"
"""The folder of the manifests, in the published directory."""


STAGING = ".ingest-"
"""What the names of siblings begin with that hold staged files."""


def publishes_in(folder: Path) -> bool:
    """Say whether runs have been published into a folder."""
    return os.path.isdir(folder / MANIFESTS)  # noqa: PTH112 - also of a path that is too long


@dataclass(frozen=True, slots=True)
class Place:
    """The directory that readers see, and its sibling on the same file system that they do not.

    <parent>/<name>/                      `root`: what readers see
    <parent>/.ingest-<name>/<run_id>/     `staging`: files of tries, all named `*.staged`
    <parent>/.ingest-<name>/<run_id>/tree `tree`: the other side of an exchange, while one is made
    <parent>/.ingest-<name>/lock          held while an exchange is made
    """

    root: Path

    @property
    def beside(self) -> Path:
        """The sibling that holds the staging folders of all runs."""
        return self.root.parent / f"{STAGING}{self.root.name}"

    @property
    def lock(self) -> Path:
        """The lock file under which directories are exchanged."""
        return self.beside / "lock"

    def staging(self, run_id: str) -> Path:
        """Return the folder that this run's workers write to."""
        return self.beside / run_id

    def tree(self, run_id: str) -> Path:
        """Return the folder that is exchanged with `root`: first the new one, then the old one."""
        return self.staging(run_id) / "tree"
