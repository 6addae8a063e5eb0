"""Which folders configuration comes from, and what lies in them.

The first folder is the user's: `--conf DIR`, else the environment's INGEST_CONF, else `./conf`.
The last is the one that is shipped with the package, so that a team's own folder needs no more
than its jobs. What both hold is taken from the first.
"""

import os
from collections.abc import Sequence
from pathlib import Path

from ingest.config.places import shown
from ingest.core.errors import ConfigError

PRIMARY = "config.yaml"
GROUPS = ("job", "source", "transform", "contract", "sink", "connection", "cluster", "execution")


def search_path(conf: Path | None) -> tuple[Path, ...]:
    """Return the folders, absolute, the first one first.

    Raises:
        ConfigError: a folder was named and is not there.
    """
    named, by = (conf, "--conf") if conf else (os.environ.get("INGEST_CONF"), "INGEST_CONF")
    if named:
        first = Path(named)
        if not first.is_dir():
            raise ConfigError(
                f"{by}: {shown(first)}: there is no such folder. "
                f"Name the folder that holds job/<name>.yaml."
            )
    else:
        first = Path("conf") if Path("conf").is_dir() else shipped()
    return tuple(dict.fromkeys((first.resolve(), shipped())))


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
    for root in (folder / group for folder in folders):
        names |= {str(file.relative_to(root).with_suffix("")) for file in root.rglob("*.yaml")}
    return sorted(names)


def is_group(folders: Sequence[Path], name: str) -> bool:
    """Whether a key names a group of files rather than a value."""
    return name in GROUPS or any((folder / name).is_dir() for folder in folders)


def find(folders: Sequence[Path], name: str) -> Path | None:
    """Return the file that `job/flights` stands for, or None."""
    files = (folder / f"{name}.yaml" for folder in folders)
    return next((file for file in files if file.is_file()), None)
