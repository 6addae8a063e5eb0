"""What a file that is chosen on the command line does to the settings that it meets.

It goes over them key by key, as any later file does. Where it is of another `type`, it replaces the
whole part of the job: the settings of a cluster `address` mean nothing to `inline`.
"""

from collections.abc import Mapping, Sequence

from hydra.core.default_element import ResultDefault
from omegaconf import DictConfig, OmegaConf, open_dict
from yaml import ScalarNode

from ingest.config.fields import TAG
from ingest.config.files import ConfFile
from ingest.config.overrides import Given
from ingest.config.places import KeyPath
from ingest.config.provenance import Provenance


def package_of(default: ResultDefault) -> KeyPath:
    """Return where in the job the keys of a file go."""
    return tuple(filter(None, (default.package or "").split(".")))


def replaced(
    files: Mapping[str, ConfFile], defaults: Sequence[ResultDefault], given: Sequence[Given]
) -> dict[int, KeyPath]:
    """Return the parts that are replaced, by the position of the first file that does it."""
    found: dict[int, KeyPath] = {}
    parents = {str(default.config_path): str(default.parent) for default in defaults}
    for chosen in _chosen(given):
        own = [at for at, each in enumerate(defaults) if _lead_to(each, chosen, parents)]
        package = next((package_of(each) for each in defaults if each.config_path == chosen), ())
        if own and package:
            before = _type(files, defaults[: own[0]], package)
            now = _type(files, [defaults[at] for at in own], package)
            if before and now and before != now:
                found[own[0]] = package
    return found


def drop_unwritten(tree: DictConfig, package: KeyPath, origin: Provenance) -> None:
    """Remove what no file has written since the part was replaced."""
    node = OmegaConf.select(tree, ".".join(map(str, package)), throw_on_missing=False)
    if isinstance(node, DictConfig):
        _drop(node, package, origin)


def _drop(node: DictConfig, path: KeyPath, origin: Provenance) -> None:
    with open_dict(node):
        for key in list(node):
            below = (*path, str(key))
            if not origin.is_written(below):
                del node[key]
            elif not OmegaConf.is_interpolation(node, key) and isinstance(node[key], DictConfig):
                _drop(node[key], below, origin)


def _chosen(given: Sequence[Given]) -> list[str]:
    return [
        f"{one.parsed.key_or_group}/{name}"
        for one in given
        if one.group and one.key != "job" and not one.parsed.is_delete()
        for name in (one.value if isinstance(one.value, list) else [one.value])
    ]


def _lead_to(default: ResultDefault, chosen: str, parents: Mapping[str, str]) -> bool:
    """Whether a file is the chosen one, or one that this one's own defaults name."""
    path = str(default.config_path)
    while path and path != chosen:
        path = parents.get(path, "")
    return path == chosen


def _type(
    files: Mapping[str, ConfFile], defaults: Sequence[ResultDefault], package: KeyPath
) -> str:
    """Return the `type` that the files give to a part of the job; empty if none does."""
    found = ""
    for default in defaults:
        above = package_of(default)
        for entry in files[str(default.config_path)].entries:
            if (*above, *entry.path) == (*package, TAG) and isinstance(entry.node, ScalarNode):
                found = str(entry.node.value)
    return found
