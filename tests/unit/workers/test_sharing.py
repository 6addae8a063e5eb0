"""What each of several runs has of a cluster, and what a run asks for."""

from hypothesis import given
from hypothesis import strategies as st

from ingest.workers.sharing import Claim, Demand, shares

CLAIMS = st.dictionaries(
    st.text("abc", min_size=1),
    st.builds(Claim, st.floats(0.1, 10), st.integers(1, 50)),
    min_size=1,
)


def test_cpus_go_by_weight_and_what_one_does_not_want_to_the_others():
    many = 100
    assert shares({"a": Claim(1, many), "b": Claim(1, many)}, 8) == {"a": 4, "b": 4}
    assert shares({"a": Claim(1, many), "b": Claim(3, many)}, 8) == {"a": 2, "b": 6}
    assert shares({"a": Claim(1, 2), "b": Claim(1, many)}, 8) == {"a": 2, "b": 6}
    assert shares({"a": Claim(1, 2), "b": Claim(1, 3)}, 8) == {"a": 2, "b": 3}
    assert shares({"a": Claim(1, many), "b": Claim(1, many)}, 1) == {"a": 1, "b": 1}


@given(CLAIMS, st.integers(0, 60))
def test_nothing_that_is_wanted_lies_idle_and_nobody_has_more_than_he_wants(claims, cpus):
    given = shares(claims, cpus)
    wanted = sum(claim.wanted for claim in claims.values())
    assert sum(given.values()) >= min(cpus, wanted)
    assert all(1 <= given[name] <= claim.wanted for name, claim in claims.items())
    assert given == shares(dict(reversed(claims.items())), cpus)


def test_a_run_asks_for_no_more_workers_than_it_has_partitions_or_work_for():
    demand = Demand(pieces=100, seconds=1.0)
    assert (demand.usable, demand.worth(30.0)) == (100, 4)
    assert demand.worth(30.0, slowest_s=45.0) == 100  # they take longer than was thought
    for _ in range(99):
        demand.completed(60.0)
    assert (demand.usable, demand.worth(30.0)) == (1, 1)
    demand.completed(60.0)
    assert (demand.usable, demand.worth(30.0)) == (0, 0)
    demand.out = 3  # files are combined
    assert (demand.usable, demand.worth(30.0)) == (3, 3)
    demand.limit = 2
    assert (demand.usable, demand.worth(30.0)) == (2, 2)
