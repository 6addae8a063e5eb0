"""Folder names like `dt=2024-01-01` (hive partitions): which keys the files of a source have."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import field
from urllib.parse import unquote

from ingest.core.dataclass import dataclass
from ingest.core.errors import ConfigError
from ingest.core.partition import Slice
from ingest.core.paths import readable_path
from ingest.sources.files.passed_over import few

_OFF = "write hive_partitions: false to ignore folder names"


def folder_keys(uri: str, bases: Sequence[str] = ()) -> dict[str, str]:
    """Return the `key=value` folder names of a URI, decoded, in order.

    `bases` are folders whose own names count for nothing, the longest first: nobody wrote them.

    Raises:
        ConfigError: a name is not UTF-8 when it is decoded, or a key stands twice.
    """
    keys: dict[str, str] = {}
    base = next((base for base in bases if uri.startswith(f"{base}/")), "")
    for folder in uri[len(base) :].split("/")[:-1]:
        key, equals, value = folder.partition("=")
        if not (key and equals):
            continue
        try:
            name, value = unquote(key, errors="strict"), unquote(value, errors="strict")
        except UnicodeDecodeError:
            raise ConfigError(
                f'path: "{readable_path(uri)}": the folder name "{folder}" is not UTF-8 after '
                f'its "%" codes are decoded. Rename the folder ("é" is "%C3%A9"), or {_OFF}'
            ) from None
        if name in keys:
            raise ConfigError(
                f'path: "{readable_path(uri)}": the key "{name}" occurs in two of its folders. '
                f"Rename one of them, or {_OFF}"
            )
        keys[name] = value
    return keys


@dataclass(slots=True)
class KeySurvey:
    """The keys of all files, in the order in which they were first met.

    `having` and `lacking` name a file for each key; the keys are those of all files if `lacking` is
    empty. Files of one folder are asked once. `bases` are those of `folder_keys`.
    """

    bases: Sequence[str] = ()
    having: dict[str, str] = field(default_factory=dict)
    lacking: dict[str, str] = field(default_factory=dict)
    _first: str = ""
    _folder: str | None = None

    def add(self, uri: str) -> None:
        """Ask a file."""
        folder = uri.rpartition("/")[0]
        if folder == self._folder:
            return
        self._folder = folder
        keys = folder_keys(uri, self.bases)
        for key in self.having:
            if key not in keys:
                self.lacking.setdefault(key, uri)
        for key in keys:
            if key not in self.having:
                self.having[key] = uri
                if self._first:
                    self.lacking.setdefault(key, self._first)
        self._first = self._first or uri

    def check(self, *, nulls: bool) -> None:
        """Refuse keys that not all files have, unless these are to be null there.

        Raises:
            ConfigError: there are such; the text names two files.
        """
        if self.lacking and not nulls:
            key, uri = next(iter(self.lacking.items()))
            raise ConfigError(_unlike(uri, key, self.having[key]))

    def remarks(self) -> Iterator[str]:
        """Say which keys are filled with nulls."""
        for key, uri in self.lacking.items():
            yield f'filled with nulls: the folder key "{key}" ({few([uri])})'


@dataclass(frozen=True, slots=True)
class PlannedKeys:
    """The keys that the plan has; `example` is a file of it. With `nulls`, a file may lack some."""

    keys: tuple[str, ...]
    nulls: bool
    example: str
    bases: Sequence[str] = ()

    def of(self, uri: str) -> dict[str, str]:
        """Return the keys of a file.

        Raises:
            ConfigError: they are not those of the plan.
        """
        has = folder_keys(uri, self.bases)
        for key in has:
            if key not in self.keys:
                raise ConfigError(_unlike(self.example, key, uri))
        for key in self.keys:
            if key not in has and not self.nulls:
                raise ConfigError(_unlike(uri, key, self.example))
        return has

    def admit(self, slices: Iterable[Slice]) -> Iterator[Slice]:
        """Pass slices on, refusing one of other keys; raises as `of`."""
        last = None
        for piece in slices:
            folder = piece.uri.rpartition("/")[0]
            if folder != last:
                self.of(piece.uri)
            last = folder
            yield piece


def _unlike(lacking: str, key: str, having: str) -> str:
    return (
        f'path: "{readable_path(lacking)}" is not in a folder with the key "{key}", but '
        f'"{readable_path(having)}" is. Move the file into such a folder, write schema: '
        f"{{missing_columns: null}} to fill the key with nulls, or {_OFF}"
    )
