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

    def rows(folder):
        return sorted(ray.data.read_parquet(folder).take_all(), key=lambda row: row["id"])

    named = [{**row, "month": str(row["month"])} for row in ROWS]
    assert rows(folders.partitioned) == named, "names of folders are texts to it"
    assert rows(folders.flat) == ROWS
    empty = ray.data.read_parquet(folders.empty)
    assert dict(zip(empty.schema().names, map(str, empty.schema().types), strict=True)) == {
        "id": "int64", "month": "int8", "day": "date32[day]", "name": "string"
    }  # fmt: skip
    assert empty.take_all() == []
