"""Who is tried again."""

import pytest

from ingest.driver.retry import LONGEST_WAIT_S, RetryPolicy


@pytest.mark.parametrize("kind", ["bad_row", "contract", "fatal", "config"])
def test_what_cannot_change_is_not_tried_again(kind):
    assert RetryPolicy(4, 1.0).wait(kind, 1) is None


def test_waits_double_up_to_a_limit_and_are_spread():
    policy = RetryPolicy(100, 1.0)
    for tries in (1, 2, 5, 50):
        waits = [policy.wait("retryable", tries) for _ in range(200)]
        longest = min(LONGEST_WAIT_S, 2.0 ** (tries - 1))
        assert max(waits) <= longest
        assert min(waits) < longest / 4
        assert len(set(waits)) > 100


def test_it_gives_up_after_the_last_try():
    assert RetryPolicy(3, 0).wait("lost", 2) is not None
    assert RetryPolicy(3, 0).wait("lost", 3) is None


def test_a_bug_gets_one_more_try():
    assert RetryPolicy(10, 0).wait("bug", 1) is not None
    assert RetryPolicy(10, 0).wait("bug", 2) is None
