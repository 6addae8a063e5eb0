"""Ray Data opens a published folder as it is; see tests/first_hour/test_readers.py for others."""

import pytest

from tests.first_hour.published import ROWS, Folders, publish

pytestmark = pytest.mark.ray


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Folders:
    """Publish before there is a Ray in this process: `ingest run` would leave with it."""
    return publish(tmp_path_factory.mktemp("parquet"))


def test_ray_data_reads_the_folder(folders, two_cores):
    import ray.data

    partitioned = ray.data.read_parquet(folders.partitioned)
    assert set(partitioned.columns()) == {"id", "day", "name", "month"}
    rows = sorted(partitioned.take_all(), key=lambda row: row["id"])
    assert rows == [{**row, "month": str(row["month"])} for row in ROWS], "names are texts to it"
    assert ray.data.read_parquet(folders.flat).sort("id").take_all() == ROWS
    empty = ray.data.read_parquet(folders.empty)
    assert dict(zip(empty.schema().names, map(str, empty.schema().types), strict=True)) == {
        "id": "int64", "month": "int8", "day": "date32[day]", "name": "string"
    }  # fmt: skip
    assert empty.count() == 0
