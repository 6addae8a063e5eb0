"""The folder that Ray unpacks a submitted job into (`ray job submit --working-dir`), and removes.

Made for Ray 2.60: `<temporary>/session_<time>/runtime_resources/working_dir_files/_ray_pkg_<hash>`.
Told by the path alone, because no variable of the environment says it.
"""

import os
from pathlib import Path

_ABOVE = ("runtime_resources", "working_dir_files")


def package_of(path: str) -> str:
    """Return the folder of this kind that a path lies in; empty if it lies in none.

    Links are followed: a data folder may be linked from there to a disk that stays.
    """
    parts = Path(os.path.realpath(path)).parts
    for at in range(len(parts) - 2):
        if parts[at : at + 2] == _ABOVE:
            return str(Path(*parts[: at + 3]))
    return ""
