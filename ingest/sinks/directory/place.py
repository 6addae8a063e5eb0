"""Where a directory sink keeps what: the published directory and, beside it, all that is ours."""

from dataclasses import dataclass
from pathlib import Path

STAGING = ".ingest-"
"""What the names of siblings begin with that hold manifests and staged files."""

EARLIER = "_ingest"
"""The folder in the published directory in which earlier versions kept the manifests."""


@dataclass(frozen=True, slots=True)
class Place:
    """The directory that readers see, and its sibling on the same file system that they do not.

    <parent>/<name>/                        `root`: what readers see, rows and nothing else
    <parent>/.ingest-<name>/manifests/      `manifests`: what runs have published; it stays
    <parent>/.ingest-<name>/<run_id>/       `staging`: files of tries, all named `*.staged`
    <parent>/.ingest-<name>/<run_id>/tree   `tree`: the other side of an exchange, while one is made
    <parent>/.ingest-<name>/claim.json      `claim`: the run that publishes, while one does
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
    def claim(self) -> Path:
        """The file that names the run which publishes here, while one does."""
        return self.beside / "claim.json"

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
