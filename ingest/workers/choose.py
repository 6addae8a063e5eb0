"""Which workers a job asks for."""

from ingest.job import AddressCluster, InlineCluster, Job
from ingest.workers.base import Workers
from ingest.workers.in_process import InProcessWorkers
from ingest.workers.ray_data import RayDataWorkers


def workers_for(job: Job) -> Workers:
    """Return the workers for a job's `cluster`; nothing is started yet."""
    if isinstance(job.cluster, InlineCluster):
        return InProcessWorkers()
    return RayDataWorkers(
        address=job.cluster.address if isinstance(job.cluster, AddressCluster) else "local",
        workers=job.execution.workers,
        partition_timeout_s=job.execution.partition_timeout_s,
        max_memory=job.execution.max_memory,
    )
