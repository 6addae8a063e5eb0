"""Checking job files: `ingest.validate`, and what the command `validate` shares with it."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from ingest.config.folders import search_path
from ingest.config.job_word import FIRST
from ingest.config.load import jobs, load
from ingest.config.places import shown
from ingest.core.errors import ConfigError
from ingest.driver.flow import check_steps
from ingest.driver.outputs import check_names
from ingest.job import Job
from ingest.library.arguments import Folder, path, words


def checked(names: Sequence[str], conf: Path | None) -> Iterator[tuple[str, Job | ConfigError]]:
    """Yield each job of these names, all if there are none, or what is wrong with it.

    Raises:
        ConfigError: no job is named, and the folder holds none.
    """
    names = names or jobs(conf)
    if not names:
        raise ConfigError(f"{shown(search_path(conf)[0] / 'job')}: contains no jobs. {FIRST}")
    for name in names:
        try:
            loaded = load(Job, conf, words(name, ()))
            check_names(loaded.job, loaded.place)
            check_steps(loaded.job, loaded.place)
            yield name, loaded.job
        except ConfigError as error:
            yield name, error


def validate(names: str | Sequence[str] | None = None, *, conf: Folder = None) -> dict[str, Job]:
    """Check job files, and return the jobs by the names of their files.

    Reads no input, starts nothing, and imports no code of the jobs: Python functions are looked for
    in the text of their files.

    Args:
        names: The jobs to check; all of the folder if none are named.
        conf: The folder of job files; without, `INGEST_CONF` or `conf`.

    Raises:
        ConfigError: At least one is wrong. The mistakes of all of them, one a line, in `lines`.
    """
    named = [names] if isinstance(names, str) else list(names or ())
    valid: dict[str, Job] = {}
    wrong: list[str] = []
    for name, job in checked(named, path(conf)):
        if isinstance(job, ConfigError):
            wrong += job.lines
        else:
            valid[name] = job
    if wrong:
        raise ConfigError(*dict.fromkeys(wrong))
    return valid
