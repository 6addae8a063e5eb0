"""What is sent to a cluster: the job as composed, and the code and tables that it needs.

Not the working folder: no data, no secrets, nothing that the job does not name.
"""

import glob
import shutil
from collections.abc import Iterator
from pathlib import Path

from ingest.config.job_file import job_file
from ingest.config.load import Loaded
from ingest.core.errors import ConfigError
from ingest.job import Job
from ingest.workers.disks import carried

MOST_BYTES = 50_000_000
"""Ray takes packages of up to 100 MiB; what is that large is data."""


def pack(loaded: Loaded[Job], folder: Path) -> None:
    """Write a job into an empty folder, from which `ingest run NAME` runs it on any cluster.

    Raises:
        ConfigError: the job's tables are too large to be sent.
    """
    cluster: dict[str, object] = {"type": "auto"}  # inside a Ray job: that cluster
    if shared := getattr(loaded.job.cluster, "shared", ()):
        cluster = {"type": "address", "address": "auto", "shared": list(shared)}
    raw = {**loaded.raw, "cluster": cluster}
    page = job_file(raw, f"Job {loaded.job.name} as composed by ingest submit.")
    conf = folder / "conf" / "job"
    conf.mkdir(parents=True)
    (conf / f"{loaded.job.name}.yaml").write_text(page, encoding="utf-8")
    size = 0
    for file in _needed(loaded.job):
        size += file.stat().st_size
        if size > MOST_BYTES:
            raise ConfigError(
                f"{file}: with this file, the tables and functions of the job have more than "
                f"{MOST_BYTES:,} bytes, too many to be sent with each run. Put tables into a "
                "bucket: reference: {path: s3://BUCKET/PATH}"
            )
        to = folder / file
        to.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, to)


def _needed(job: Job) -> Iterator[Path]:
    """Yield the local files that steps read: modules of functions, and tables of lookups."""
    for pattern in carried(job):
        yield from (Path(name) for name in sorted(glob.glob(pattern, recursive=True)))  # noqa: PTH207 - as sources do
