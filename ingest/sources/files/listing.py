"""Listing input files: paths, folders and globs become whole slices in a stable order.

A path is a file, a folder or a glob (`*`, `?`, `[ab]` within a name, `**` for any folders). A
folder stands for the data files below it, known by their endings, in upper or lower case. Names
that begin with `_` or `.` are passed over by folders and globs, unless the glob itself spells that
first character. What is passed over is said.

A file is read once, however many paths lead to it, by `..` or by symbolic links too. Hard links
are files of their own: one cannot tell which of them is meant to be the other.
"""

import os
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import field

from ingest.core.counts import counted
from ingest.core.dataclass import dataclass
from ingest.core.errors import ConfigError
from ingest.core.partition import Slice
from ingest.core.paths import readable_path
from ingest.sources.base import Inputs
from ingest.sources.files.folder_keys import folder_keys
from ingest.sources.files.local import FoundFile, find_local
from ingest.sources.files.nothing_there import NothingThereError
from ingest.sources.files.passed_over import PassedOver, few
from ingest.sources.files.patterns import GLOB, fixed_part, reads, reads_remote, unwritten
from ingest.sources.files.remote import list_remote
from ingest.storage.connections import StoreConnection
from ingest.storage.uris import is_remote

__all__ = ["GLOB"]


@dataclass(slots=True)
class _Listing:
    """Files by where they really are, and those that were met more than once.

    If `bases` are given, folder names behind them are columns, and no file can lie in two folders.
    """

    bases: Sequence[str] | None = None
    files: dict[str, Slice] = field(default_factory=dict)
    repeated: set[str] = field(default_factory=set)
    aliases: dict[str, str] = field(default_factory=dict)
    passed: PassedOver = field(default_factory=PassedOver)

    def add(self, found: Iterable[FoundFile]) -> None:
        """Take files in: of several names for one file, its own one, else the first in order."""
        for piece, real in found:
            known = self.files.setdefault(real, piece)
            if known is piece:
                continue
            if known.uri == piece.uri:
                self.repeated.add(piece.uri)
                continue
            if self.bases is not None:
                self._check_keys(known.uri, piece.uri)
            kept = min((known, piece), key=lambda each: (each.uri != real, each.uri))
            other = piece if kept is known else known
            self.files[real] = kept
            self.aliases[other.uri] = real

    def _check_keys(self, one: str, other: str) -> None:
        if folder_keys(one, self.bases or ()) != folder_keys(other, self.bases or ()):
            raise ConfigError(_two_keys(one, other))

    def sorted(self) -> list[Slice]:
        """Return the files by URI."""
        return sorted(self.files.values(), key=_uri)

    def remarks(self) -> tuple[str, ...]:
        """Say what was passed over, and what was met more than once."""
        remarks = self.passed.remarks({piece.uri for piece in self.files.values()})
        if uris := sorted(self.repeated):
            remarks.append(
                f"read once: {counted(len(uris), 'file')} matched by several paths: {few(uris)}"
            )
        if uris := sorted(self.aliases):
            remarks.append(
                f"read once: {counted(len(uris), 'file')} with two names: {few(uris, self._alias)}"
            )
        return tuple(remarks)

    def _alias(self, uri: str) -> str:
        return f'{readable_path(uri)}" is "{readable_path(self.files[self.aliases[uri]].uri)}'


def list_inputs(
    paths: str | Sequence[str],
    endings: Sequence[str],
    *,
    keyed: bool = False,
    connection: StoreConnection | None = None,
    emptied: Callable[[str], bool] | None = None,
) -> Inputs:
    """Return every file that the paths stand for, once, sorted by URI, and what there is to say.

    Local files are named by their absolute paths, because workers may run in another folder. That
    nothing is there is no mistake of a path that was `emptied`.

    Raises:
        ConfigError: a path is not there, matches nothing, or may not be read; or, where folders
            are `keyed`, a file lies in two of them. One line for each path.
    """
    listing = _Listing(bases_of(paths) if keyed else None)
    problems: list[str] = []
    for path in as_list(paths):
        try:
            found = _find(path, tuple(endings), listing.passed, connection)
            if not is_remote(path):
                _check_readable(path, found)
            listing.add(found)
        except NothingThereError as error:
            if not (emptied and emptied(path)):
                problems.extend(error.lines)
        except ConfigError as error:
            problems.extend(error.lines)
    if problems:
        raise ConfigError(*problems)
    return Inputs(listing.sorted(), listing.remarks())


def list_files(paths: str | Sequence[str], endings: Sequence[str]) -> list[Slice]:
    """Return the files of `list_inputs`."""
    return list(list_inputs(paths, endings).slices)


def survey(
    paths: str | Sequence[str], endings: Sequence[str], connection: StoreConnection | None = None
) -> list[Slice]:
    """Return what is there now of what the paths stand for, which may be nothing; as `list_files`.

    Raises:
        ConfigError: it cannot be told, because a place may not be listed or does not answer.
    """
    listing = _Listing()
    for path in as_list(paths):
        with suppress(NothingThereError):
            listing.add(_find(path, tuple(endings), listing.passed, connection))
    return listing.sorted()


def as_list(paths: str | Sequence[str]) -> list[str]:
    """Return one path or several as a list."""
    return [paths] if isinstance(paths, str) else list(paths)


def root_of(path: str) -> str:
    """Return the place below which everything lies that a path stands for; local ones absolute."""
    return GLOB.split(path, maxsplit=1)[0] if is_remote(path) else str(fixed_part(path))


def bases_of(paths: str | Sequence[str]) -> list[str]:
    """Return the folders that local paths start from without naming them, the longest first."""
    local = (unwritten(path) for path in as_list(paths) if not is_remote(path))
    return sorted({base for base in local if base}, key=len, reverse=True)


def would_read(paths: str | Sequence[str], endings: Sequence[str], file: str) -> bool:
    """Say whether any of the paths would read a file, a local one or a URI, if it were there."""
    alike = (path for path in as_list(paths) if is_remote(path) == is_remote(file))
    would = reads_remote if is_remote(file) else reads
    return any(would(path, tuple(endings), file) for path in alike)


def _find(
    path: str, endings: tuple[str, ...], passed: PassedOver, connection: StoreConnection | None
) -> list[FoundFile]:
    if is_remote(path):
        pieces = list_remote(path, endings, passed, connection)
        return [FoundFile(piece, piece.uri) for piece in pieces]
    return find_local(path, endings, passed)


def _uri(piece: Slice) -> str:
    return piece.uri


def _two_keys(one: str, other: str) -> str:
    return (
        f'path: "{readable_path(other)}" and "{readable_path(one)}" are the same file (by a '
        "link) in folders with different keys. Remove the link or copy the file, or write "
        "hive_partitions: false"
    )


def _check_readable(path: str, found: Iterable[FoundFile]) -> None:
    refused = [
        piece.uri for piece, _ in found if not os.access(piece.uri, os.R_OK, effective_ids=True)
    ]
    if refused:
        more = f" and {len(refused) - 1} more" if len(refused) > 1 else ""
        raise ConfigError(
            f'path: "{path}": no permission to read "{refused[0]}"{more}. Give this user '
            "permission to read it"
        )
