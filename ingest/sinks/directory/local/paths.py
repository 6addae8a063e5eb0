"""Which paths a folder has that is published to, and its sibling: all that is ours lies there."""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from ingest.core.dataclass import dataclass
from ingest.sinks.directory.place import STAGING
from ingest.storage import tree

EARLIER = "_ingest"
"""The folder in the published directory in which earlier versions kept the manifests."""


@dataclass(frozen=True, slots=True)
class Paths:
    """The directory that readers see, and its sibling on the same file system that they do not.

    <parent>/<name>/                        `root`: what readers see, rows and nothing else
    <parent>/.ingest-<name>/manifests/      `manifests`: what runs have published; it stays
    <parent>/.ingest-<name>/<run_id>/       `staging`: files of tries, all named `*.staged`
    <parent>/.ingest-<name>/<run_id>/tree   `tree`: the other side of an exchange, while one is made
    <parent>/.ingest-<name>/claim.json      `claim_path`: the run that publishes, while one does
    <parent>/.ingest-<name>/lock            held while an exchange or a claim is made
    """

    root: Path

    @property
    def beside(self) -> Path:
        """The sibling that holds the manifests, and the staging folders of all runs."""
        return self.root.parent / f"{STAGING}{self.root.name}"

    @property
    def manifests(self) -> Path:
        """The folder of the manifests. It is there from the first publish on."""
        return self.beside / "manifests"

    @property
    def lock(self) -> Path:
        """The lock file under which the directory is claimed and exchanged."""
        return self.beside / "lock"

    @property
    def claim_path(self) -> Path:
        """The file that names the run which publishes here, while one does."""
        return self.beside / "claim.json"

    def manifest_path(self, run_id: str) -> Path:
        """Return where a run's manifest is, or will be."""
        return self.manifests / f"{run_id}.json"

    def manifest_uri(self, run_id: str) -> str:
        """Return the same, for people."""
        return str(self.manifest_path(run_id))

    def manifest(self, run_id: str) -> bytes:
        """Return a run's manifest; see `Place`."""
        return self.manifest_path(run_id).read_bytes()

    def has_manifest(self, run_id: str) -> bool:
        """Say whether all that a run puts into this directory stands, there or in its `tree`."""
        return self.manifest_path(run_id).exists()

    def run_ids(self) -> list[str]:
        """Return the runs that were published here; see `Place`."""
        if not os.path.isdir(self.manifests):  # noqa: PTH112 - also of a path that is too long
            return []
        return sorted(path.name.removesuffix(".json") for path in self.manifests.glob("*.json"))

    def waits(self, run_id: str, names: Iterable[str]) -> bool:
        """Say whether any of a run's files waits in its `tree` to be swapped in.

        Names are never used again, so a file of a run lies in its `tree` only before the swap.
        """
        waiting = self.tree(run_id)
        return waiting.is_dir() and any((waiting / name).exists() for name in names)

    def files(self) -> Iterator[str]:
        """Yield the names of all files; see `Place`."""
        return tree.files(self.root)

    def lacking(self, names: Iterable[str]) -> list[str]:
        """Return those of the names of which there is no file in the directory."""
        return [name for name in names if not os.path.isfile(f"{self.root}/{name}")]  # noqa: PTH113 - pathlib keeps names

    def staging(self, run_id: str) -> Path:
        """Return the folder that this run's workers write to."""
        return self.beside / run_id

    def tree(self, run_id: str) -> Path:
        """Return the folder that is exchanged with `root`: first the new one, then the old one."""
        return self.staging(run_id) / "tree"

    def earlier(self) -> str:
        """Say what to do if an earlier version of ingest has published here; empty if none has."""
        there = self.root / EARLIER
        if next(there.glob("*.json"), None) is None:
            return ""
        return (
            f'"{self.root}" was published by an earlier version of ingest, which kept its '
            "manifests in the folder itself, where readers take them for rows. Move them: "
            f'mkdir -p "{self.manifests}" && mv "{there}"/*.json "{self.manifests}" && '
            f'rmdir "{there}"'
        )
