"""What is done about a failure, by its class."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.core.outcome import Failure
from ingest.driver.retry import DEATHS, HOPELESS, Measure, RetryPolicy
from ingest.execution import Retries, Retry

EXTERNAL = ("throttled", "connection")


def policy(by_row=True, search=True, **retries):
    return RetryPolicy(Retries(**retries), by_row, search)


def course(policy, kind, steps=20):
    """Return what is done, failure by failure, until the partition is split or given up."""
    done, searched = [], False
    for tries in range(1, steps):
        what = policy.measure(Failure(kind, ""), tries, searched=searched).what
        done.append(what)
        searched = what == "search"
        if what in {"split", "give_up"}:
            break
    return done


@pytest.mark.parametrize("kind", sorted(HOPELESS))
def test_what_cannot_change_is_not_tried_again(kind):
    assert policy().measure(Failure(kind, ""), 1, searched=False) == Measure("give_up")


@pytest.mark.parametrize("kind", EXTERNAL)
def test_what_lies_outside_is_tried_up_to_its_own_limit(kind):
    limited = policy(**{kind: Retry(max_tries=3)})
    assert course(limited, kind) == ["again", "again", "give_up"]
    other = next(each for each in EXTERNAL if each != kind)
    assert len(course(limited, other)) == getattr(Retries(), other).max_tries


@pytest.mark.parametrize("kind", sorted(DEATHS))
def test_what_kills_workers_is_searched_for_and_then_cut(kind):
    assert course(policy(), kind) == ["again", "search", "split"]


@pytest.mark.parametrize("kind", sorted(DEATHS))
def test_without_a_search_it_is_cut_after_the_last_try(kind):
    assert course(policy(search=False), kind) == ["again", "again", "again", "split"]


@pytest.mark.parametrize("kind", [*sorted(DEATHS), "bug"])
def test_partitions_that_must_stay_whole_are_neither_searched_nor_cut(kind):
    tries = getattr(Retries(), kind).max_tries
    assert course(policy(by_row=False), kind) == ["again"] * (tries - 1) + ["give_up"]


def test_a_bug_is_searched_for_but_not_cut():
    assert course(policy(), "bug") == ["again", "search", "give_up"]
    assert course(policy(search=False), "bug") == ["again", "give_up"]


def test_a_search_that_the_network_breaks_off_is_tried_again():
    measure = policy().measure(Failure("connection", ""), 1, searched=True)
    assert measure.what == "again"


@given(st.integers(1, 200), st.floats(0, 1e3), st.floats(0, 1e3))
def test_a_wait_is_never_longer_than_it_may_be(tries, wait_s, most_s):
    settings_of = Retry(max_tries=1000, wait_s=wait_s, max_wait_s=most_s)
    measure = policy(connection=settings_of).measure(
        Failure("connection", ""), tries, searched=False
    )
    assert 0 <= measure.wait_s <= min(most_s, wait_s * 2.0 ** min(tries - 1, 30))


@pytest.mark.parametrize(("tries", "longest"), [(1, 1), (2, 2), (5, 16), (50, 60)])
def test_waits_double_up_to_a_limit_and_are_spread(tries, longest):
    patient = policy(connection=Retry(max_tries=1000))
    waits = [
        patient.measure(Failure("connection", ""), tries, searched=False).wait_s for _ in range(300)
    ]
    assert longest * 0.8 < max(waits) <= longest
    assert min(waits) < longest * 0.2
    assert len(set(waits)) > 100


def test_nobody_comes_back_before_they_were_asked_to():
    failure = Failure("throttled", "503", retry_after_s=300.0)
    waits = [policy().measure(failure, 1, searched=False).wait_s for _ in range(100)]
    assert min(waits) >= 300
    assert max(waits) <= 302
    assert len(set(waits)) > 50, "not all at the same moment"
