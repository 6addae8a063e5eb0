"""Names of partition folders."""

from datetime import date
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.core.errors import FatalError
from ingest.sinks.directory import hive

TEXT = st.text(max_size=20)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (1, "k=1"),
        (None, "k=__HIVE_DEFAULT_PARTITION__"),
        ("", "k="),
        (True, "k=true"),
        (date(2013, 1, 2), "k=2013-01-02"),
        ("../../etc", "k=..%2F..%2Fetc"),
        ("a=b:c%", "k=a%3Db%3Ac%25"),
        ("nul\0", "k=nul%00"),
        ("été", "k=été"),
    ],
)
def test_a_folder_per_value(value: object, expected: str) -> None:
    assert hive.folder({"k": value}) == expected


def test_columns_nest_in_order() -> None:
    assert hive.folder({"year": 2013, "a/b": "x"}) == "year=2013/a%2Fb=x"


@given(TEXT, TEXT)
def test_different_values_have_different_folders(one: str, other: str) -> None:
    assert (hive.folder({"k": one}) == hive.folder({"k": other})) == (one == other)


@given(TEXT)
def test_no_value_leads_out(value: str) -> None:
    path = Path("/root") / hive.folder({"k": value})
    assert path.parent == Path("/root")
    assert "\0" not in path.name


@given(st.text(st.characters(codec="ascii"), min_size=1, max_size=20))
def test_polars_reads_the_value_back(tmp_path_factory: pytest.TempPathFactory, value: str) -> None:
    folder = tmp_path_factory.mktemp("hive") / hive.folder({"k": f"x{value}"})
    folder.mkdir()
    pl.DataFrame({"v": [1]}).write_parquet(folder / "f.parquet")
    found = pl.scan_parquet(folder.parent, hive_schema={"k": pl.String}).collect()
    assert found["k"].to_list() == [f"x{value}"]


def test_the_text_that_stands_for_null_is_refused() -> None:
    with pytest.raises(FatalError, match="which readers read as null"):
        hive.folder({"k": hive.NULL_FOLDER})


def test_a_value_too_long_for_a_name_is_refused() -> None:
    with pytest.raises(FatalError, match="At most 255"):
        hive.folder({"k": "x" * 300})
