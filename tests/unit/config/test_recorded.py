"""A recorded job, changed in what changes no row."""

import pytest
from pydantic import ValidationError

from ingest.config.recorded import amend
from ingest.core.errors import ConfigError
from ingest.job import Job

RECORD = """\
name: orders
owner: me
description: For a test.
source: {type: csv, path: in}
sink: {type: parquet, path: out, write_disposition: append}
cluster: {type: address, address: 'head:6379'}
execution: {workers: 2, seed: 7}
"""


def amended(*overrides, record=RECORD):
    return amend(Job, record, overrides)


def test_without_overrides_it_is_what_was_recorded():
    assert amended().execution.workers == 2


def test_settings_are_set_one_by_one():
    job = amended("execution.workers=5", "++execution.grace_s=1.5", "cluster.address=other:1")
    assert (job.execution.workers, job.execution.grace_s, job.execution.seed) == (5, 1.5, 7)
    assert job.cluster.address == "other:1"


def test_settings_in_settings():
    assert (
        amended("execution.retry.connection.max_tries=9").execution.retry.connection.max_tries == 9
    )


def test_another_cluster_takes_nothing_over_from_the_one_before():
    assert amended("cluster=inline").cluster.model_dump() == {"type": "inline"}
    assert amended("+cluster=address", "cluster.address=b:2").cluster.address == "b:2"


def test_named_execution_changes_what_it_names():
    execution = amended("execution=patient").execution
    assert (execution.workers, execution.partition_timeout_s) == (2, 1800.0)


def test_all_mistakes_are_told_at_once():
    with pytest.raises(ConfigError) as caught:
        amended("sink.path=b", "execution.seed=1", "name=c", "~execution.workers")
    assert [line.partition(":")[0] for line in caught.value.lines] == ["command line"] * 4


def test_a_named_cluster_that_leaves_something_open_says_what():
    with pytest.raises(ConfigError, match="address"):
        amended("cluster=address")


def test_a_record_of_another_version_is_told_apart_from_a_wrong_override():
    with pytest.raises(ValidationError):
        amended("execution.workers=5", record=RECORD.replace("workers", "wrkers"))
    with pytest.raises(ValueError, match="not a mapping but str"):
        amended(record="text")


def test_a_record_from_before_the_disposition_had_to_be_written_keeps_its_meaning():
    record = RECORD.replace(", write_disposition: append", "")
    assert amended(record=record).sink.write_disposition == "append"


def test_a_new_run_that_is_proposed_is_asked_for_as_this_one_was():
    """Or it would publish to the job's own place, where the run was to publish to another."""
    asked = ["orders", "sink.path=data/trial", "execution.seed=3"]
    with pytest.raises(ConfigError) as caught:
        amend(Job, RECORD, ["execution.seed=4"], None, asked)
    command = "ingest run orders sink.path=data/trial execution.seed=4 --fresh"
    assert f"To start over with your value: {command}" in str(caught.value)
