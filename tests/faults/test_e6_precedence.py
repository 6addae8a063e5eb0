"""The command line goes over the job, the job over the defaults: however each of them says it."""

import pytest

from ingest.config.load import load
from ingest.config.recorded import amend
from ingest.core.errors import ConfigError
from ingest.job import Job

JOB = """\
# @package _global_
# A job to vary.
{more}name: orders
owner: me
description: For a test.
source: {{type: csv, path: in, delimiter: ";", columns: {{id: int64}}}}
contract: {{on_error: skip, max_errors: 5}}
sink: {{type: csv, path: out, write_disposition: overwrite, delimiter: "|"}}
execution: {{workers: 7, grace_s: 1}}
{cluster}
"""
FILES = {
    "config": "defaults: [{cluster: local}, {execution: default}, _self_]\nstate: ours\n",
    "cluster/far": "type: address\naddress: far:1\n",
    "cluster/base": "type: address\naddress: base:1\n",
    "cluster/heir": "defaults: [base, _self_]\naddress: heir:1\n",
    "source/landing": "type: jsonl\npath: s3://landing/x\n",
    "source/semicolons": "delimiter: ','\ncolumns: {n: int8}\n",
    "sink/lake": "type: parquet\npath: lake\nwrite_disposition: append\n",
    "sink/wrong": "type: parquet\npth: x\nwrite_disposition: append\n",
    "sink/tabs": "type: csv\ndelimiter: '^'\n",
    "contract/strict": "on_error: fail\nmax_errors: null\n",
    "execution/many": "workers: 99\n",
    "local/desk": "# @package _global_\nexecution: {workers: 1}\n",
}


@pytest.fixture
def compose(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def write(*overrides, cluster="", more=""):
        for name, text in {**FILES, "job/orders": JOB.format(cluster=cluster, more=more)}.items():
            file = tmp_path / "conf" / f"{name}.yaml"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
        return load(Job, None, overrides).job

    return write


LOCAL = "cluster: {type: local}"
ADDRESS = "cluster: {type: address, address: 'head:6379'}"


@pytest.mark.parametrize("cluster", [LOCAL, ADDRESS, ""])
@pytest.mark.parametrize(
    ("override", "expected"),
    [
        ("cluster=inline", {"type": "inline"}),
        ("cluster=local", {"type": "local"}),
        ("cluster=far", {"type": "address", "address": "far:1"}),
        ("cluster=heir", {"type": "address", "address": "heir:1"}),
    ],
)
def test_a_cluster_on_the_command_line_is_the_jobs_cluster(compose, cluster, override, expected):
    for words in (["+job=orders", override], [f"+{override}", "job=orders"]):
        assert compose(*words, cluster=cluster).cluster.model_dump(exclude_unset=True) == expected


@pytest.mark.parametrize("choice", ["- override /cluster: far", "- /cluster@cluster: far"])
def test_also_where_the_job_chooses_a_file(compose, choice):
    config = FILES["config"] if "override" in choice else "defaults: [_self_]\n"
    FILES["config"], before = config, FILES["config"]
    try:
        more = f"defaults:\n  - _self_\n  {choice}\n"
        assert compose("+job=orders", more=more).cluster.address == "far:1"
        assert compose("+job=orders", "cluster=inline", more=more).cluster.type == "inline"
    finally:
        FILES["config"] = before


def test_a_setting_goes_over_a_file_and_both_go_over_the_job(compose):
    job = compose("cluster.address=new:2", "+job=orders", "cluster=far", cluster=ADDRESS)
    assert job.cluster.address == "new:2"
    job = compose("execution.grace_s=2", "execution=many", "+job=orders")
    assert (job.execution.workers, job.execution.grace_s) == (99, 2)


def test_what_the_command_line_leaves_alone_is_the_jobs(compose):
    job = compose("+job=orders", "execution=many", "sink=tabs", "contract=strict")
    assert (job.execution.workers, job.execution.grace_s) == (99, 1)
    assert (job.sink.path, job.sink.delimiter) == ("out", "^")
    assert (job.contract.on_error, job.contract.max_errors) == ("fail", None)
    assert job.state == "ours"


def test_a_machines_own_settings_named_on_the_command_line_go_over_the_job(compose):
    assert compose("local=desk", "+job=orders").execution.workers == 1


def test_a_source_of_another_type_takes_nothing_over(compose):
    job = compose("+job=orders", "source=landing")
    assert (job.source.type, job.source.path) == ("jsonl", "s3://landing/x")
    job = compose("source=semicolons", "+job=orders")
    assert (job.source.delimiter, job.source.path) == (",", "in")
    assert dict(job.source.columns).keys() == {"id", "n"}
    assert compose("sink=lake", "+job=orders").sink.path == "lake"
    assert compose("sink=lake", "+job=orders", "sink.path=shore").sink.path == "shore"


def test_mistakes_in_what_is_chosen_are_told_at_their_own_place(compose):
    with pytest.raises(ConfigError) as caught:
        compose("+job=orders", "sink=wrong")
    assert caught.value.lines[0].startswith("conf/sink/wrong.yaml:2: sink.pth: unknown key. Did")


def test_a_type_alone_is_refused_where_the_jobs_settings_do_not_fit_it(compose):
    assert compose("+job=orders", "cluster.type=inline").cluster.type == "inline"
    assert compose("+job=orders", "cluster={type: inline}", cluster=LOCAL).cluster.type == "inline"
    for override in ("cluster.type=inline", "cluster={type: inline}"):
        with pytest.raises(ConfigError, match=r"conf/job/orders\.yaml:10: cluster\.address"):
            compose("+job=orders", override, cluster=ADDRESS)


def test_resuming_knows_the_same_order(compose, tmp_path):
    compose("+job=orders")
    record = "\n".join(JOB.format(cluster=ADDRESS, more="").splitlines()[2:])
    job = amend(Job, record, ["cluster.address=new:2", "cluster=far", "execution=many"])
    assert (job.cluster.address, job.execution.workers, job.execution.grace_s) == ("new:2", 99, 1)
    assert amend(Job, record, ["cluster=inline"]).cluster.type == "inline"
