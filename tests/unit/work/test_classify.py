"""What is said of an exception that ended a try."""

import errno

import pytest

from ingest.core.errors import (
    BadRowError,
    ConfigError,
    ContractError,
    FatalError,
    FencedError,
    RetryableError,
    ThrottledError,
)
from ingest.core.partition import Partition, Slice
from ingest.work.classify import classify

PARTITION = Partition(0, "ab12", tuple(Slice(f"f{i}.csv", 1, "v") for i in range(3)))


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (ConfigError("x"), "config"),
        (BadRowError("x"), "bad_row"),
        (ContractError("x"), "contract"),
        (FatalError("x"), "fatal"),
        (FencedError("x"), "fatal"),
        (RetryableError("x"), "connection"),
        (ThrottledError("x"), "throttled"),
        (MemoryError("x"), "out_of_memory"),
        (TimeoutError("x"), "connection"),
        (KeyError("x"), "bug"),
    ],
)
def test_each_class_has_its_kind(error, kind):
    assert classify(error, PARTITION).kind == kind


def test_what_was_asked_for_is_passed_on():
    failure = classify(ThrottledError("s3://b/k: slow down", retry_after_s=4.0), PARTITION)
    assert (failure.message, failure.retry_after_s) == ("s3://b/k: slow down", 4.0)


def test_an_error_of_ours_is_not_judged_by_what_lies_behind_it():
    error = FatalError("the disk is full")
    error.__cause__ = ConnectionResetError()
    assert classify(error, PARTITION).kind == "fatal"


def test_a_storage_that_ran_out_of_memory_says_so():
    error = RetryableError("f: the storage failed")
    error.__cause__ = OSError(errno.ENOMEM, "cannot allocate memory")
    assert classify(error, PARTITION).kind == "out_of_memory"


def test_a_bug_names_partition_and_files_and_shows_its_traceback():
    failure = classify(ZeroDivisionError("division by zero"), PARTITION)
    assert failure.message == (
        "partition ab12 (f0.csv, f1.csv and 1 more): ZeroDivisionError: division by zero"
    )
    assert "ZeroDivisionError: division by zero" in failure.traceback
