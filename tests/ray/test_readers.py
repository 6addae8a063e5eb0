"""Ray Data opens a published folder as it is; see tests/first_hour/test_readers.py for others."""

import pytest

from tests.first_hour.published import ROWS, publish

pytestmark = [pytest.mark.ray, pytest.mark.usefixtures("two_cores")]


def test_ray_data_reads_the_folder(tmp_path):
    import ray.data

    folders = publish(tmp_path)
    partitioned = ray.data.read_parquet(folders.partitioned)
    assert set(partitioned.columns()) == {"id", "day", "name", "month"}
    rows = sorted(partitioned.take_all(), key=lambda row: row["id"])
    assert [{**row, "month": int(row["month"])} for row in rows] == ROWS
    assert ray.data.read_parquet(folders.flat).sort("id").take_all() == ROWS
    empty = ray.data.read_parquet(folders.empty)
    assert dict(zip(empty.schema().names, map(str, empty.schema().types), strict=True)) == {
        "id": "int64", "month": "int8", "day": "date32[day]", "name": "string"
    }  # fmt: skip
    assert empty.count() == 0
