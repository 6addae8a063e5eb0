"""Places that are gone when the command ends: nothing is written there that is to stay."""

from ingest.core.errors import ConfigError
from ingest.driver.flow import Place
from ingest.driver.sinks import sinks_of
from ingest.job import Job
from ingest.storage.objects import Store
from ingest.storage.uris import is_remote
from ingest.workers.on_ray.package import package_of


def refuse_fleeting(job: Job, store: Store, place: Place) -> None:
    """Refuse outputs and a state inside the folder that Ray has unpacked this job into.

    Raises:
        ConfigError: one line for each, before anything is written.
    """
    sinks = sinks_of(job)
    uris = {("sink", "path"): sinks["main"].uri, ("state",): store.uri()}
    named = job.contract.quarantine is not None and job.contract.quarantine.path
    if "quarantine" in sinks and named:  # else it lies beside the sink
        uris["contract", "quarantine", "path"] = sinks["quarantine"].uri
    lines = [
        f'{place(path)}: "{uri}" is inside "{package}", where Ray unpacked this job; Ray '
        f"removes that folder. Use a permanent folder: {'.'.join(path)}=/shared/folder"
        for path, uri in uris.items()
        if not is_remote(uri) and (package := package_of(uri))
    ]
    if lines:
        raise ConfigError(*lines)
