"""What a worker needs of its driver's process, if it was not started from there."""

import os
import sys
import time
from pathlib import Path

from ingest.core.dataclass import dataclass

OF_RAY = "RAY_"


@dataclass(frozen=True, slots=True)
class Surroundings:
    """The variables of the environment, the folder and the path of imports of a driver.

    Never logged or stored: credentials are among the variables.
    """

    environment: dict[str, str]
    folder: str
    path: list[str]

    def __repr__(self) -> str:
        """Say nothing of what is in it."""
        return "Surroundings(...)"

    @staticmethod
    def here() -> "Surroundings":
        """Return those of this process."""
        variables = {
            name: value for name, value in os.environ.items() if not name.startswith(OF_RAY)
        }
        return Surroundings(variables, str(Path.cwd()), list(sys.path))

    def enter(self) -> None:
        """Make them this process's own; what belongs to Ray stays as it is."""
        os.environ.update(self.environment)
        time.tzset()
        os.chdir(self.folder)
        sys.path[:] = self.path
