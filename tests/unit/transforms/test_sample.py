"""sample: a part of the rows, the same for any cut, another for another seed."""

import polars as pl

from ingest.transforms.base import StepContext
from ingest.transforms.sample import Sample

ROWS = pl.LazyFrame({"n": range(10_000), "g": [n % 10 for n in range(10_000)]})


def test_the_fraction_is_kept_about():
    found = Sample(type="sample", fraction=0.1).apply(ROWS, StepContext()).collect()
    assert 900 < found.height < 1100
    assert Sample(type="sample", fraction=1).apply(ROWS, StepContext()).collect().height == 10_000


def test_groups_stay_whole():
    step = Sample(type="sample", fraction=0.5, columns=["g"])
    found = step.apply(ROWS, StepContext()).collect()
    assert set(found.group_by("g").len()["len"]) == {1000}


def test_another_seed_draws_others():
    step = Sample(type="sample", fraction=0.5)
    one, two = (step.apply(ROWS, StepContext(seed=seed)).collect() for seed in (1, 2))
    assert not one.equals(two)
    assert one.equals(step.apply(ROWS, StepContext(seed=1)).collect())
