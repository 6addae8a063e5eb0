"""What a benchmark is: scenarios and settings, composed by Hydra from `benchmarks/conf`."""

import difflib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import hydra
import yaml
from hydra.errors import HydraException
from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException
from pydantic import AfterValidator, BeforeValidator, Field, ValidationError

from ingest.core.errors import ConfigError
from ingest.core.model import Model

FOLDER = Path(__file__).parent
REPOSITORY = FOLDER.parent
CONF = FOLDER / "conf"
OURS = "ingest"

Scale = Literal["small", "full"]
Place = Annotated[Path, AfterValidator(lambda path: REPOSITORY / path)]
Names = Annotated[tuple[str, ...], BeforeValidator(lambda x: (x,) if isinstance(x, str) else x)]


class Variant(Model):
    """One way of running ourselves: what differs from the scenario."""

    job: str | None = None
    """The job file, if not the scenario's."""
    cluster: str = ""
    """Where the job is processed, if not where the settings say."""
    overrides: tuple[str, ...] = ()
    """What is changed on the command line of `ingest.run`."""
    data: dict[str, Any] = Field(default_factory=dict)
    """What is changed of the generator's parameters. A variant with data of its own, or with
    another job, is compared with no peer's output."""
    small: dict[str, Any] = Field(default_factory=dict)
    """The same, at the small scale."""


class Scenario(Model):
    """What is measured, on which data, and what every contender makes of it."""

    name: str
    """The name of its file."""
    title: str
    """What it is, in a line for tables."""
    workload: str = ""
    """What peers call their function for it. Without it: the scenario's name."""
    job: str = ""
    """Our own job, in `conf/job`."""
    data: dict[str, Any] = Field(default_factory=dict)
    """`generator` is a module of `benchmarks.data`, the rest its parameters."""
    small: dict[str, Any] = Field(default_factory=dict)
    """What differs of them at the small scale."""
    glob: str = "*"
    """Which files of the generated folder are the input."""
    keys: tuple[str, ...] = ()
    """The columns that tell rejected rows apart, for parity."""
    digits: int = 6
    """How many digits after the point floats are compared with."""
    params: dict[str, Any] = Field(default_factory=dict)
    """Whatever else peers are told."""
    ours: dict[str, Variant] = Field(default_factory=lambda: {OURS: Variant()})
    """The ways that we run ourselves, by name."""
    peers: tuple[str, ...] | None = None
    """Who is asked to do it. Without it: every peer."""
    always: tuple[str, ...] = ()
    """The peers that a target needs in every run of the scenario."""
    script: str = ""
    """A module of `benchmarks.scripts` that measures by itself, instead of contenders."""
    arguments: tuple[str, ...] = ()
    """What it is told."""
    small_arguments: tuple[str, ...] = ()
    """What it is told at the small scale."""

    @property
    def function(self) -> str:
        """What peers call it."""
        return self.workload or self.name

    def generated(self, scale: Scale, variant: Variant | None = None) -> dict[str, Any]:
        """Return the generator and its parameters."""
        variant = variant or Variant()
        chosen = {**self.data, **variant.data}
        return {**chosen, **self.small, **variant.small} if scale == "small" else chosen


class Settings(Model):
    """How a benchmark is run: `benchmarks/conf/bench.yaml` and the command line."""

    scenario: Scenario
    peers: Names
    scale: Scale
    repeats: int = Field(ge=1)
    budget_s: float = Field(gt=0)
    timeout_s: float = Field(gt=0)
    cpus: int = Field(ge=1)
    cluster: Literal["auto", "processes", "local", "inline"]
    home: Place
    results: Place

    @property
    def folder(self) -> Path:
        """Where results go: trials at the small scale are never mistaken for measurements."""
        return self.results if self.scale == "full" else self.home / "results"


def scenarios() -> list[str]:
    """Return the names of all scenarios."""
    return sorted(file.stem for file in (CONF / "scenario").glob("*.yaml"))


def load(arguments: Sequence[str]) -> list[Settings]:
    """Compose one set of settings for each scenario that the command line names.

    Raises:
        ConfigError: a scenario, key or value is wrong.
    """
    chosen = [argument.lstrip("+") for argument in arguments]
    names = [text.removeprefix("scenario=") for text in chosen if text.startswith("scenario=")]
    rest = [_listed(text) for text in chosen if not text.startswith("scenario=")]
    if not names:
        raise ConfigError(
            "command line: no scenario. Type: python -m benchmarks.run +scenario=taxi. "
            f"Known scenarios: all, {', '.join(scenarios())}."
        )
    return [_compose(name, rest) for name in _expanded(names[-1])]


def known(where: str, what: str, name: str, names: Sequence[str]) -> None:
    """Refuse a name that is none of those.

    Raises:
        ConfigError: with the nearest name, and all.
    """
    if name not in names:
        near = difflib.get_close_matches(name, names, n=1)
        meant = f'Did you mean "{near[0]}"? ' if near else ""
        listed = ", ".join(names) or "none"
        raise ConfigError(f'{where}: no such {what} "{name}". {meant}Known: {listed}.')


def _expanded(text: str) -> Iterator[str]:
    names = scenarios()
    for name in names if text == "all" else text.split(","):
        known("command line: scenario", "scenario", name, names)
        yield name


def _listed(text: str) -> str:
    """Write `peers=a,b` as Hydra wants it, which would run twice: `peers=[a,b]`."""
    key, _, value = text.partition("=")
    bare = key == "peers" and "," in value and not value.startswith("[")
    return f"{key}=[{value}]" if bare else text


def _compose(name: str, overrides: Sequence[str]) -> Settings:
    try:
        with hydra.initialize_config_dir(str(CONF), version_base="1.3"):
            composed = hydra.compose("bench", overrides=list(overrides))
    except (HydraException, OmegaConfBaseException) as error:
        text = " ".join(str(error).split())
        raise ConfigError(f"command line: {text}. Write KEY=VALUE as in conf/bench.yaml.") from None
    plain = OmegaConf.to_container(composed, resolve=True)
    assert isinstance(plain, dict), "bench.yaml is a mapping"
    file = CONF / "scenario" / f"{name}.yaml"
    described = yaml.safe_load(file.read_text(encoding="utf-8"))
    try:
        return Settings(**{**plain, "scenario": {**described, "name": name}})
    except ValidationError as error:
        raise ConfigError(*_lines(error, file)) from None


def _lines(error: ValidationError, file: Path) -> Iterator[str]:
    for problem in error.errors():
        first, *place = map(str, problem["loc"])
        shown = file.relative_to(REPOSITORY) if place else "command line"
        key = ".".join(place) or first
        yield f'{shown}: {key}: "{problem["input"]}": {problem["msg"]}. See benchmarks/conf.'
