"""`python -m ingest.run`: the command `run`, under the name that a Ray job is submitted with.

To be run, not imported: `ingest.run` is a function of the package. Who imports this module all the
same, as tools do that look through a package, gets the function and does not put the module in its
place.
"""

import sys
from functools import partial
from typing import Any

import ingest
from ingest.commands.base import guarded
from ingest.commands.run import main
from ingest.core.leaving import leave

if __name__ == "__main__":
    leave(guarded(partial(main, program="python -m ingest.run")))

modules: dict[str, Any] = sys.modules
modules[__name__] = ingest.run
