"""`python -m ingest.run`: the command `run`, under the name that a Ray job is submitted with.

To be run, not imported: `ingest.run` is a function of the package.
"""

from ingest.commands.base import guarded
from ingest.commands.run import main
from ingest.core.leaving import leave

if __name__ == "__main__":
    leave(guarded(main))
