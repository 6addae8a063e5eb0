"""Outputs are equal by their values, however they are written."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl
import pytest

from benchmarks.parity import Unreadable, difference, digest, rows

FRAME = pl.DataFrame(
    {
        "id": [1, 2, 3],
        "ratio": [0.1 + 0.2, None, -0.0],
        "day": [date(2024, 1, 1), None, date(2024, 1, 3)],
        "at": [datetime(2024, 1, 1, 12, tzinfo=UTC)] * 3,
        "meta": [{"lang": "en", "source": {"shard": 1}}, {"lang": "de", "source": None}, None],
        "tags": [["a", "b"], [], None],
    }
)


def written(folder: Path, *parts: pl.DataFrame) -> Path:
    (folder / "good").mkdir(parents=True)
    for number, part in enumerate(parts):
        part.write_parquet(folder / "good" / f"{number}.parquet")
    return folder


SAME: dict[str, Callable[[pl.DataFrame], pl.DataFrame]] = {
    "order of rows and columns": lambda f: f.reverse().select(sorted(f.columns, reverse=True)),
    "narrower integers": lambda f: f.with_columns(pl.col("id").cast(pl.Int16)),
    "the last digits of floats": lambda f: f.with_columns(pl.col("ratio") + 1e-9),
    "another unit of time": lambda f: f.with_columns(pl.col("at").dt.cast_time_unit("ms")),
    "a zone that is not written": lambda f: f.with_columns(pl.col("at").dt.replace_time_zone(None)),
    "a column of one's own": lambda f: f.with_columns(_reason=pl.lit(None, pl.String)),
    "categories": lambda f: f.with_columns(
        pl.col("meta").struct.with_fields(pl.field("lang").cast(pl.Categorical))
    ),
}
OTHER: dict[str, tuple[Callable[[pl.DataFrame], pl.DataFrame], str]] = {
    "a row twice": (lambda f: pl.concat([f[:2], f[:1]]), "values differ in day, id, meta.lang"),
    "a null": (lambda f: f.with_columns(day=date(2024, 1, 1)), "values differ in day"),
    "a nested value": (
        lambda f: f.with_columns(pl.col("meta").struct.with_fields(lang=pl.lit("fr"))),
        "values differ in meta.lang",
    ),
    "an element": (lambda f: f.with_columns(tags=pl.lit(["b", "a"])), "values differ in tags"),
    "a text for a number": (
        lambda f: f.with_columns(pl.col("id").cast(pl.String)), "values differ in id"
    ),
    "the sixth digit": (lambda f: f.with_columns(pl.col("ratio") + 1e-6), "values differ in ratio"),
}  # fmt: skip


@pytest.mark.parametrize("change", SAME.values(), ids=SAME)
def test_the_same(change: Callable[[pl.DataFrame], pl.DataFrame], tmp_path: Path) -> None:
    one = digest(written(tmp_path / "one", FRAME))
    changed = change(FRAME)
    other = digest(written(tmp_path / "other", changed[:1], changed[1:]))
    assert difference(one, other) is None


@pytest.mark.parametrize(("change", "text"), OTHER.values(), ids=OTHER)
def test_another(change: Callable[[pl.DataFrame], pl.DataFrame], text: str, tmp_path: Path) -> None:
    one = digest(written(tmp_path / "one", FRAME))
    found = difference(one, digest(written(tmp_path / "other", change(FRAME))))
    assert found is not None
    assert found.startswith(text)


def test_nothing_made_is_not_the_same_as_something(tmp_path: Path) -> None:
    one = digest(written(tmp_path / "one", FRAME))
    none = digest(written(tmp_path / "none"))
    assert difference(one, none) == "0 good rows, not 3"
    assert rows(tmp_path / "one") == (3, 0)


def test_files_that_do_not_go_together_cannot_be_read(tmp_path: Path) -> None:
    mixed = written(tmp_path, FRAME.select("id", "day"), FRAME.select("id"))
    with pytest.raises(Unreadable):
        digest(mixed)


def test_rejects_count_by_key_and_reason(tmp_path: Path) -> None:
    def rejected(name: str, keys: list[int], reasons: list[str]) -> Path:
        folder = written(tmp_path / name, FRAME)
        (folder / "bad").mkdir()
        bad = pl.DataFrame({"id": keys, "_reason": reasons})
        bad.write_parquet(folder / "bad" / "0.parquet")
        return folder

    one = digest(rejected("one", [1, 2], ["fare", "zone"]), ["id"])
    assert one.reasons == {"fare": 1, "zone": 1}
    swapped = digest(rejected("swapped", [2, 1], ["fare", "zone"]), ["id"])
    assert difference(one, swapped) == "other bad rows"
    more = digest(rejected("more", [1, 2, 3], ["fare", "zone", "zone"]), ["id"])
    assert difference(one, more) == "3 bad rows, not 2"
