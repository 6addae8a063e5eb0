"""Which workers a job asks for."""

import os

from ingest.job import AddressCluster, InlineCluster, Job
from ingest.workers.base import Workers
from ingest.workers.in_process import InProcessWorkers
from ingest.workers.pool import Pool
from ingest.workers.ray_data import RayDataWorkers


def workers_for(job: Job) -> Workers:
    """Return the workers for a job's `cluster`; nothing is started yet."""
    if isinstance(job.cluster, InlineCluster):
        return InProcessWorkers()
    return RayDataWorkers(
        Pool(
            size=job.execution.workers or os.cpu_count() or 1,
            address=job.cluster.address if isinstance(job.cluster, AddressCluster) else "local",
            partition_timeout_s=job.execution.partition_timeout_s,
        )
    )
