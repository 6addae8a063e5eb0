"""Hydra's passes over the files of a job, without Hydra's own settings, and each file read once.

A job is composed in up to three passes: which groups have defaults, which files come in which
order, and the merge. Hydra begins each with a repository of its own, parses every file again and
merges a dozen files of its own settings, which are then removed: four fifths of the time that a run
without rows takes. No file or override of a job may set them, so nothing is lost without them. What
Hydra parses comes by `parsing`, with OmegaConf's rules for numbers, truth values and keys.
"""

from collections.abc import Sequence
from functools import cache
from pathlib import Path

import yaml
from hydra._internal.config_loader_impl import ConfigLoaderImpl
from hydra._internal.config_repository import CachingConfigRepository, ConfigRepository
from hydra._internal.core_plugins.file_config_source import FileConfigSource
from hydra._internal.defaults_list import DefaultsList, create_defaults_list
from hydra.core.config_loader import ConfigLoader
from hydra.core.config_search_path import ConfigSearchPath
from hydra.core.default_element import ResultDefault
from hydra.errors import ConfigCompositionException
from hydra.plugins.config_source import ConfigLoadError, ConfigResult, ConfigSource
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf
from omegaconf._utils import get_yaml_loader
from omegaconf.errors import OmegaConfBaseException

from ingest.config import parsing
from ingest.core.dataclass import dataclass


class Files(FileConfigSource):
    """The files of a folder, parsed with the quicker parser."""

    def load_config(self, config_path: str) -> ConfigResult:
        """Return a file as plain data, with what its header says."""
        path = Path(self.path, self._normalize_file_name(config_path))
        try:
            text = path.read_text(encoding="utf-8")
        except OSError as error:
            raise ConfigLoadError(f"{path}: {error.strerror}") from error
        return ConfigResult(
            config=OmegaConf.create(parsing.data(text, _loader()) or {}),
            path=f"{self.scheme()}://{self.path}",
            provider=self.provider,
            header=ConfigSource._get_header_dict(text[:512]),  # noqa: SLF001 - as Hydra does
        )


@cache
def _loader() -> type[yaml.SafeLoader]:
    loader: type[yaml.SafeLoader] = get_yaml_loader()
    return loader


class Remembering(ConfigRepository):
    """Gives what it has parsed to every pass; the files must not change in between."""

    def __init__(self, search_path: ConfigSearchPath) -> None:
        super().__init__(search_path)
        self._parsed: dict[str, ConfigResult | None] = {}

    def __deepcopy__(self, _memo: object) -> "Remembering":
        """Return this very one: a pass would begin with a copy, which has forgotten everything."""
        return self

    def initialize_sources(self, config_search_path: ConfigSearchPath) -> None:
        """List the folders of the search path, to be read by `Files`."""
        super().initialize_sources(config_search_path)
        self.sources = [
            Files(each.provider, each.path) if each.scheme() == Files.scheme() else each
            for each in self.sources
        ]

    def load_config(self, config_path: str) -> ConfigResult | None:
        """Return a file as it was parsed first."""
        if config_path not in self._parsed:
            self._parsed[config_path] = super().load_config(config_path)
        return self._parsed[config_path]


@dataclass(frozen=True, slots=True)
class Ordered:
    """The files of a job in merge order, and what is needed to merge them."""

    loader: ConfigLoaderImpl
    repository: CachingConfigRepository
    found: DefaultsList

    @property
    def files(self) -> list[ResultDefault]:
        """The files, the first one first."""
        return self.found.defaults

    def merged(self) -> DictConfig:
        """Merge the files, then the overrides; to be called once.

        Raises:
            HydraException: a file or an override does not fit what came before it.
        """
        try:
            tree = self.loader._compose_config_from_defaults_list(self.files, self.repository)  # noqa: SLF001
            OmegaConf.set_struct(tree, True)
            self.loader._apply_overrides_to_config(self.found.config_overrides, tree)  # noqa: SLF001
        except OmegaConfBaseException as error:
            raise ConfigCompositionException from error
        return tree


class Passes:
    """What Hydra's loader does, over the search path that it has now."""

    def __init__(self, loader: ConfigLoader) -> None:
        assert isinstance(loader, ConfigLoaderImpl)
        self._loader = loader
        loader.repository = Remembering(loader.get_search_path())

    def ordered(self, overrides: Sequence[str]) -> Ordered:
        """Return the files of the primary config `config` with these overrides, in merge order.

        Raises:
            HydraException: the defaults of a file or an override choose what is not there.
        """
        parsed, repository = self._loader._parse_overrides_and_create_caching_repo(  # noqa: SLF001
            "config", list(overrides)
        )
        self._loader.validate_sweep_overrides_legal(parsed, RunMode.RUN, from_shell=False)
        found = create_defaults_list(
            repository, "config", parsed, prepend_hydra=False, skip_missing=False
        )
        return Ordered(self._loader, repository, found)
