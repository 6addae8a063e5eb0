"""deduplicate: one row of those that agree, within a partition."""

import polars as pl
import pytest
from pydantic import ValidationError

from ingest.transforms.base import StepContext
from ingest.transforms.deduplicate import Deduplicate

ROWS = pl.LazyFrame({"k": [1, 1, 2, None, None, 1], "v": [3, None, 7, 8, 9, 5]})


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"columns": ["k"]}, [(1, 3), (2, 7), (None, 8)]),
        ({"columns": ["k"], "keep": "last"}, [(2, 7), (None, 9), (1, 5)]),
        ({"columns": ["k"], "keep": "last", "order_by": ["v"]}, [(2, 7), (None, 9), (1, 5)]),
        ({"columns": ["k"], "order_by": ["v"]}, [(1, 3), (2, 7), (None, 8)]),
        ({}, [(1, 3), (1, None), (2, 7), (None, 8), (None, 9), (1, 5)]),
    ],
)
def test_the_order_decides_which_row_stays(options, expected):
    step = Deduplicate(type="deduplicate", within="partition", **options)
    assert step.apply(ROWS, StepContext()).collect().rows() == expected


def test_its_reach_has_to_be_written_out():
    with pytest.raises(ValidationError, match="within"):
        Deduplicate(type="deduplicate", columns=["k"])
