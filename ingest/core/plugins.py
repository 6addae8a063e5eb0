"""What installed packages add, by entry points: listed by name only, imported when it is used."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import EntryPoint
from typing import Any

from ingest.core.errors import ConfigError
from ingest.core.registry import entries


@dataclass(frozen=True, slots=True)
class Plugin:
    """An entry point of an installed package."""

    entry: EntryPoint

    @property
    def package(self) -> str:
        """The package that it comes with, and its version."""
        package = self.entry.dist
        return f"{package.name} {package.version}" if package else "an unknown package"

    def __str__(self) -> str:
        return f'entry point "{self.entry.name}" of {self.entry.group} ({self.package})'

    def load(self) -> Any:
        """Return what it names.

        Raises:
            ConfigError: its module cannot be imported, or has no such name.
        """
        try:
            return self.entry.load()
        except (Exception, SystemExit) as error:  # whatever a foreign module does on its import
            raise ConfigError(
                f"{self}: {self.entry.value} cannot be imported: {error!r}. Fix or uninstall the "
                "package"
            ) from error


def plugins(group: str) -> Mapping[str, Plugin]:
    """Return the entry points of a group by their names, sorted.

    Raises:
        ConfigError: two packages have one of the same name.
    """
    return _plugins(group, tuple(sys.path))  # looked up once: it reads a file of every package


@lru_cache(maxsize=16)
def _plugins(group: str, _path: tuple[str, ...]) -> Mapping[str, Plugin]:
    named: dict[str, Plugin] = {}
    for plugin in map(Plugin, entries(group)):
        other = named.setdefault(plugin.entry.name, plugin)
        if other.package != plugin.package:
            raise ConfigError(f"{plugin}: {other.package} has the same name. Uninstall one of them")
    return named
