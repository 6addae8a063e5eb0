"""Names that Spark, pandas and SQL have for steps lead to what is written here, and that works."""

import polars as pl
import pytest
from pydantic import TypeAdapter

from ingest.core.rows import POSITION
from ingest.job import AnyTransform
from ingest.transforms.base import StepContext
from ingest.transforms.elsewhere import _INSTEAD, instead
from tests.unit.checks.written import pieces

ROWS = pl.LazyFrame(
    schema={
        "id": pl.Int64(), "name": pl.String(), "amount": pl.Int64(), "price": pl.Int64(),
        "old": pl.String(), "country": pl.String(), "flight": pl.String(), "email": pl.String(),
        "items": pl.List(pl.Int64()), "address": pl.Struct({"street": pl.String()}),
        POSITION: pl.UInt64(),
    }
)  # fmt: skip
CHECKED = "not_null"
NEEDS_FILES = {"lookup", "python"}


@pytest.mark.parametrize("text", sorted(set(_INSTEAD.values())))
def test_what_is_proposed_can_be_written_as_it_is(text):
    written = [page for page in pieces(text) if page["type"] != CHECKED]
    assert written or "source.path: [a/*.csv, b/*.csv]" in text
    for page in written:
        if page["type"] == "python":  # the name is the reader's own
            page["function"] = "prices:in_euro"
        step = TypeAdapter(AnyTransform).validate_python(page)
        if step.type not in NEEDS_FILES:
            assert step.apply(ROWS, StepContext(seed=1)).collect_schema()


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("join", "lookup"), ("drop", "select"), ("withColumn", "derive"), ("group_by", "sql"),
        ("dropDuplicates", "deduplicate"), ("orderBy", "sql"), ("udf", "python"),
        ("unique", "deduplicate"), ("relationships", "not_null"),
    ],
)  # fmt: skip
def test_a_step_of_another_tool_is_named_in_ours(name, meant):
    assert f"{{type: {meant}" in instead(name)
    assert instead("nonsense") == ""
