"""lookup: columns of a small table, by a unique key."""

import os

import polars as pl
import pytest
from pydantic import ValidationError

from ingest.core.errors import ConfigError
from ingest.transforms.base import StepContext
from ingest.transforms.lookup import Lookup

ROWS = pl.LazyFrame({"code": ["UA", "XX", None], "day": [1, 2, 3]})


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "airlines.csv"
    path.write_text("code,name,size\nUA,United,9\nAA,American,x\n")
    return path


def lookup(path, **options):
    step = Lookup(type="lookup", **{"reference": {"path": str(path)}, "key": "code", **options})
    step.prepare(StepContext())
    return step.apply(ROWS, StepContext()).collect()


def test_a_row_without_a_partner_is_kept_or_dropped(table):
    kept = lookup(table, columns=["name"])
    assert kept.rows() == [("UA", 1, "United"), ("XX", 2, None), (None, 3, None)]
    assert lookup(table, columns=["name"], how="inner").rows() == [("UA", 1, "United")]
    assert Lookup.drops == "unmatched"


def test_keys_and_columns_may_have_other_names_here(table):
    rows = ROWS.rename({"code": "carrier"})
    step = Lookup(
        type="lookup",
        reference={"path": str(table)},
        key={"carrier": "code"},
        columns={"name": "airline", "code": "found"},
    )
    found = step.apply(rows, StepContext()).collect()
    assert found.rows()[:2] == [("UA", 1, "United", "UA"), ("XX", 2, None, None)]
    assert step.writes() == {"airline", "found"}


@pytest.mark.parametrize("ending", ["parquet", "jsonl"])
def test_other_formats_are_told_by_their_ending(tmp_path, ending):
    frame = pl.DataFrame({"code": ["UA"], "size": [9]})
    path = tmp_path / f"t.{ending}"
    (frame.write_parquet if ending == "parquet" else frame.write_ndjson)(path)
    assert lookup(path)["size"].to_list() == [9, None, None]


def test_a_text_file_is_read_as_csv(tmp_path):
    path = tmp_path / "t.txt"
    path.write_text("code,size\nUA,9\n")
    step = Lookup(type="lookup", reference={"path": str(path)}, key="code")
    assert step.reference.type == "csv"


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"key": "cod"}, 'key: no such column "cod". Did you mean "code"? Columns in the lookup'),
        ({"key": "cod"}, "If the column has another name there, write key: {HERE: THERE}"),
        ({"key": {"dy": "code"}}, 'key: no such column "dy". Did you mean "day"? Columns before'),
        ({"key": {"day": "code"}}, '"day" is int64 here, but "code" is string in the reference'),
        ({"columns": ["nam"]}, 'columns: no such column "nam". Did you mean "name"?'),
        ({"columns": {"name": "day"}}, 'there is already a column "day"'),
        ({"reference": {"path": "no/such.csv"}}, 'no/such.csv": no such file or folder'),
    ],
)
def test_what_does_not_fit_is_refused(table, options, reason):
    with pytest.raises(ConfigError) as caught:
        lookup(table, **options)
    assert reason in str(caught.value)


def test_a_value_of_another_type_is_named(table):
    reference = {"path": str(table), "columns": {"size": "int32"}}
    with pytest.raises(
        ConfigError, match=r"airlines.csv:3: size: not an int32\. A lookup table must not"
    ):
        lookup(table, reference=reference)


def test_a_name_that_tells_no_format_needs_a_type(table):
    with pytest.raises(ValidationError, match=r'"x.xls" does not end in \.csv, .*reference\.type'):
        lookup(table, reference={"path": "x.xls"})
    named = table.rename(table.with_name("airlines"))
    assert lookup(named, reference={"path": str(named), "type": "csv"})["name"][0] == "United"


def test_a_key_that_comes_twice_is_named_and_a_mended_table_is_read_again(table):
    table.write_text("code,name,size\nUA,United,9\nUA,Again,1\n")
    with pytest.raises(
        ConfigError, match=r'must be unique, but "UA" occurs 2 times in .*airlines\.csv'
    ):
        lookup(table)
    assert lookup(table, on_duplicate="first")["name"].to_list() == ["United", None, None]
    table.write_text("code,name,size\nUA,Mended,9\n")
    os.utime(table, ns=(1, 1))
    assert lookup(table)["name"][0] == "Mended"
