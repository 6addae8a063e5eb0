"""The door to configuration: names and overrides in, a typed job out."""

import json
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Generic, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from ingest.config import folders
from ingest.config.composed import Composed
from ingest.config.connections import GROUP
from ingest.config.not_text import not_text
from ingest.config.places import KeyPath, dotted, refuse
from ingest.core.dataclass import dataclass
from ingest.core.errors import ConfigError
from ingest.core.model import Model
from ingest.storage.connections import AnyConnection, Connection

jobs = folders.jobs

M = TypeVar("M", bound=BaseModel)
_ONE_AT_A_TIME = threading.Lock()


@dataclass(frozen=True)
class Loaded(Generic[M]):
    """A valid job, and how and where it was written."""

    job: M
    composed: Composed

    @property
    def raw(self) -> dict[str, Any]:
        """The job as composed: plain data, references resolved, secrets still named only."""
        return self.composed.raw

    def place(self, path: KeyPath) -> str:
        """Return `conf/job/flights.yaml:18: transforms[0].where`, to begin an error text with."""
        return self.composed.origin.place(path)

    def yaml(self) -> str:
        """Return the job as composed, as text that `restore` reads back."""
        return self.composed.yaml


def load(
    model: type[M],
    conf: Path | None,
    overrides: Sequence[str],
    then: Callable[[dict[str, Any]], None] | None = None,
    *,
    command: str = "ingest run",
    composed: Composed | None = None,
) -> Loaded[M]:
    """Compose a job, its name (or `+job=name`) and overrides, and validate it.

    Between the two, when the types that it names are imported, `then` is called with what was
    composed. `command` is what is told to be typed before the name of a job, if none is named. What
    was `composed` already is only validated. Threads may call this at once: one waits for the
    other, because Hydra can be open only once in a process.

    Raises:
        ConfigError: all mistakes at once, one line each, with file, line and key.
    """
    with _ONE_AT_A_TIME:
        if composed is None:
            # Hydra takes 0.1 to 0.2 s to import, which `--help` and workers need not pay
            from ingest.config.compose import compose  # noqa: PLC0415

            composed = compose(folders.search_path(conf), overrides, command)
        refuse(not_text(composed.raw, composed.origin))
        problems, job = list(composed.problems), None
        if more := [composed.origin.problem(*each) for each in _extended(model, composed.raw)]:
            refuse([*problems, *more])
        if then and not problems:
            then(composed.raw)
        try:
            job = _validated(model, composed.raw)
        except ValidationError as error:
            from ingest.config.explain import explain  # noqa: PLC0415 - needs Hydra

            problems += explain(model, composed.raw, error, composed.origin, composed.unknown)
        refuse(problems)
    assert job is not None
    return Loaded(job, composed)


def load_connection(conf: Path | None, name: str) -> Connection:
    """Compose a connection by its name, and validate it.

    Raises:
        ConfigError: there is none of that name, or all mistakes in it, each with its file and line.
    """
    from ingest.config.compose import compose_connection  # noqa: PLC0415 - see above
    from ingest.config.explain import explain  # noqa: PLC0415

    searched = folders.search_path(conf)
    with _ONE_AT_A_TIME:
        named = compose_connection(searched, name)
        problems = list(named.problems)
        page = {GROUP: {"name": name, **named.raw}}
        try:
            found = _validated(_One, page)
        except ValidationError as error:
            refuse([*problems, *explain(_One, page, error, named.origin)])
            raise
        refuse(problems)
    return found.connection


def connections(conf: Path | None) -> list[str]:
    """Return the names of all connections, sorted."""
    return folders.options(folders.search_path(conf), GROUP)


class _One(Model):
    """A connection by itself."""

    connection: AnyConnection


def restore(model: type[M], text: str) -> M:
    """Build a job again from what `Loaded.yaml` returned, without files or overrides.

    Raises:
        ConfigError: it names a type of a package that cannot be used here.
        ValidationError: the text was written by a version whose options were others.
        ValueError, YAMLError: it is damaged.
    """
    return restored(model, yaml.safe_load(text))


def restored(model: type[M], raw: Any) -> M:
    """Build a job from plain data; see `restore`."""
    if not isinstance(raw, dict):
        raise ValueError(f"not a mapping but {type(raw).__name__}")  # noqa: TRY004 - as all others
    if problems := _extended(model, raw):
        raise ConfigError(*(f"{dotted(path)}: {text}" for path, text in problems))
    return _validated(model, model.recorded(raw) if issubclass(model, Model) else raw)


def _extended(model: type[M], raw: dict[str, Any]) -> list[tuple[KeyPath, str]]:
    """Import the types of other packages that are named; return what is wrong with them."""
    return model.extend(raw) if issubclass(model, Model) else []


def _validated(model: type[M], raw: dict[str, Any]) -> M:
    """Validate strictly: no text becomes a number or a truth value, nor the other way round.

    By way of JSON, because pydantic's strict mode knows there that a list may become a tuple and
    a text a date or a path, and refuses both from Python.
    """
    return model.model_validate_json(json.dumps(raw), strict=True)
