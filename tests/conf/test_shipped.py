"""Every named piece in the shipped `conf/` makes a valid job together with a shipped job."""

from pathlib import Path

import pytest

from ingest.config.load import load
from ingest.job import Job

CONF = Path(__file__).parents[2] / "conf"
PIECES = sorted(
    f"{path.parent.name}={path.stem}" for path in CONF.glob("*/*.yaml") if path.parent.name != "job"
)
IMAGE = ["cluster.image=registry.example.org/ingest:0.1.0"]
NEEDS = {
    "cluster=address": ["cluster.address=head:6379"],
    **dict.fromkeys(["cluster=kuberay_small", "cluster=kuberay_large", "cluster=gpu"], IMAGE),
}


@pytest.mark.parametrize("piece", PIECES)
def test_a_piece_goes_with_a_job(piece):
    group = piece.partition("=")[0]
    job = load(Job, CONF, ["+job=flights", piece, *NEEDS.get(piece, [])]).job
    default = load(Job, CONF, ["+job=flights"]).job
    others = set(Job.model_fields) - {group}
    assert all(getattr(job, name) == getattr(default, name) for name in others)


def test_patience_is_more_of_everything():
    patient = load(Job, CONF, ["+job=flights", "execution=patient"]).job.execution
    usual = load(Job, CONF, ["+job=flights"]).job.execution
    for kind in ("throttled", "connection", "lost_worker"):
        assert getattr(patient.retry, kind).max_tries > getattr(usual.retry, kind).max_tries
    assert patient.partition_timeout_s is not None
    assert usual.partition_timeout_s is None
