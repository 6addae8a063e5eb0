"""What installed packages add, by entry points: listed by name only, imported when it is used."""

import sys
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ingest.core.dataclass import dataclass
from ingest.core.errors import ConfigError

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint


@dataclass(frozen=True, slots=True)
class Plugin:
    """An entry point of an installed package."""

    entry: "EntryPoint"

    @property
    def name(self) -> str:
        """What it is called in its group."""
        return self.entry.name

    @property
    def versions(self) -> dict[str, str]:
        """The package that it comes with, and its version; empty if that is not known."""
        package = self.entry.dist
        return {package.name: package.version} if package else {}

    @property
    def package(self) -> str:
        """The same, for people."""
        named = (f"package {name} {version}" for name, version in self.versions.items())
        return next(named, "an unknown package")

    def __str__(self) -> str:
        return f'"{self.name}": the entry point of {self.package} in {self.entry.group}'

    def load(self) -> Any:
        """Return what it names.

        Raises:
            ConfigError: its module cannot be imported, or has no such name.
        """
        try:
            return self.entry.load()
        except (Exception, SystemExit) as error:  # sys.exit(0) there must not pass for success
            raise ConfigError(
                f"{self} cannot be imported from {self.entry.value}: {type(error).__name__}: "
                f"{error}. Update or uninstall that package"
            ) from error


def plugins(group: str) -> list[Plugin]:
    """Return the entry points of a group, sorted by name; those of one package once.

    Raises:
        ConfigError: those of an installed package cannot be read.
    """
    try:
        named = _named(group, tuple(_changed(folder) for folder in sys.path))
    except Exception as error:  # whatever the parser makes of a damaged file of any package
        raise ConfigError(_damaged(error)) from error
    unlike = {(each.name, each.entry.value, each.package): each for each in named}
    return [unlike[key] for key in sorted(unlike)]


def _changed(folder: str) -> tuple[str, int]:
    """Return a place of packages with when something was last installed there or removed."""
    try:
        return str(Path(folder).absolute()), Path(folder).stat().st_mtime_ns
    except OSError:
        return folder, 0


@lru_cache(maxsize=16)
def _named(group: str, _places: tuple[tuple[str, int], ...]) -> tuple[Plugin, ...]:
    return tuple(Plugin(entry) for entry in _entries(group))


def _entries(group: str) -> Iterator["EntryPoint"]:
    """Yield what `importlib.metadata.entry_points` does for a group, for a tenth of its 40 ms.

    That parses the entry points of all packages and the metadata of many; here only those are
    parsed that name the group. Of two packages of one name only the first on `sys.path` counts.
    """
    from importlib.metadata import distribution, distributions  # noqa: PLC0415 - few jobs need it

    for package in distributions():
        text = package.read_text("entry_points.txt") or ""
        first = f"[{group}]" in text and distribution(package.name)
        if first and first.read_text("entry_points.txt") == text:
            yield from package.entry_points.select(group=group)


def plugin(group: str, name: str) -> Plugin | None:
    """Return the entry point of this name in a group; None if there is none.

    Raises:
        ConfigError: several packages have one.
    """
    named = [each for each in plugins(group) if each.name == name]
    if len(named) > 1:
        packages = " and ".join(each.package for each in named)
        raise ConfigError(
            f'"{name}": {packages} both have an entry point of this name in {group}. Uninstall '
            "one of them"
        )
    return named[0] if named else None


def _damaged(error: Exception) -> str:
    """Say which installed package has entry points that cannot be read."""
    from importlib.metadata import distributions  # noqa: PLC0415 - see `plugins`

    for package in distributions():
        try:
            _ = package.entry_points
        except Exception:  # noqa: BLE001 - the one that is sought
            return (
                f"the entry points of package {package.name} {package.version} cannot be read: "
                f"{type(error).__name__}: {error}. Update or uninstall that package"
            )
    return f"the entry points of installed packages cannot be read: {type(error).__name__}: {error}"
