"""Parquet files: row groups, types that differ, damage."""

import pickle
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ingest.core.errors import BadRowError, ConfigError, FatalError
from ingest.core.rows import POSITION
from ingest.sources.parquet import Parquet
from ingest.testing.sources import layout_of, pack, plan, rows_of


def source(path: Path, **options: Any) -> Parquet:
    return Parquet(type="parquet", path=str(path), **options)


def write(folder: Path, name: str = "a.parquet", **columns: Any) -> Path:
    path = folder / name
    pl.DataFrame(columns).write_parquet(path, row_group_size=10)
    return path


def damaged(path: Path, at: int) -> None:
    content = bytearray(path.read_bytes())
    for place in range(at, at + 8):
        content[place] ^= 0xFF
    path.write_bytes(content)


def test_large_files_are_cut_between_row_groups(tmp_path: Path) -> None:
    path = write(tmp_path, n=range(95))
    reader = source(path)
    slices = list(reader.slices(200))
    assert 1 < len(slices) <= 10
    assert [piece.start for piece in slices[1:]] == [piece.end for piece in slices[:-1]]
    assert slices[-1].end == 10
    frame = reader.read(pack(slices), layout_of(reader)).frame.collect()
    assert frame["n"].to_list() == list(range(95))
    assert len(list(reader.slices(1 << 20))) == 1


def test_only_the_chosen_columns_are_read(tmp_path: Path) -> None:
    write(tmp_path, a=[1], b=["x"], c=[2.0])
    write(tmp_path, "b.parquet", c=[3.0], a=[4])
    found = rows_of(
        source(tmp_path, columns=("c", "a")).read(*plan(source(tmp_path, columns=("c", "a"))))
    )
    assert found.rows() == [(2.0, 1), (3.0, 4)]
    with pytest.raises(ConfigError, match='columns: no such column "ab"'):
        plan(source(tmp_path, columns=("ab",)))


def test_rows_that_where_leaves_out_are_counted(tmp_path: Path) -> None:
    write(tmp_path, n=range(95), s=[str(n) for n in range(95)])
    reader = source(tmp_path, where="n >= 50 AND s LIKE '%5'", columns=("s",))
    for target in (1 << 20, 1):
        partition = pack(list(reader.slices(target)))
        found = reader.read(partition, layout_of(reader))
        assert found.records == 95
        assert rows_of(found).rows() == [("55",), ("65",), ("75",), ("85",)]


@pytest.mark.parametrize(
    ("where", "said"),
    [
        ("m > 1", 'where: no such column "m"'),
        ("n + 1", "a condition|condition"),
        ("n >", "where: "),
    ],
)
def test_a_where_that_cannot_work_is_refused(where: str, said: str, tmp_path: Path) -> None:
    write(tmp_path, n=range(3))
    with pytest.raises(ConfigError, match=said):
        plan(source(tmp_path, where=where))


def test_a_where_without_a_value_is_an_error(tmp_path: Path) -> None:
    write(tmp_path, s=["1", "x", "3"])
    reader = source(tmp_path, where="CAST(s AS BIGINT) > 1")
    with pytest.raises(BadRowError, match=r"a\.parquet: where: .* cannot be computed in 1 rows"):
        reader.read(*plan(reader))
    lenient = source(tmp_path, where="TRY_CAST(s AS BIGINT) > 1")
    assert rows_of(lenient.read(*plan(lenient)))["s"].to_list() == ["3"]


def test_narrower_types_are_widened(tmp_path: Path) -> None:
    write(tmp_path, n=[1], f=[1.5])
    path = tmp_path / "b.parquet"
    pl.DataFrame({"n": [2], "f": [2.5]}, schema={"n": pl.Int8, "f": pl.Float32}).write_parquet(path)
    for order in (["a.parquet", "b.parquet"], ["b.parquet", "a.parquet"]):
        reader = source(tmp_path)
        slices = {Path(piece.uri).name: piece for piece in reader.slices(1 << 20)}
        layout = reader.layout([slices[name] for name in order], {})
        assert layout.columns == {"n": pl.Int64(), "f": pl.Float64()}
        found = rows_of(reader.read(pack([slices["a.parquet"], slices["b.parquet"]]), layout))
        assert found.rows() == [(1, 1.5), (2, 2.5)]


def test_another_type_in_a_later_file_is_an_error(tmp_path: Path) -> None:
    for number in range(1, 10):
        write(tmp_path, f"{number}.parquet", n=["x"] if number == 9 else [number])
    reader = source(tmp_path)
    slices = list(reader.slices(1 << 20))
    layout = reader.layout(slices[:3], {})
    with pytest.raises(
        BadRowError,
        match=r'9\.parquet: column "n" is string, but was planned as int64 because of .*1\.parquet',
    ):
        reader.read(pack(slices), layout)
    with pytest.raises(
        ConfigError, match=r'9\.parquet": column "n" is string, but int64 in .*1\.parquet"'
    ):
        reader.layout(slices, {})


def test_missing_and_further_columns_are_an_error(tmp_path: Path) -> None:
    write(tmp_path, a=[1], b=[2])
    write(tmp_path, "b.parquet", a=[1], c=[2])
    reader = source(tmp_path)
    slices = list(reader.slices(1 << 20))
    layout = reader.layout(slices[:1], {})
    with pytest.raises(
        BadRowError,
        match=r'b\.parquet: other columns than planned by .*a\.parquet.*: missing: "b"; new: "c"',
    ):
        reader.read(pack(slices), layout)


def test_damaged_files_are_errors_that_name_them(tmp_path: Path) -> None:
    path = write(tmp_path, n=[str(n) * 50 for n in range(95)])
    whole = path.read_bytes()
    reader = source(path)
    layout = layout_of(reader)
    for content in (whole[:-1], whole[:-20] + b"x" * 12 + whole[-8:], b"", b"PAR1PAR1", b"n\n1\n"):
        path.write_bytes(content)
        with pytest.raises(ConfigError, match=r"a\.parquet: not a (complete )?Parquet file"):
            layout_of(reader)
        with pytest.raises(BadRowError, match=r"a\.parquet: not a (complete )?Parquet file"):
            reader.read(pack(list(reader.slices(1 << 20))), layout)
    path.write_bytes(whole)
    damaged(path, 10)
    with pytest.raises(BadRowError, match=r'a\.parquet: column "n": damaged Parquet: '):
        reader.read(pack(list(reader.slices(1 << 20))), layout)


def test_categories_are_strings_and_odd_types_are_refused(tmp_path: Path) -> None:
    huge = pa.array([Decimal(1), Decimal(2)], pa.decimal256(60, 0))
    table = pa.table({"c": pa.array(["x", "y"]).dictionary_encode(), "d": huge})
    pq.write_table(table, tmp_path / "a.parquet")
    with pytest.raises(ConfigError, match=r'"d": it is decimal\(60,0\), but decimals have at most'):
        plan(source(tmp_path))
    reader = source(tmp_path, columns=("c",))
    assert rows_of(reader.read(*plan(reader)))["c"].to_list() == ["x", "y"]


def test_extension_types_that_unpickle_are_refused(tmp_path: Path) -> None:
    class Boom:
        def __reduce__(self) -> tuple[Any, ...]:
            return Path.touch, (tmp_path / "boom",)

    for name in (b"ray.data.arrow_tensor", b"arrow.py_extension_type"):
        metadata = {
            b"ARROW:extension:name": name,
            b"ARROW:extension:metadata": pickle.dumps(Boom()),
        }
        field = pa.field("x", pa.int64(), metadata=metadata)
        table = pa.table([pa.array([1])], schema=pa.schema([field]))
        pq.write_table(table, tmp_path / "a.parquet")
        with pytest.raises(ConfigError, match="which would run code from the file"):
            plan(source(tmp_path))
    assert not (tmp_path / "boom").exists()


def test_a_file_without_rows_and_one_without_row_groups(tmp_path: Path) -> None:
    pl.DataFrame(schema={"n": pl.Int64}).write_parquet(tmp_path / "a.parquet")
    write(tmp_path, "b.parquet", n=[1])
    reader = source(tmp_path)
    for target in (1 << 20, 1):
        found = reader.read(pack(list(reader.slices(target))), layout_of(reader))
        assert rows_of(found)["n"].to_list() == [1]
        assert found.frame.collect()[POSITION].to_list() == [1 << 40]


def test_changed_while_read_is_noticed(tmp_path: Path) -> None:
    path = write(tmp_path, n=range(10))
    reader = source(path)
    partition, layout = plan(reader)
    write(tmp_path, n=range(11))
    with pytest.raises(FatalError, match="input changed since planning"):
        reader.read(partition, layout)


def test_folder_keys_take_the_types_of_the_contract(tmp_path: Path) -> None:
    (tmp_path / "month=1").mkdir()
    write(tmp_path / "month=1", n=[1])
    reader = source(tmp_path)
    layout = reader.layout(list(reader.slices(1 << 20)), {"month": pl.Int8()})
    assert layout.columns == {"n": pl.Int64(), "month": pl.Int8()}
    assert rows_of(reader.read(pack(list(reader.slices(1 << 20))), layout)).rows() == [(1, 1)]
