"""Lower case byte by byte: the same as Polars says, whatever the characters."""

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from ingest.transforms import lowering
from ingest.transforms.lowering import lowered

LATIN = "".join(map(chr, range(1, 0x100)))


@given(st.lists(st.none() | st.text(st.sampled_from(LATIN), max_size=9) | st.text(max_size=5)))
def test_texts_are_as_polars_makes_them(texts: list[str | None]) -> None:
    column = pl.Series("text", texts, dtype=pl.String)
    column = pl.concat([column, column.reverse()], rechunk=False)
    for part in (column, column.slice(1), column.head(2)):
        assert lowered(part).equals(part.str.to_lowercase(), null_equal=True)


def test_a_character_may_lie_across_two_blocks() -> None:
    size = lowering._BLOCK_BYTES
    column = pl.Series(["A" * (size - 1) + "É" + "×" * size, LATIN, "ΑΣ", "İ"])
    assert lowered(column).equals(column.str.to_lowercase())
