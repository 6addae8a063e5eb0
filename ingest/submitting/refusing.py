"""What keeps a job from running on other machines: files and folders of this one."""

from collections.abc import Sequence

from ingest.config.load import Loaded
from ingest.core.errors import ConfigError
from ingest.job import Job
from ingest.workers.disks import unshared


def refuse(loaded: Loaded[Job], shared: Sequence[str]) -> None:
    """Refuse places that the nodes of a cluster do not share.

    `shared` are folders that all of them see under the same path.

    Raises:
        ConfigError: all of them, each with its line and what to write instead.
    """
    if lines := unshared(loaded.job, shared, loaded.place):
        raise ConfigError(*lines)
