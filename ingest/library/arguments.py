"""What the functions are called with, as the overrides that are typed behind a command."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from ingest.config.job_word import is_bare
from ingest.config.places import shown
from ingest.core.errors import ConfigError

Setting = str | int | float | bool | os.PathLike[str] | Sequence["Setting"] | None
"""A value as Python has it; a text is taken as it is, whatever is in it."""
Overrides = Sequence[str] | Mapping[str, Setting] | None
"""`["sink.path=out"]` as on the command line, or `{"sink.path": "out"}`, which needs no quotes."""
Folder = str | os.PathLike[str] | None


def words(job: str, overrides: Overrides, state: Folder = None) -> list[str]:
    """Return the job's name and all that is set, as on a command line."""
    from ingest.config.overrides import literal, written  # noqa: PLC0415 - needs Hydra

    texts = [job if is_bare(job) else literal("+job", job)]
    if isinstance(overrides, Mapping):
        texts += written(overrides)
    else:
        texts += [overrides] if isinstance(overrides, str) else overrides or ()
    if state is not None:
        texts.append(literal("state", os.fspath(state)))
    return texts


def path(folder: Folder) -> Path | None:
    """Return a folder that may be left open.

    Raises:
        ConfigError: it is not there.
    """
    if folder is None:
        return None
    if not Path(folder).is_dir():
        raise ConfigError(
            f"conf: {shown(Path(folder))}: there is no such folder. Name the folder that contains "
            "job/<name>.yaml"
        )
    return Path(folder)
