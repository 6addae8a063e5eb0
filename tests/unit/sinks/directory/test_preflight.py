"""What can be seen to be wrong before anything is written."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest

from ingest.core.errors import ConfigError
from ingest.sinks.jsonl import Jsonl
from ingest.testing.sinks import delivery

ROWS = pl.DataFrame({"month": [1], "value": ["a"]})


def sink(path: Path, disposition: str = "append") -> Jsonl:
    page = {"type": "jsonl", "path": str(path), "write_disposition": disposition}
    return Jsonl.model_validate({**page, "partition_by": ["month"]})


def refusal(out: Jsonl, *inputs: Path) -> str:
    with pytest.raises(ConfigError) as caught:
        out.check([str(path) for path in inputs])
    return str(caught.value)


def publish(out: Jsonl, run_id: str) -> None:
    out.publish(list(out.prepare([(0, *out.stage(ROWS, run_id, "1-0-1"))], delivery(run_id))))


def test_a_new_directory_is_fine_and_nothing_is_made(tmp_path: Path) -> None:
    sink(tmp_path / "a" / "b").check([str(tmp_path / "in"), "s3://bucket/in"])
    assert list(tmp_path.iterdir()) == []


def test_a_file_is_no_directory(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert f'"{tmp_path}/file" is a file' in refusal(sink(tmp_path / "file"))
    assert f'"{tmp_path}/file" is a file' in refusal(sink(tmp_path / "file" / "below"))


def test_the_root_and_mount_points_have_no_place_beside_them() -> None:
    assert "root of the file system" in refusal(sink(Path("/")))
    assert "is a mount point" in refusal(sink(Path("/dev/shm")))


def test_where_the_system_keeps_no_files() -> None:
    assert "is on a file system of type proc" in refusal(sink(Path("/proc")))


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that everybody may enter and nobody but its owner may write to."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o555)
        yield Path(name)
        Path(name).chmod(0o755)


@pytest.fixture
def nobody(open_folder: Path) -> Iterator[Path]:
    """Root may do everything, so the test is somebody else meanwhile."""
    root = os.geteuid() == 0
    if root:
        os.seteuid(65534)
    yield open_folder
    if root:
        os.seteuid(0)


def test_no_permission_is_said_beforehand(nobody: Path) -> None:
    assert f'"{nobody}" is not writable for user' in refusal(sink(nobody / "out"))


def test_sink_and_source_may_not_lie_in_each_other(tmp_path: Path) -> None:
    out = sink(tmp_path / "data" / "out")
    assert "is also the source" in refusal(out, tmp_path / "data" / "out")
    assert "is inside the source" in refusal(out, tmp_path / "data")
    assert "the source" in refusal(out, tmp_path / "data" / "out" / "month=1" / "x.csv")
    out.check([str(tmp_path / "data" / "outer"), str(tmp_path / "data" / "in.csv")])


def test_links_do_not_hide_it(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    assert "is inside the source" in refusal(sink(tmp_path / "link" / "out"), tmp_path / "real")


def test_overwrite_refuses_foreign_files_and_names_three(tmp_path: Path) -> None:
    publish(sink(tmp_path / "out"), "run1")
    sink(tmp_path / "out", "overwrite").check([])
    for number in range(5):
        (tmp_path / "out" / f"{number}.parquet").touch()
    text = refusal(sink(tmp_path / "out", "overwrite"))
    assert '"0.parquet", "1.parquet", "2.parquet" and 2 more' in text
    assert "Move them away, or use another path" in text
    sink(tmp_path / "out", "append").check([])


def test_a_name_like_ours_is_foreign_if_no_manifest_lists_it(tmp_path: Path) -> None:
    publish(sink(tmp_path / "out"), "run1")
    (tmp_path / "out" / "month=1" / "run1-0000009-0.jsonl").touch()
    text = refusal(sink(tmp_path / "out", "overwrite"))
    assert '"month=1/run1-0000009-0.jsonl"' in text


def test_overwrite_partitions_minds_only_its_folders(tmp_path: Path) -> None:
    publish(sink(tmp_path / "out"), "run1")
    (tmp_path / "out" / "README").touch()
    sink(tmp_path / "out", "overwrite_partitions").check([])
    (tmp_path / "out" / "month=1" / "spark.parquet").touch()
    assert '"month=1/spark.parquet"' in refusal(sink(tmp_path / "out", "overwrite_partitions"))
