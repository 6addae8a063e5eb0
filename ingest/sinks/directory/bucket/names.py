"""How the objects are called that a prefix consists of, below the prefix that it lies in."""

from ingest.core.dataclass import dataclass
from ingest.sinks.directory.place import STAGING

MANIFESTS, CLAIMS, PROBE = "manifests", "claims", "probe"
KEPT = frozenset({MANIFESTS, CLAIMS, PROBE})
"""What lies beside a prefix and is staged by no run."""


@dataclass(frozen=True, slots=True)
class Names:
    """The prefix that readers see, and its sibling that they do not.

    <root>/                               what readers see, rows and nothing else
    .ingest-<root>/manifests/<run>.json   what runs have published; it stays
    .ingest-<root>/<run>/*.staged         files of tries
    .ingest-<root>/claims/<n>.json        who may publish: the last one counts
    """

    root: str

    @property
    def beside(self) -> str:
        """The sibling."""
        return f"{STAGING}{self.root}"

    @property
    def manifests(self) -> str:
        """Where the manifests are."""
        return f"{self.beside}/{MANIFESTS}"

    @property
    def claims(self) -> str:
        """Where the claims are."""
        return f"{self.beside}/{CLAIMS}"

    def published(self, name: str) -> str:
        """Return the object that is published under a name."""
        return f"{self.root}/{name}"

    def manifest(self, run_id: str) -> str:
        """Return a run's manifest."""
        return f"{self.manifests}/{run_id}.json"

    def staging(self, run_id: str) -> str:
        """Return where this run's workers write."""
        return f"{self.beside}/{run_id}"

    def staged(self, run_id: str, name: str) -> str:
        """Return a staged object."""
        return f"{self.staging(run_id)}/{name}"
