"""What every pool of workers must keep, as checks that are run over each.

    @pytest.mark.parametrize("law", LAWS)
    def test_my_pool(law):
        law(MyWorkers)

A law raises AssertionError if the pool breaks it. Most of them kill workers: none takes more than
some seconds where workers start fast.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Protocol

from ingest.core.errors import ConfigError
from ingest.core.partition import Assignment
from ingest.workers.base import Lost, Workers
from tests.pools.obedient import Obedient, assignments, collect, work_off

MEBIBYTE = 1024 * 1024
SMALL = 100
"""Bytes of partitions that may be handed out together."""


class Make(Protocol):
    """Makes a pool, which has not started yet. The laws ask for 2 workers."""

    def __call__(
        self,
        *,
        workers: int,
        partition_timeout_s: float | None = None,
        max_memory: int | None = None,
    ) -> Workers:
        """Return it."""


@contextmanager
def started(
    make: Make,
    workers: int = 2,
    *,
    partition_timeout_s: float | None = None,
    max_memory: int | None = None,
    warm: bool = False,
) -> Iterator[Workers]:
    """Start a pool, let it be there if it is to be warm, and close it after."""
    pool = make(workers=workers, partition_timeout_s=partition_timeout_s, max_memory=max_memory)
    try:
        pool.start(Obedient())
        if warm:
            work_off(pool, assignments(["nap"] * 4))
        yield pool
    finally:
        pool.close()


def all_is_settled_on_all_workers_with_one_thread_each(make: Make) -> None:
    """Partitions are worked side by side, each by one core."""
    with started(make) as pool:
        settled, lost = work_off(pool, assignments(["threads"] * 4 + ["nap"] * 20))
    assert not lost
    assert len({outcome.worker for outcome in settled.values()}) == 2
    assert settled[0].seconds == {"polars": 1, "arrow": 1}


def small_partitions_keep_their_own_outcomes(make: Make) -> None:
    """What is handed out together comes back apart."""
    work = assignments(["ok"] * 300, SMALL)
    with started(make) as pool:
        settled, lost = work_off(pool, work)
    assert not lost
    assert [settled[each.partition.index].partition for each in work] == [
        each.partition.id for each in work
    ]


def a_retry_is_worked_as_a_try_of_its_own(make: Make) -> None:
    """Work can be handed out at any time, and the same partition again."""
    (first,) = assignments(["ok"])
    with started(make) as pool:
        for number in (1, 2, 3):
            settled, _ = work_off(pool, [Assignment(first.partition, 1, number)])
            assert settled[0].key == (1, 0, number)


def each_death_costs_one_try_and_has_its_reason(make: Make) -> None:
    """Signals, exits, too much memory: each is told from the others, with the guilty partition."""
    words = ["segfault", "killed", "exit", "leave", "lists", "columns", "at-once"]
    with started(make, max_memory=1024 * MEBIBYTE) as pool:
        settled, lost = work_off(pool, assignments(["nap"] * 8 + words + ["nap"] * 8), 100)
    assert len(settled) == 23
    blamed = {words[each.key[1] - 8]: each for each in lost if each.culprit}
    assert sorted(blamed) == sorted(words)
    kinds = {word: each.kind for word, each in blamed.items()}
    memory = dict.fromkeys(("lists", "columns", "at-once"), "out_of_memory")
    assert kinds == {**dict.fromkeys(words, "lost_worker"), **memory}
    assert blamed["segfault"].reason.startswith("the worker's process ended with SIGSEGV")
    assert blamed["leave"].reason == "the worker ended with SystemExit: 0"
    assert blamed["at-once"].reason == "the worker ended with MemoryError"
    for word in ("lists", "columns"):
        share = "used more than its share of 512.0MiB of execution.max_memory=1.0GiB: "
        assert blamed[word].reason.startswith(share)


def many_deaths_do_not_end_the_run(make: Make) -> None:
    """A pool replaces its dead as often as it has to."""
    with started(make) as pool:
        settled, lost = work_off(pool, assignments(["killed", "nap"] * 10), 110)
    assert len(settled) == 20
    assert sum(each.culprit for each in lost) == 10


def only_what_was_worked_is_blamed_for_a_death(make: Make) -> None:
    """What waited behind it comes back too, and is not blamed."""
    work = assignments(["nap"] * 8 + ["exit"] + ["nap"] * 8)
    with started(make) as pool:
        settled, lost = work_off(pool, work)
    assert len(settled) == 17
    assert [each.key for each in lost if each.culprit] == [(1, 8, 1)]
    assert len(lost) <= 4


def a_culprit_among_small_neighbours_is_found(make: Make) -> None:
    """If not at its first death, then when it is alone; no neighbour is ever blamed."""
    work = assignments(["ok"] * 6 + ["exit-twice"] + ["ok"] * 6, SMALL)
    with started(make) as pool:
        settled, lost = work_off(pool, work)
    assert len(settled) == 13
    blamed = [each.key[1] for each in lost if each.culprit]
    assert blamed
    assert set(blamed) == {6}


def a_hung_worker_is_killed_and_its_partition_named(make: Make) -> None:
    """A partition has so much time and no more, whatever its worker does with the interpreter."""
    with started(make, partition_timeout_s=2.0) as pool:
        settled, lost = work_off(pool, assignments(["nap"] * 4 + ["hang"] + ["nap"] * 20))
    (culprit,) = [each for each in lost if each.culprit]
    assert len(settled) == 25
    assert (culprit.key, culprit.kind) == ((1, 4, 1), "timeout")
    assert culprit.reason == "took longer than 2 s"


def what_is_searched_keeps_its_own_time(make: Make) -> None:
    """A search has deadlines of its own; what is searched shares a worker with nobody."""
    work = [replace(each, search=True) for each in assignments(["ok"] * 2, SMALL)]
    with started(make, partition_timeout_s=1.0) as pool:
        settled, lost = work_off(pool, work)
    assert len(settled) == 2
    assert not lost


def nothing_waits_for_a_hung_try(make: Make) -> None:
    """Neither other partitions, nor a second try of the same one; nor does closing."""
    (hung,) = assignments(["hang"])
    with started(make, warm=True) as pool:
        pool.submit([hung])
        pool.submit(assignments(["ok"] * 9)[1:])
        before = collect(pool, 8, limit_s=15)
        pool.submit([replace(hung, try_number=2)])
        (second,) = collect(pool, 1, limit_s=10)
        began = time.monotonic()
        pool.close()
        assert time.monotonic() - began < 5
    assert sorted(each.key[1] for each in before) == list(range(1, 9))
    assert [each.culprit for each in before if isinstance(each, Lost)] in ([], [False])
    assert second.key == (1, 0, 2)
    assert not isinstance(second, Lost)


def draining_ends_what_is_worked_and_begins_nothing_more(make: Make) -> None:
    """What is under way comes to its end and is answered; the rest is dropped."""
    with started(make, warm=True) as pool:
        pool.submit(assignments(["slow"] * 10))
        time.sleep(1.0)
        began = time.monotonic()
        drained = list(pool.drain(60.0))
        pool.close()
        pool.close()
        assert pool.results(0.0) == []
    assert 1 <= len(drained) <= 4
    assert not any(isinstance(each, Lost) for each in drained)
    assert time.monotonic() - began < 10


def grace_is_given_to_what_ends_within_it(make: Make) -> None:
    """A drain does not wait longer than it is told."""
    with started(make, warm=True) as pool:
        pool.submit(assignments(["hang", "slow"]))
        time.sleep(1.0)
        began = time.monotonic()
        drained = [each.key[1] for each in pool.drain(4.0)]
        waited_s = time.monotonic() - began
    assert drained == [1]
    assert 3 < waited_s < 6
    assert time.monotonic() - began < 12


def closing_does_not_wait_for_the_work(make: Make) -> None:
    """Hung workers are ended, and none is left."""
    with started(make, warm=True) as pool:
        pool.submit(assignments(["hang"] * 10))
        time.sleep(1.0)
        began = time.monotonic()
        pool.close()
        assert time.monotonic() - began < 5


def a_pool_that_was_never_started_closes(make: Make) -> None:
    """It may come to that: the job is wrong, or its input."""
    pool = make(workers=2)
    pool.close()
    pool.close()


def a_share_too_small_for_any_worker_is_refused(make: Make) -> None:
    """It would be ended again and again."""
    said = ""
    with started(make, max_memory=100 * MEBIBYTE) as pool:
        try:
            pool.results(30.0)
        except ConfigError as error:
            said = str(error)
    assert said.startswith("execution.max_memory: 100.0MiB for 2 workers: 50.0MiB")


def a_long_partition_is_no_stall(make: Make) -> None:
    """The pool knows what is being worked, and for how long."""
    with started(make, warm=True) as pool:
        (long,) = assignments(["slow"])
        pool.submit([long])
        time.sleep(2.5)
        assert pool.stalled() == ""
        assert 0.5 < pool.worked_s(long.key) < 3
        assert pool.worked_s((1, 99, 1)) == 0
        assert pool.idle <= 1


LAWS: tuple[Callable[[Make], None], ...] = (
    all_is_settled_on_all_workers_with_one_thread_each,
    small_partitions_keep_their_own_outcomes,
    a_retry_is_worked_as_a_try_of_its_own,
    each_death_costs_one_try_and_has_its_reason,
    many_deaths_do_not_end_the_run,
    only_what_was_worked_is_blamed_for_a_death,
    a_culprit_among_small_neighbours_is_found,
    a_hung_worker_is_killed_and_its_partition_named,
    what_is_searched_keeps_its_own_time,
    nothing_waits_for_a_hung_try,
    draining_ends_what_is_worked_and_begins_nothing_more,
    grace_is_given_to_what_ends_within_it,
    closing_does_not_wait_for_the_work,
    a_pool_that_was_never_started_closes,
    a_share_too_small_for_any_worker_is_refused,
    a_long_partition_is_no_stall,
)
