"""Which folders configuration comes from, and what lies in them.

The first folder is the user's: `--conf DIR`, else the environment's INGEST_CONF, else `./conf`.
The last is the one that is shipped with the package, so that a team's own folder needs no more
than its jobs. What both hold is taken from the first. Jobs are never taken from the shipped one: a
wheel has none, and those beside a checkout belong to that repository.
"""

import os
import shlex
from collections.abc import Sequence
from pathlib import Path

from ingest.config.places import shown
from ingest.core.errors import ConfigError

DEFAULT = Path("conf")
PRIMARY = "config.yaml"
GROUPS = ("job", "source", "transform", "contract", "sink", "connection", "cluster", "execution")


def search_path(conf: Path | None) -> tuple[Path, ...]:
    """Return the folders that a job is composed from, absolute, the first one first.

    Raises:
        ConfigError: a folder was named and is not there, or none was and there is no `./conf`.
    """
    first = _users(conf)
    if first is None:
        raise ConfigError(_no_folder(Path.cwd()))
    return tuple(dict.fromkeys((first.resolve(), shipped())))


def pieces_path(conf: Path | None) -> tuple[Path, ...]:
    """Return the folders that named settings come from: those of the package, if no other.

    Raises:
        ConfigError: a folder was named and is not there.
    """
    return search_path(conf) if _users(conf) else (shipped(),)


def _users(conf: Path | None) -> Path | None:
    named, by = (conf, "--conf") if conf else (os.environ.get("INGEST_CONF"), "INGEST_CONF")
    first = Path(named) if named else DEFAULT
    if first.is_dir():
        return first
    if named:
        raise ConfigError(
            f"{by}: {shown(first)}: there is no such folder. Name the folder that contains "
            "job/<name>.yaml"
        )
    return None


def _no_folder(here: Path) -> str:
    above = next((folder for folder in here.parents if (folder / DEFAULT / "job").is_dir()), None)
    if above:
        return (
            f"{DEFAULT}: there is no such folder in {here}, but there is one in {above}. "
            f"Relative paths start in the working folder: cd {shlex.quote(str(above))}"
        )
    return (
        f"{DEFAULT}: there is no such folder in {here}. It contains the jobs: "
        "conf/job/NAME.yaml. To create a job for your files: ingest init PATH. To create a "
        "repository with an example: ingest init-project DIR. To use another folder: --conf DIR "
        "(in Python: conf=DIR)"
    )


def shipped() -> Path:
    """Return the folder that comes with the package: in a wheel `_conf`, else the checkout's."""
    package = Path(__file__).resolve().parents[1]
    wheel = package / "_conf"
    return wheel if wheel.is_dir() else package.parent / "conf"


def jobs(conf: Path | None) -> list[str]:
    """Return the names of all jobs in the user's folder, sorted; `team/x` for a nested one."""
    return options(search_path(conf)[:1], "job")


def options(folders: Sequence[Path], group: str) -> list[str]:
    """Return what a group offers in any of the folders, sorted."""
    names = set()
    for root in (folder / group for folder in _offering(folders, group)):
        names |= {str(file.relative_to(root).with_suffix("")) for file in root.rglob("*.yaml")}
    return sorted(names)


def is_group(folders: Sequence[Path], name: str) -> bool:
    """Whether a key names a group of files rather than a value."""
    return name in GROUPS or any((folder / name).is_dir() for folder in folders)


def find(folders: Sequence[Path], name: str) -> Path | None:
    """Return the file that `job/flights` stands for, or None."""
    folders = _offering(folders, name.partition("/")[0])
    files = (folder / f"{name}.yaml" for folder in folders)
    return next((file for file in files if file.is_file()), None)


def _offering(folders: Sequence[Path], group: str) -> list[Path]:
    beside = shipped() if group == "job" else None
    return [folder for folder in folders if folder != beside or folder == folders[0]]
