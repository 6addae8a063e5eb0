"""add_metadata: by which run, from which file and when a row was read."""

from datetime import UTC, datetime

import polars as pl
import pytest

from ingest.core.errors import ConfigError
from ingest.core.rows import POSITION, position
from ingest.transforms.add_metadata import AddMetadata
from ingest.transforms.base import StepContext

CONTEXT = StepContext(run_id="r7", loaded_at=datetime(2024, 1, 1, tzinfo=UTC), uris=("a", "b"))


def test_each_row_knows_its_own_file():
    rows = pl.LazyFrame({POSITION: [position(0, 5), position(1, 0)]}, schema={POSITION: pl.UInt64})
    found = AddMetadata(type="add_metadata").apply(rows, CONTEXT).collect()
    assert found["_ingest_source"].to_list() == ["a", "b"]
    assert found["_ingest_run_id"].to_list() == ["r7", "r7"]
    assert found["_ingest_loaded_at"].to_list() == [CONTEXT.loaded_at] * 2


def test_rows_that_stand_in_no_file_have_no_source():
    step = AddMetadata(type="add_metadata", fields=["source"])
    found = step.apply(pl.LazyFrame({"n": [1]}), CONTEXT).collect()
    assert found.rows() == [(1, None)]


def test_it_does_not_replace_a_column():
    with pytest.raises(ConfigError, match='there is already a column "_ingest_source"'):
        AddMetadata(type="add_metadata").apply(pl.LazyFrame({"_ingest_source": [1]}), CONTEXT)
