"""Listing files on local disks: what a file, a folder or a glob stands for.

Links are followed; a file is where they lead, by whatever name it was reached.
"""

import errno
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from ingest.core.dataclass import dataclass
from ingest.core.errors import ConfigError
from ingest.core.partition import Slice
from ingest.core.paths import is_utf8, printable, shell_word
from ingest.sources.files.nothing_there import NothingThereError, brackets, irregular, siblings
from ingest.sources.files.passed_over import PassedOver
from ingest.sources.files.patterns import HIDDEN, is_hidden, matcher, place_of


class FoundFile(NamedTuple):
    """A file as a whole slice, and where it really is."""

    piece: Slice
    real: str


@dataclass(frozen=True, slots=True)
class _Folder:
    """A folder as it is named, where it really is, and from which folders links led to it."""

    path: str
    real: str
    crossed: tuple[str, ...] = ()


def find_local(path: str, endings: tuple[str, ...], passed: PassedOver) -> list[FoundFile]:
    """Return the files that a path stands for, folder by folder.

    Raises:
        ConfigError: nothing is there, or it may not be listed.
    """
    try:
        return _Lister(path, endings, passed).find()
    except PermissionError as error:
        raise ConfigError(
            f'path: "{printable(path)}": no permission to list "{_name(error)}". Give this '
            "user permission to read it"
        ) from None
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise ConfigError(
                f'path: "{printable(path)}": "{_name(error)}" is a link that leads back to '
                "itself. Remove the link, or name a path without it"
            ) from None
        raise ConfigError(
            f'path: "{printable(path)}": "{_name(error)}" cannot be listed: {error.strerror}. '
            "Name a file, a folder or a glob that can be read"
        ) from None


def whole(uri: str, status: os.stat_result) -> Slice:
    """Return the slice that is a whole local file."""
    size = status.st_size
    version = str(status.st_mtime_ns)
    return Slice(uri, size, version, bytes=size, changed_ns=status.st_ctime_ns)


@dataclass(frozen=True, slots=True)
class _Lister:
    """Lists what one path stands for."""

    path: str
    endings: tuple[str, ...]
    passed: PassedOver

    def find(self) -> list[FoundFile]:
        """Return the files, folder by folder."""
        if "\0" in self.path:
            raise ConfigError(
                f"path: {self.path!r}: a file name cannot contain a NUL character. Remove it"
            )
        place, pattern = place_of(self.path)
        _refuse_bytes(str(place))
        if pattern:
            listed = list(self._matching(place, pattern))
            empty = f"no file matches. {siblings(place)}{brackets(place, pattern)}"
        elif place.is_dir():
            listed = list(self._below(_Folder(str(place), os.path.realpath(place))))
            empty = "; ".join(
                (f"no file in it ends in {_listed(self.endings)}", *self.passed.remarks(()))
            )
        else:
            return [_file(place)]
        if not listed:
            raise NothingThereError(
                f'path: "{self.path}": {empty}. Name a file, a folder or a glob'
            )
        return listed

    def _below(self, folder: _Folder) -> Iterator[FoundFile]:
        """Walk a folder. `os.scandir` lists and stats 100,000 files in about half a second."""
        for entry in _entries(folder.path):
            if entry.name.startswith(HIDDEN):
                self._pass_hidden(entry)
            elif entry.is_dir():
                yield from self._below(_enter(folder, entry))
            elif entry.name.lower().endswith(self.endings):
                yield _entry(folder, entry)
            else:
                self.passed.add("ending", entry.path)

    def _matching(self, place: Path, pattern: Sequence[str]) -> Iterator[FoundFile]:
        if not place.is_dir():
            raise NothingThereError(
                f'path: "{self.path}": no such folder "{place}". {siblings(place)}'
            )
        seen: set[str] = set()
        for found in self._expand(_Folder(str(place), os.path.realpath(place)), pattern):
            if found.piece.uri not in seen:  # two ** in one pattern reach a file twice
                seen.add(found.piece.uri)
                yield found

    def _expand(self, folder: _Folder, parts: Sequence[str]) -> Iterator[FoundFile]:
        part, rest = parts[0], parts[1:]
        if part == "**":
            yield from self._expand(folder, rest or ("*",))
        for entry in _entries(folder.path):
            if is_hidden(entry.name, part):
                self._pass_hidden(entry)
            elif part == "**":
                if entry.is_dir():
                    yield from self._expand(_enter(folder, entry), parts)
            elif matcher(part).match(entry.name):
                yield from self._matched(folder, entry, rest)
            elif not rest and not entry.is_dir():
                self.passed.add("pattern", entry.path)

    def _matched(
        self, folder: _Folder, entry: "os.DirEntry[str]", rest: Sequence[str]
    ) -> Iterator[FoundFile]:
        if rest:
            if entry.is_dir():
                yield from self._expand(_enter(folder, entry), rest)
        elif entry.is_dir():
            yield from self._below(_enter(folder, entry))
        else:
            yield _entry(folder, entry)

    def _pass_hidden(self, entry: "os.DirEntry[str]") -> None:
        self.passed.add("hidden", entry.path + "/" * entry.is_dir(follow_symlinks=False))


def _entries(folder: str) -> "list[os.DirEntry[str]]":
    with os.scandir(folder) as entries:
        return sorted(entries, key=_by_name)


def _by_name(entry: "os.DirEntry[str]") -> str:
    return entry.name


def _enter(folder: _Folder, entry: "os.DirEntry[str]") -> _Folder:
    """Return a folder below another one.

    Raises:
        ConfigError: it is a link to where we come from, or its name is no text.
    """
    _refuse_bytes(entry.name, entry.path)
    if not entry.is_symlink():
        return _Folder(entry.path, _real(folder, entry), folder.crossed)
    target = os.path.realpath(entry.path)
    crossed = (*folder.crossed, folder.real)
    if any(Path(each).is_relative_to(target) for each in crossed):
        raise ConfigError(
            f'path: "{printable(entry.path)}": a link to "{printable(target)}", a folder '
            "above it. Remove the link"
        )
    return _Folder(entry.path, target, crossed)


def _entry(folder: _Folder, entry: "os.DirEntry[str]") -> FoundFile:
    _refuse_bytes(entry.name, entry.path)
    if not entry.is_file():
        raise ConfigError(f'path: "{printable(entry.path)}": {irregular(link=entry.is_symlink())}')
    return FoundFile(whole(entry.path, entry.stat()), _real(folder, entry))


def _real(folder: _Folder, entry: "os.DirEntry[str]") -> str:
    """Return where an entry really is; the same string if that is what it is called."""
    if entry.is_symlink():
        return os.path.realpath(entry.path)
    if folder.real == folder.path:
        return entry.path
    return os.path.join(folder.real, entry.name)  # noqa: PTH118 - for every file of a folder


def _file(place: Path) -> FoundFile:
    try:
        status = place.stat()
    except FileNotFoundError:
        link = " It is a link to a missing file." if place.is_symlink() else ""
        raise NothingThereError(
            f'path: "{place}": no such file or folder.{link} {siblings(place)}'
        ) from None
    except NotADirectoryError:
        raise NothingThereError(
            f'path: "{place}": part of the path is a file, not a folder. Name a file, a folder '
            "or a glob"
        ) from None
    if not place.is_file():
        raise ConfigError(f'path: "{place}": {irregular()}')
    return FoundFile(whole(str(place), status), os.path.realpath(place))


def _refuse_bytes(name: str, path: str = "") -> None:
    """Refuse a name that is no text: plans, ledgers and columns could not hold it."""
    if not is_utf8(name):
        raise ConfigError(
            f'path: "{printable(path or name)}": the name is not UTF-8. Rename it, such as: '
            f"mv {shell_word(path or name)} NAME (convmv does so for whole folders)"
        )


def _name(error: OSError) -> str:
    return printable(os.fsdecode(error.filename or ""))


def _listed(endings: Sequence[str]) -> str:
    """Return endings in a few words: those of compressed files in brackets behind the others."""
    plain = [ending for ending in endings if not ending.endswith((".gz", ".zst"))]
    return ", ".join(plain) + (" (also .gz, .zst)" if len(plain) < len(endings) else "")
