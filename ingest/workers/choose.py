"""Which workers a job asks for, and which it gets if it leaves that open."""

import os
from collections.abc import Callable, Mapping
from functools import partial

from ingest.clusters.kuberay import KubeRayCluster
from ingest.core.counts import counted
from ingest.core.errors import ConfigError
from ingest.job import (
    AddressCluster,
    AutoCluster,
    Cluster,
    InlineCluster,
    Job,
    LocalCluster,
    ProcessesCluster,
)
from ingest.work.memory import refuse_crowded
from ingest.workers.auto import AutoWorkers
from ingest.workers.base import Chosen, Workers
from ingest.workers.disks import unshared
from ingest.workers.in_process import InProcessWorkers
from ingest.workers.outlook import Outlook
from ingest.workers.processes.forks import Forkserver
from ingest.workers.processes.pool import ProcessWorkers

RAY_PAYS_S = 60.0
"""Work that takes less than that on this machine is not worth starting a Ray for."""
Where = Callable[[tuple[str | int, ...]], str]
"""Says where in the files a setting is."""
INSIDE = AddressCluster(type="address", address="auto")
"""The cluster that a Ray job was submitted to."""


def choice(
    job: Job, outlook: Outlook, environment: Mapping[str, str] = os.environ
) -> tuple[Cluster, Chosen]:
    """Say where a job is worked, now that it is known how much work there is."""
    cluster, why = job.cluster, ""
    if isinstance(cluster, KubeRayCluster) and (variable := _ray_job(environment)):
        cluster, why = INSIDE, f"inside a Ray job: {variable} is set"
    if isinstance(cluster, AutoCluster):
        cluster, why = _decided(job.execution.planned_workers, outlook, environment)
    address = f" {cluster.address}" if isinstance(cluster, AddressCluster) else ""
    return cluster, Chosen(f"{cluster.type}{address}", why)


def _decided(workers: int, outlook: Outlook, environment: Mapping[str, str]) -> tuple[Cluster, str]:
    if variable := _ray_job(environment):
        return INSIDE, f"inside a Ray job: {variable} is set"
    seconds = outlook.seconds(workers)
    work = "less than 1 s" if seconds < 1 else f"about {seconds:,.0f} s"
    work += " of work on "
    work += counted(workers, "worker") + outlook.basis
    if seconds < RAY_PAYS_S:
        return ProcessesCluster(type="processes"), f"{work}, too little to start Ray"
    return LocalCluster(type="local"), f"{work}, enough to start Ray"


def refuse_unfit(job: Job, cluster: Cluster) -> None:
    """Refuse what the memory of this machine cannot do, if that is where the cluster is.

    Raises:
        ConfigError: it has no room for so many workers, or they may not use enough of it.
    """
    if isinstance(cluster, ProcessesCluster | LocalCluster):
        refuse_crowded(job.execution.workers, job.execution.max_memory)


def workers_for(
    job: Job,
    server: Forkserver | None = None,
    place: Where = lambda path: ".".join(map(str, path)),
) -> Workers:
    """Return the workers for a job's `cluster`; nothing is started yet.

    A fork `server` that is running is taken over, or ended where it is of no use.

    Raises:
        ConfigError: the cluster exists only on Kubernetes, and this is elsewhere: the text begins
            with the `place` of the setting. Or this machine is the cluster, see `refuse_unfit`.
    """
    if isinstance(job.cluster, KubeRayCluster):
        if not _ray_job(os.environ):
            raise ConfigError(
                f'{place(("cluster", "type"))}: "kuberay": such a cluster exists only on '
                "Kubernetes, and this command does not run there. To run the job there: ingest k8s "
                f"render {job.name} | kubectl apply -f -, with the same settings; or, on a Ray "
                f"cluster that is running: ingest submit {job.name}. To run it here, add: "
                "cluster=auto"
            )
        mounted = (*job.cluster.volumes, *job.cluster.secret_files)
        return _pool(job, INSIDE.model_copy(update={"shared": mounted}), server, place)
    if not isinstance(job.cluster, AutoCluster):
        return _pool(job, job.cluster, server, place)

    def pick(outlook: Outlook) -> tuple[Workers, Chosen]:
        cluster, chosen = choice(job, outlook)
        return _pool(job, cluster, server, place), chosen

    return AutoWorkers(pick, server, job.execution.planned_workers)


def _pool(job: Job, cluster: Cluster, server: Forkserver | None, place: Where) -> Workers:
    execution = job.execution
    workers, timeout_s = execution.workers, execution.partition_timeout_s
    refuse_unfit(job, cluster)
    if isinstance(cluster, ProcessesCluster):
        return ProcessWorkers(workers, timeout_s, execution.max_memory, server=server)
    if server:
        server.close()
    if isinstance(cluster, InlineCluster):
        return InProcessWorkers()
    from ingest.workers.on_ray.pool import RayDataWorkers  # noqa: PLC0415 - most jobs need no Ray

    pool = partial(RayDataWorkers, workers=workers, partition_timeout_s=timeout_s)
    pool = partial(pool, max_memory=execution.max_memory, weight=execution.weight)
    if not isinstance(cluster, AddressCluster):
        return pool("local")
    return pool(cluster.address, unshared=unshared(job, cluster.shared, place))


def _ray_job(environment: Mapping[str, str]) -> str:
    """Return the variable by which a process knows that it was submitted to a Ray cluster, or none.

    An address that begins with `http` is where jobs are submitted to, by who is outside.
    """
    for name in ("RAY_JOB_ID", "RAY_JOB_CONFIG_JSON_ENV_VAR", "RAY_ADDRESS"):
        if (value := environment.get(name, "")) and not value.startswith("http"):
            return name
    return ""
