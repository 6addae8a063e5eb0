"""Files whose columns differ: which column stands in which files, and if a job can read them."""

import shlex
from collections.abc import Iterable, Mapping

from ingest.core.dataclass import dataclass
from ingest.core.errors import ConfigError
from ingest.core.paths import readable_path
from ingest.sniffing.names import listed

_SHOWN_FILES = 3
_SHOWN_COLUMNS = 8
_ALIKE = 0.5


@dataclass(frozen=True, slots=True)
class Differences:
    """The columns that only some of the files have, with those that have them.

    `names` are all columns, in the order of their first appearance; `files` counts the files.
    """

    names: tuple[str, ...]
    partial: Mapping[str, tuple[str, ...]]
    lacking: Mapping[str, tuple[str, ...]]
    files: int

    @property
    def said(self) -> list[str]:
        """A sentence for each of them."""
        lines = []
        for name, having in self.partial.items():
            without = self.lacking[name]
            if len(having) <= len(without):
                lines.append(f'column "{name}": only in {_listed(having)} (of {self.files} files)')
            else:
                lines.append(f'column "{name}": not in {_listed(without)} (of {self.files} files)')
        more = len(lines) - _SHOWN_COLUMNS
        return [*lines[:_SHOWN_COLUMNS], *([f"and {more} more columns"] if more > 0 else [])]

    @property
    def showing(self) -> set[str]:
        """The first file of each column that only some have: without them no sample shows it."""
        return {uris[0] for uris in list(self.partial.values())[:_SHOWN_COLUMNS]}


def compare(columns: Mapping[str, Iterable[str]]) -> Differences:
    """Compare the columns of files, by URI; their order does not count."""
    having: dict[str, list[str]] = {}
    for uri, names in columns.items():
        for name in names:
            having.setdefault(name, []).append(uri)
    partial = {name: tuple(uris) for name, uris in having.items() if len(uris) < len(columns)}
    lacking = {
        name: tuple(uri for uri in columns if uri not in set(uris))
        for name, uris in partial.items()
    }
    return Differences(tuple(having), partial, lacking, len(columns))


def refuse_mixture(
    path: str, differences: Differences, ordered: Mapping[str, Iterable[str]] | None = None
) -> None:
    """Refuse files that a job cannot read together.

    `ordered` are the names in each file where they have to be in the same order too.

    Raises:
        ConfigError: they have hardly a column in common, or no source could fill what is missing.
    """
    if not differences.partial and ordered is None:
        return
    common = len(differences.names) - len(differences.partial)
    alike = common >= _ALIKE * len(differences.names)
    if alike and ordered is None:
        return
    first = (
        f'"{path}": the files have different columns, but a job reads one schema. Name only '
        "files with the same columns: ingest init 'folder/name*.csv'"
    )
    lines = differences.said
    if ordered is not None:
        orders: dict[str, str] = {}
        for uri, names in ordered.items():
            orders.setdefault(listed(names), uri)
        lines = [f"{uri}: {names}" for names, uri in list(orders.items())[:_SHOWN_COLUMNS]]
    raise ConfigError(first, *(f"  {line}" for line in lines))


def refuse_delimiters(path: str, files: Mapping[str, str]) -> None:
    """Refuse files, by URI with the delimiter of each, that have several.

    Raises:
        ConfigError: they have; with the command for each.
    """
    by_sign: dict[str, list[str]] = {}
    for uri, sign in files.items():
        by_sign.setdefault(sign, []).append(readable_path(uri))
    if len(by_sign) < 2:
        return
    lines = []
    for sign, uris in by_sign.items():
        glob = ", or a glob that matches only these files" if len(uris) > 1 else ""
        command = f"ingest init {shlex.quote(uris[0])}{glob}"
        lines.append(f"  delimiter {sign!r} in {_listed(tuple(uris))}: {command}")
    raise ConfigError(
        f'"{path}": the files have different delimiters, but a job reads one. Use a job for each:',
        *lines,
    )


def _listed(uris: tuple[str, ...]) -> str:
    more = f" and {len(uris) - _SHOWN_FILES} more" if len(uris) > _SHOWN_FILES else ""
    return ", ".join(uris[:_SHOWN_FILES]) + more
