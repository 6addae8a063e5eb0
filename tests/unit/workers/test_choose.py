"""Where a job is worked, and what is said of it."""

import psutil
import pytest

from ingest.core.errors import ConfigError
from ingest.job import InlineCluster, Job
from ingest.workers.base import Chosen
from ingest.workers.choose import choice, refuse_unfit, workers_for
from ingest.workers.outlook import BYTES_PER_SECOND, Outlook
from ingest.workers.processes.forks import Forkserver
from ingest.workers.processes.headstart import HeadStart
from tests.pools.obedient import Obedient, assignments, work_off

MINUTE = int(60 * BYTES_PER_SECOND)


def job(cluster, workers=2, **execution):
    return Job.model_validate(
        {
            "name": "t",
            "owner": "me",
            "description": "test",
            "source": {"type": "csv", "path": "in"},
            "sink": {"type": "parquet", "path": "out", "write_disposition": "overwrite"},
            "execution": {"workers": workers, **execution},
            "cluster": cluster,
        }
    )


AUTO = {"type": "auto"}


@pytest.mark.parametrize(
    ("bytes_", "pieces", "workers", "said"),
    [
        (100, 1, 2, "processes (less than 1 s of work on 2 workers, too little to start Ray)"),
        (MINUTE, 9, 2, "processes (about 30 s of work on 2 workers, too little to start Ray)"),
        (MINUTE, 1, 2, "local (about 60 s of work on 2 workers, enough to start Ray)"),
        (MINUTE, 9, 1, "local (about 60 s of work on 1 worker, enough to start Ray)"),
        (99 * MINUTE, 9, 2, "local (about 2,970 s of work on 2 workers, enough to start Ray)"),
    ],
)
def test_the_amount_of_work_decides_and_is_said(bytes_, pieces, workers, said):
    _, chosen = choice(job(AUTO, workers), Outlook(bytes_, pieces), {})

    assert str(chosen) == said


KUBERAY = {"type": "kuberay", "image": "x:1", "worker_groups": {"cpu": {}}}


def test_a_cluster_on_kubernetes_is_that_of_the_ray_job_and_nowhere_else():
    _, inside = choice(job(KUBERAY), Outlook(1, 1), {"RAY_JOB_ID": "01000000"})
    assert str(inside) == "address auto (inside a Ray job: RAY_JOB_ID is set)"
    assert str(choice(job(KUBERAY), Outlook(1, 1), {})[1]) == "kuberay"
    with pytest.raises(ConfigError, match=r'^cluster\.type: "kuberay": .* add: cluster=auto$'):
        workers_for(job(KUBERAY))


@pytest.mark.parametrize(
    ("environment", "cluster"),
    [
        ({"RAY_JOB_ID": "01000000"}, "address auto"),
        ({"RAY_JOB_CONFIG_JSON_ENV_VAR": "{}"}, "address auto"),
        ({"RAY_ADDRESS": "10.0.0.1:6379"}, "address auto"),
        ({"RAY_ADDRESS": "http://127.0.0.1:8265"}, "processes"),
        ({"RAY_ADDRESS": ""}, "processes"),
    ],
)
def test_inside_a_ray_job_it_is_that_cluster(environment, cluster):
    _, chosen = choice(job(AUTO), Outlook(100, 1), environment)

    assert chosen.cluster == cluster


@pytest.mark.parametrize(
    ("cluster", "said"),
    [
        ({"type": "inline"}, "inline"),
        ({"type": "processes"}, "processes"),
        ({"type": "local"}, "local"),
        ({"type": "address", "address": "head:6379"}, "address head:6379"),
    ],
)
def test_what_a_job_names_is_taken_without_a_reason(cluster, said):
    outlook = Outlook(99 * MINUTE, 9)

    assert choice(job(cluster), outlook, {"RAY_JOB_ID": "1"})[1] == Chosen(said)
    assert workers_for(job(cluster)).choose(outlook) == Chosen(said)


@pytest.mark.parametrize("cluster", ["auto", "processes", "local"])
@pytest.mark.parametrize(
    ("execution", "said"),
    [
        ({"workers": 1_000_000}, r"execution.workers: 1000000 workers on this machine, which has "),
        ({"workers": 2, "max_memory": 1000}, r"execution.max_memory: 1000B for 2 workers: 500B "),
    ],
)
def test_what_this_machine_cannot_do_is_refused_before_anything_starts(cluster, execution, said):
    crowded = job({"type": cluster}, **execution)

    with pytest.raises(ConfigError, match=said):
        workers_for(crowded).choose(Outlook(100, 1))
    refuse_unfit(crowded, InlineCluster(type="inline"))  # it has one process, and no share


def test_what_was_started_ahead_works_for_the_pool_that_is_chosen():
    server = Forkserver()
    pool = workers_for(job(AUTO), server)
    pool.choose(Outlook(100, 1))
    pool.start(Obedient())

    settled, _ = work_off(pool, assignments(["ok"]))
    parent = psutil.Process(int(settled[0].worker)).ppid()
    pool.close()

    assert parent == server.pid
    assert not psutil.pid_exists(server.pid)


@pytest.mark.parametrize("chosen", [True, False])
def test_what_was_started_ahead_in_vain_is_ended(chosen):
    server = Forkserver()
    pool = workers_for(job(AUTO), server)

    if chosen:
        assert pool.choose(Outlook(99 * MINUTE, 9)).cluster == "local"
    pool.close()

    assert not psutil.pid_exists(server.pid)


@pytest.mark.parametrize(
    ("composed", "starts"),
    [
        ({"cluster": {"type": "auto"}}, True),
        ({"cluster": {"type": "processes"}}, True),
        ({"cluster": {"type": "inline"}}, False),
        ({"cluster": {"type": "local"}}, False),
        ({"cluster": "auto"}, False),
        ({}, False),
    ],
)
def test_only_who_may_need_it_gets_a_head_start(composed, starts):
    head = HeadStart()
    head.begin(composed)
    started = head.server is not None
    head.end()
    head.end()

    assert started == starts
