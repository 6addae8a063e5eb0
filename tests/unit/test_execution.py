"""How a run goes about its work, as it is written."""

import pytest
from pydantic import ValidationError

from ingest.execution import Execution


def test_what_is_left_out_of_a_class_of_failures_is_as_usual_for_it():
    written = Execution.model_validate({"retry": {"throttled": {"max_tries": 3}}}).retry
    usual = Execution().retry
    assert written.throttled.max_tries == 3
    assert written.throttled.wait_s == usual.throttled.wait_s == 2.0
    assert written.throttled.max_wait_s == usual.throttled.max_wait_s
    assert written.bug == usual.bug


@pytest.mark.parametrize(
    ("written", "size"), [("8GiB", 8 << 30), ("500 MB", 500_000_000), (1024, 1024)]
)
def test_sizes_may_be_written_with_units(written, size):
    assert Execution.model_validate({"max_memory": written}).max_memory == size


@pytest.mark.parametrize(
    "wrong",
    [
        {"max_memory": "much"},
        {"max_memory": 0},
        {"retry": None},
        {"lease_s": float("inf")},
        {"partition_timeout_s": float("nan")},
    ],
)
def test_nonsense_is_refused(wrong):
    with pytest.raises(ValidationError):
        Execution.model_validate(wrong)
