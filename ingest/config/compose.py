"""Composing a job from files and overrides, by Hydra's compose API.

Nothing that a file names is imported or called, no file is written, and neither logging nor the
working directory changes; `@hydra.main` would do all of these (docs/decisions/0002).
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from hydra import initialize_config_dir
from hydra.core.config_search_path import SearchPathQuery
from hydra.core.default_element import ResultDefault
from hydra.core.global_hydra import GlobalHydra
from hydra.errors import HydraException, MissingConfigException
from omegaconf import DictConfig
from omegaconf.errors import OmegaConfBaseException

from ingest.config import hydra_errors, yaml_traps
from ingest.config.chain import OWN_SETTINGS, Chain
from ingest.config.composed import Composed
from ingest.config.connections import GROUP, Named, fill, is_within
from ingest.config.folders import PRIMARY, find, options
from ingest.config.overrides import Given, parse, read_overrides
from ingest.config.passes import Ordered, Passes
from ingest.config.places import KeyPath, Problem, refuse
from ingest.config.plain import plain
from ingest.config.precedence import drop_unwritten, package_of, replaced
from ingest.config.provenance import Provenance
from ingest.config.same_name import same_name
from ingest.core.errors import ConfigError

# The last two are what `transforms.x=1` and `transforms.x.y=1` end in: a list wants a number.
_REFUSALS = (HydraException, OmegaConfBaseException, ValueError, TypeError)


def compose(
    folders: Sequence[Path], overrides: Sequence[str], command: str = "ingest run"
) -> Composed:
    """Compose a job from the folders (the first goes before the others) and overrides.

    `command` is what is told to be typed before the name of a job, if none is named.

    Raises:
        ConfigError: it cannot be composed; all mistakes that could be found, one line each.
    """
    given, mistyped = parse(overrides, folders, command)
    refuse(mistyped)
    later = [one for one in given if is_within(one.path)]
    found = _composed(folders, [one for one in given if one not in later], overrides)
    names = options(folders, GROUP)
    wrong = fill(
        found.raw, found.origin, later, names, lambda name: compose_connection(folders, name)
    )
    job = next(one.value for one in given if one.key == "job")
    if isinstance(job, str):
        wrong += same_name(folders, job, found.raw.get("name"), found.origin)
    reported = {problem.path for problem in wrong if problem.path is not None}
    return replace(found, problems=(*found.problems, *wrong), unknown=found.unknown | reported)


def compose_connection(folders: Sequence[Path], name: str) -> Named:
    """Compose a connection alone, of its file and those that its defaults name.

    Raises:
        ConfigError: it cannot be composed.
    """
    given, mistyped = read_overrides([f"+{GROUP}={name}"], folders)
    refuse(mistyped)
    found = _composed(folders, given, ())
    problems = [each for each in found.problems if each.path is None or each.path[0] == GROUP]
    return Named(found.raw.get(GROUP) or {}, found.origin, problems)


def _composed(
    folders: Sequence[Path], given: Sequence[Given], overrides: Sequence[str]
) -> Composed:
    chain = Chain(folders)
    chain.read("config")
    for one in given:
        if one.group and isinstance(one.value, str):
            chain.read(f"{one.parsed.key_or_group}/{one.value}")
    refuse(chain.broken)
    with _hydra(folders) as passes:
        ordered = _ordered(passes, _rewritten(passes, given, chain), chain)
        defaults = ordered.files
        for default in defaults:
            chain.read(str(default.config_path))
        refuse(chain.broken)
        tree = _merged(ordered, given)
    gone = replaced(chain.files, defaults, given)
    origin = _provenance(chain, defaults, given, gone)
    for package in gone.values():
        drop_unwritten(tree, package, origin)
    found = plain(tree, origin)
    problems = (*_traps(chain, defaults), *found.problems)
    reported = {problem.path for problem in problems if problem.path is not None}
    return Composed(found.raw, origin, tuple(overrides), problems, found.unknown | reported)


@contextmanager
def _hydra(folders: Sequence[Path]) -> Iterator[Passes]:
    """Open Hydra over the folders; it is closed again whatever happens.

    The main folder must hold the primary config, or Hydra finds none; the others are put before
    and behind it in their order.
    """
    main = next(folder for folder in folders if (folder / PRIMARY).is_file())
    with initialize_config_dir(str(main), version_base="1.3"):
        loader = GlobalHydra.instance().config_loader()
        anchor = "main"
        for folder in folders:
            if folder == main:
                anchor = "schema"
                continue
            loader.get_search_path().prepend(
                "ingest", f"file://{folder}", SearchPathQuery(provider=anchor, path=None)
            )
        yield Passes(loader)


def _rewritten(passes: Passes, given: Sequence[Given], chain: Chain) -> list[str]:
    """Return the overrides as Hydra wants them, which depends on the groups that have defaults."""
    ordered = sorted(given, key=lambda one: one.key != "job")
    job = [text for one in ordered[:1] for text in one.rewritten(frozenset())]
    present = {one.key for one in given if one.group} - {"job"}
    if not present <= chain.usual_groups:  # else no pass over all files is needed to know it
        present = {str(default.override_key) for default in _ordered(passes, job, chain).files}
    return [text for one in ordered for text in one.rewritten(present - {"job"})]


def _ordered(passes: Passes, texts: Sequence[str], chain: Chain) -> Ordered:
    """Return the files in merge order."""
    try:
        ordered = passes.ordered(texts)
    except MissingConfigException as error:
        raise ConfigError(str(hydra_errors.missing(error, chain))) from None
    except _REFUSALS as error:
        raise ConfigError(str(hydra_errors.defaults(str(error), chain))) from None
    for default in ordered.files:  # `/source@hydra: x`
        if package_of(default)[:1] == ("hydra",):
            raise ConfigError(f"{chain.place(str(default.config_path))}: {OWN_SETTINGS}")
    for (
        default
    ) in ordered.files:  # Hydra sees the jobs beside a checkout too, which are not offered
        if find(chain.folders, str(default.config_path)) is None:
            problem = hydra_errors.absent(str(default.config_path), str(default.parent), chain)
            raise ConfigError(str(problem))
    return ordered


def _merged(ordered: Ordered, given: Sequence[Given]) -> DictConfig:
    try:
        return ordered.merged()
    except _REFUSALS as error:
        raise ConfigError(str(hydra_errors.override(error, given))) from None


def _provenance(
    chain: Chain,
    defaults: Sequence[ResultDefault],
    given: Sequence[Given],
    gone: Mapping[int, KeyPath],
) -> Provenance:
    origin = Provenance()
    for position, default in enumerate(defaults):
        if position in gone:
            origin.forget(gone[position])
        origin.record_file(chain.files[str(default.config_path)], package_of(default))
    for one in given:
        if one.parsed.is_delete():
            origin.forget(one.path)
        elif not one.group:
            origin.record_override(one.path, one.value, one.typed)
    return origin


def _traps(chain: Chain, defaults: Sequence[ResultDefault]) -> list[Problem]:
    return [
        problem
        for default in defaults
        for problem in yaml_traps.check(chain.files[str(default.config_path)], package_of(default))
    ]
