"""Files hold the same bytes whether compiled code numbers the values of texts or PyArrow does."""

import io

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.compiled.library import is_there
from ingest.formats.parquet.encodings import encodings
from ingest.formats.parquet.tables import table_of
from ingest.formats.parquet.writing import ParquetFormat

VALUES = ["a", "", "b\0", "éé", "twelve bytes", "thirteen byte", "more than thirteen"]
MANY = 40_000


def written(*groups: pl.DataFrame) -> bytes:
    file = io.BytesIO()
    encoder = ParquetFormat(type="parquet").encoder(file, groups[0])
    for group in groups:
        encoder.write(group)
    encoder.close()
    return file.getvalue()


def without_compiled_code(*groups: pl.DataFrame) -> bytes:
    with pytest.MonkeyPatch.context() as without:
        without.setenv("INGEST_COMPILED", "0")
        return written(*groups)


@pytest.mark.skipif(not is_there(), reason="needs compiled code")
@given(values=st.lists(st.none() | st.sampled_from(VALUES), min_size=1, max_size=40))
def test_the_bytes_are_the_same(values: list[str | None]) -> None:
    kinds = {"text": pl.String(), "number": pl.Int64()}
    one = pl.DataFrame({"text": values * 9, "number": range(len(values) * 9)}, kinds)
    rows = pl.concat([one.slice(3, 50), one, one.tail(4)], rechunk=False)
    assert written(rows, one) == without_compiled_code(rows, one)
    assert pl.read_parquet(io.BytesIO(written(rows, one))).equals(pl.concat([rows, one]))


def test_columns_that_repeat_are_given_as_numbers() -> None:
    rows = pl.DataFrame({"few": ["a", "b"] * 50, "many": [str(number) for number in range(100)]})
    chosen = encodings(rows, table_of(rows).schema, delta=True)
    assert chosen.numbered == ({"few"} if is_there() else frozenset())
    table = table_of(rows, {"few"}) if is_there() else table_of(rows)
    kind = pa.dictionary(pa.int32(), pa.string()) if is_there() else pa.string_view()
    assert table.schema.field("few").type == kind
    assert table.schema.field("many").type == pa.string_view()


def test_a_row_group_of_many_values_follows_one_of_few() -> None:
    few = pl.DataFrame({"text": ["a", None, "b"] * 100})
    many = pl.DataFrame({"text": [None, *(f"text number {number}" for number in range(MANY))]})
    data = written(few, many, few)
    assert pl.read_parquet(io.BytesIO(data)).equals(pl.concat([few, many, few]))
    assert pq.read_schema(io.BytesIO(data)).field("text").type == pa.string()


def test_a_column_of_nulls_only_is_written() -> None:
    nulls = pl.DataFrame({"text": pl.Series([None] * 100, dtype=pl.String)})
    assert pl.read_parquet(io.BytesIO(written(nulls))).equals(nulls)


@pytest.mark.skipif(not is_there(), reason="needs compiled code")
@pytest.mark.parametrize("start", [0, 1, 3, 8, 13])
def test_nulls_of_a_slice_stay_where_they_are(start: int) -> None:
    texts = pl.Series("text", [None if number % 10 else "x" for number in range(200)])
    rows = pl.DataFrame(texts).slice(start, 37)
    assert table_of(rows, {"text"})["text"].to_pylist() == rows["text"].to_list()
    assert pl.read_parquet(io.BytesIO(written(rows))).equals(rows)
