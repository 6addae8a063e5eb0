"""`python -m ingest.k8s`: the command `k8s`, under the name that pods start it by."""

from functools import partial

from ingest.commands.base import guarded
from ingest.commands.k8s import main
from ingest.core.leaving import leave

if __name__ == "__main__":
    leave(guarded(partial(main, program="python -m ingest.k8s")))
