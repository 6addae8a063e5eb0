"""Changing, for one more attempt, what a recorded job says about how its work is done."""

import re
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from ingest.config.explain import explain
from ingest.config.files import read
from ingest.config.folders import find, pieces_path
from ingest.config.load import restore, restored
from ingest.config.overrides import Given, read_overrides
from ingest.config.places import COMMAND_LINE, Problem, refuse
from ingest.config.provenance import Provenance
from ingest.core.marks import decided_at

MAY_CHANGE = ("execution", "cluster")
"""What an attempt may change, but for what decides which rows come out."""

M = TypeVar("M", bound=BaseModel)


def amend(
    model: type[M],
    text: str,
    overrides: Sequence[str],
    conf: Path | None = None,
    asked: Sequence[str] = (),
) -> M:
    """Build a job from its record and overrides that change no row.

    `cluster=NAME` and `execution=NAME` are the named settings of the folders of configuration.
    `asked` are the arguments that the run was asked for with, its job's name first: a command for a
    new run has them too, because a setting that is left out may lead to another output.

    Raises:
        ConfigError: an override cannot be read, or is not for an attempt to change; all of them.
        ValidationError, ValueError: the record itself is damaged; see `restore`.
    """
    recorded = restore(model, text)
    folders = pieces_path(conf)
    given, problems = read_overrides(overrides, folders)
    before = asked or [str(getattr(recorded, "name", "NAME"))]
    keys = {one.key for one in given}
    kept = [each for each in before if each.partition("=")[0].lstrip("+") not in keys]
    run = shlex.join(["ingest", "run", *kept, *overrides])
    problems += [_problem(one, why) for one in given if (why := _refusal(one, recorded, run))]
    refuse(problems)
    if not given:
        return recorded
    raw: dict[str, Any] = yaml.safe_load(text)
    origin = Provenance()
    for one in sorted(given, key=lambda each: not each.group):  # a setting goes over a named file
        if one.group:
            named = _named(one, folders)
            # another kind of cluster has other settings; an execution is only changed in parts
            raw[one.key] = named if one.key == "cluster" else {**raw.get(one.key, {}), **named}
        else:
            _set(raw, one)
            origin.record_override(one.path, one.value, one.typed)
    try:
        return restored(model, raw)
    except ValidationError as error:
        refuse(explain(model, raw, error, origin))
        raise


def _refusal(one: Given, recorded: BaseModel, run: str) -> str:
    """Say why it cannot be changed; `run` is the command for a new run with all that was given."""
    root = re.split(r"[.@]", one.key)[0]
    if root == "job":
        return "a resumed run already has its job. Remove this setting."
    if one.key == "sink.path":
        return (
            "a resumed run writes where it was planned to write, so sink.path cannot change. To "
            f"write there, start a new run (this one is kept): {run}"
        )
    if root not in MAY_CHANGE or decided_at(recorded, one.key) == "rows":
        return (
            f"{one.key} affects the output, so a resumed run keeps the value that it was planned "
            f"with. You can change: {', '.join(f'{name}.*' for name in MAY_CHANGE)}. To start over "
            f"with your value: {run} --fresh"
        )
    if one.parsed.is_delete() or (len(one.path) == 1 and not one.group):
        return f"set one of its keys: {root}.NAME=VALUE"
    return ""


def _problem(one: Given, why: str) -> Problem:
    return Problem(COMMAND_LINE, f"{one.typed}: {why}")


def _named(one: Given, folders: Sequence[Path]) -> dict[str, Any]:
    path = find(folders, f"{one.key}/{one.value}")
    assert path is not None, "it is among the options"
    file = read(f"{one.key}/{one.value}", path)
    refuse(file.problems)
    page: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    if "defaults" in page or "${" in path.read_text(encoding="utf-8"):
        refuse([_problem(one, "this file refers to other files. Set its keys one by one.")])
    return {key: value for key, value in page.items() if value != "???"}


def _set(raw: dict[str, Any], one: Given) -> None:
    *above, last = map(str, one.path)
    place = raw
    for key in above:
        if not isinstance(place.get(key), dict):
            place[key] = {}
        place = place[key]
    place[last] = one.value
