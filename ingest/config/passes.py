"""Hydra's passes over the files of a job, without Hydra's own settings, and each file read once.

A job is composed in up to three passes: which groups have defaults, which files come in which
order, and the merge. Hydra begins each with a repository of its own, parses every file again and
merges a dozen files of its own settings, which are then removed: four fifths of the time that a run
without rows takes. No file or override of a job may set them, so nothing is lost without them.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from hydra._internal.config_loader_impl import ConfigLoaderImpl
from hydra._internal.config_repository import CachingConfigRepository, ConfigRepository
from hydra._internal.defaults_list import DefaultsList, create_defaults_list
from hydra.core.config_loader import ConfigLoader
from hydra.core.config_search_path import ConfigSearchPath
from hydra.core.default_element import ResultDefault
from hydra.errors import ConfigCompositionException
from hydra.plugins.config_source import ConfigResult
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException


class Remembering(ConfigRepository):
    """Gives what it has parsed to every pass; the files must not change in between."""

    def __init__(self, search_path: ConfigSearchPath) -> None:
        super().__init__(search_path)
        self._parsed: dict[str, ConfigResult | None] = {}

    def __deepcopy__(self, _memo: object) -> "Remembering":
        """Return this very one: a pass would begin with a copy, which has forgotten everything."""
        return self

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
