"""A plan is written once and read a part at a time."""

import pytest

from ingest.core.errors import FatalError
from ingest.core.partition import Slice, partition_id
from ingest.records import plans
from ingest.records.plan_facts import PlanFacts
from ingest.records.plans import Plan, PlanWriter
from ingest.storage.objects import LocalStore

FACTS = PlanFacts(0, 0, 0, "in", {"a": "int64"}, {"a": "int64"}, {"header": ["a"]}, {"a": "csv"})


def write(store, sizes):
    slices = [(Slice(f"f{i}", size, "1", bytes=size),) for i, size in enumerate(sizes)]
    writer = PlanWriter(store, "r")
    count = writer.write((partition_id(group), group) for group in slices)
    return writer.freeze(PlanFacts(**{**_fields(FACTS), "partitions": count})), slices


def _fields(facts):
    return {name: getattr(facts, name) for name in PlanFacts.__slots__}


def test_what_was_written_is_read_back(tmp_path):
    plan, slices = write(LocalStore(tmp_path), [5, 9, 2])
    assert [partition.slices for partition in plan] == slices
    assert [partition.index for partition in plan] == [0, 1, 2]
    assert plan[1].id == partition_id(slices[1])
    assert plan.facts.source_facts == {"header": ["a"]}


def test_it_is_read_across_parts(tmp_path):
    count = plans.PART_ROWS + 3
    plan, _ = write(LocalStore(tmp_path), [1] * count)
    assert len(plan) == count
    assert plan[plans.PART_ROWS].slices[0].uri == f"f{plans.PART_ROWS}"
    assert plan[0].slices[0].uri == "f0"


def test_the_longest_come_first_and_equals_stay_in_order(tmp_path):
    plan, _ = write(LocalStore(tmp_path), [10, 1000, 10, 100000, 1000])
    assert plan.order_of_work().tolist() == [3, 1, 4, 0, 2]


def test_a_run_without_a_plan_says_so(tmp_path):
    with pytest.raises(FatalError, match="the run has no plan"):
        Plan(LocalStore(tmp_path), "r")


def test_ids_depend_on_what_the_slices_are():
    one, other = Slice("a", 1, "v"), Slice("a", 1, "w")
    assert partition_id([one]) == partition_id([Slice("a", 1, "v", bytes=9)])
    assert partition_id([one]) != partition_id([other])
