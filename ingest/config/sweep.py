"""Several jobs from one command line: `orders,items source.path=a,b` makes four."""

import itertools
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import ChoiceSweep, Glob
from hydra.errors import HydraException

from ingest.config.compose import compose
from ingest.config.composed import Composed
from ingest.config.folders import is_group, options, search_path
from ingest.config.job_word import job_word
from ingest.config.overrides import indexes
from ingest.config.places import COMMAND_LINE, Problem, refuse


def read(
    overrides: Sequence[str], conf: Path | None = None
) -> tuple[list[list[str]], Composed | None]:
    """Return the lists of overrides that a command line makes and, of a single one, its job.

    Raises:
        ConfigError: a sweep or the single job is wrong.
    """
    runs = sweep(overrides, conf)
    job = compose(search_path(conf), runs[0]) if len(runs) == 1 else None
    _ = job and job.yaml  # so that it goes along
    return runs, job


def sweep(overrides: Sequence[str], conf: Path | None = None) -> list[list[str]]:
    """Return the lists of overrides, one for each combination, the last one varying fastest.

    Commas, `choice(a,b)`, `range(1,4)` and, for groups, `glob(*)` make a sweep. Without any there
    is one list. What cannot be read stays as it is: `load` says what is wrong with it.

    Raises:
        ConfigError: a sweep without values, or one whose values cannot be listed.
    """
    word = job_word(overrides)
    values = [
        _names(text, conf) if text and text == word else _values(text, conf) for text in overrides
    ]
    refuse(
        Problem(
            COMMAND_LINE,
            f"{text}: several runs are asked for, but no values. List the values: key=a,b",
        )
        for text, found in zip(overrides, values, strict=True)
        if not found
    )
    return [list(run) for run in itertools.product(*values)]


def _names(word: str, conf: Path | None) -> list[str]:
    """Return the names of jobs that a bare word stands for."""
    if word in options(search_path(conf), "job"):
        return [word]
    return [one.removeprefix("+job=").strip() for one in _values(f"+job={word}", conf)]


def _values(text: str, conf: Path | None) -> list[str]:
    try:
        parsed = OverridesParser.create().parse_override(indexes(text))
        if not parsed.is_sweep_override():
            return [text]
        key = parsed.get_key_element()
        value: Any = parsed.value()
        if isinstance(value, Glob):
            known = options(search_path(conf), parsed.key_or_group)
            return [f"{key}={name}" for name in value.filter(known)]
        listed = list(parsed.sweep_string_iterator())
        written = text.partition("=")[2].split(",")
        plain = isinstance(value, ChoiceSweep) and value.simple_form
        if plain and len(written) == len(listed) and is_group(search_path(conf), key.lstrip("+")):
            listed = written  # the names of files, which are not to become numbers
        return [f"{key}={one}" for one in listed]
    except HydraException as error:
        return [] if "enumerate" in str(error) else [text]
