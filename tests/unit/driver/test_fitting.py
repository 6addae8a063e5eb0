"""How large a partition may be within `execution.max_memory`."""

import gzip

import polars as pl
import pytest

from ingest.core.errors import ConfigError
from ingest.driver.planning import draft
from ingest.transforms.base import StepContext
from tests.recovery.jobs import make_job

MEBIBYTE = 1024 * 1024


def planned(job, workers=2):
    drafted = draft(job, StepContext(), lambda path: ".".join(map(str, path)), workers)
    return [sum(piece.bytes for piece in pieces) for _, pieces in drafted.partitions]


def job_over(place, kind="csv", memory=None):
    return make_job(
        place,
        source={"type": kind, "path": str(place / "in")},
        transforms=[],
        contract={},
        execution={"max_memory": memory} if memory else {},
    )


@pytest.fixture
def large(tmp_path):
    """40 MB of CSV in one file."""
    (tmp_path / "in").mkdir()
    with (tmp_path / "in" / "1.csv").open("wb") as file:
        file.write(b"id,name\n")
        file.writelines([b"%06d,some customer or other\n" % n * 1000 for n in range(1_250)])
    return tmp_path


def test_partitions_are_cut_to_the_share_of_a_worker(large):
    usual = max(planned(job_over(large)))
    tight = max(planned(job_over(large, memory="512MiB")))
    assert tight <= (256 - 200) * MEBIBYTE / 8 < usual


def test_plenty_of_memory_changes_nothing(large):
    assert planned(job_over(large, memory="64GiB")) == planned(job_over(large))


def test_a_share_that_no_worker_can_live_on_is_refused(large):
    with pytest.raises(ConfigError, match=r"max_memory: 300\.0MiB for 2 workers.*at least 256"):
        planned(job_over(large, memory="300MiB"))


def test_a_compressed_file_that_fits_no_worker_is_refused(tmp_path):
    (tmp_path / "in").mkdir()
    text = b"id,name\n" + b"7,some customer or other\n" * 600_000
    (tmp_path / "in" / "1.csv.gz").write_bytes(gzip.compress(text, mtime=0))
    with pytest.raises(ConfigError, match=r"source\.path: .*1\.csv\.gz: .* cannot be split"):
        planned(job_over(tmp_path, memory="512MiB"))


def test_a_row_group_that_fits_no_worker_is_refused(tmp_path):
    (tmp_path / "in").mkdir()
    frame = pl.DataFrame({"n": pl.int_range(6_000_000, eager=True)})
    frame.write_parquet(tmp_path / "in" / "1.parquet", row_group_size=6_000_000)
    with pytest.raises(ConfigError, match=r"1\.parquet: .* cannot be split"):
        planned(job_over(tmp_path, "parquet", memory="512MiB"))
    frame.write_parquet(tmp_path / "in" / "1.parquet", row_group_size=500_000)
    assert len(planned(job_over(tmp_path, "parquet", memory="512MiB"))) > 1
