"""What folders and globs hold besides the files that are read: nothing is left out in silence."""

from collections.abc import Callable, Container, Sequence
from dataclasses import field
from typing import Literal

from ingest.core.dataclass import dataclass
from ingest.core.paths import readable_path

Why = Literal["ending", "hidden", "pattern"]

SHOWN = 5
_SAID: dict[Why, tuple[str, str]] = {
    "ending": ("file with another ending", "files with other endings"),
    "pattern": ("file that the pattern does not match", "files that the pattern does not match"),
    "hidden": ('name that begins with "_" or "."', 'names that begin with "_" or "."'),
}


@dataclass(slots=True)
class PassedOver:
    """Files and hidden folders that were met while listing and are not read, each with the reason.

    Folders end in `/`.
    """

    _why: dict[str, Why] = field(default_factory=dict)

    def add(self, why: Why, uri: str) -> None:
        """Note that something is not read."""
        self._why[uri] = why

    def remarks(self, read: Container[str]) -> list[str]:
        """Return a sentence for each reason; what another path reads is not passed over."""
        found: dict[Why, list[str]] = {why: [] for why in _SAID}
        for uri, why in self._why.items():
            if uri not in read:
                found[why].append(uri)
        return [
            f"skipped: {len(uris):,} {_SAID[why][len(uris) > 1]}: {few(sorted(uris))}"
            for why, uris in found.items()
            if uris
        ]


def few(uris: Sequence[str], show: Callable[[str], str] = readable_path) -> str:
    """Return up to five names for people, and how many more there are."""
    listed = ", ".join(f'"{show(uri)}"' for uri in uris[:SHOWN])
    return f"{listed} and {len(uris) - SHOWN:,} more" if len(uris) > SHOWN else listed
