"""A partition that is read in runs comes to what it comes to as a whole."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from ingest.core.outcome import Outcome
from ingest.core.partition import Assignment, Partition, partition_id
from ingest.driver.flow import check_flow
from ingest.driver.tasks import context_of, task_of
from ingest.job import Job

FILES = 5
PLACES = ["file", "line", "step", "column", "reason", "original", "row", "source"]
SOURCES: dict[str, dict[str, Any]] = {
    "parquet": {"where": "n <> 7"},
    "csv": {},
    "jsonl": {},
}


def write(folder: Path, kind: str) -> None:
    folder.mkdir()
    for number in range(FILES):
        ids = [10 * number + row for row in range(10)]
        rows = pl.DataFrame({"id": ids, "n": [row % 10 for row in ids], "name": ["a"] * 10})
        rows = rows.with_columns(pl.when(id=13).then(None).otherwise(pl.col("name")).alias("name"))
        file = folder / f"{number}.{kind}"
        if kind == "parquet":
            rows.write_parquet(file, row_group_size=4)
            continue
        {"csv": rows.write_csv, "jsonl": rows.write_ndjson}[kind](file)
        if number % 2:
            with file.open("a") as more:
                more.write("broken\n")


def worked(place: Path, kind: str, number: int) -> tuple[Outcome, pl.DataFrame, pl.DataFrame]:
    """Work all files as one partition; return the outcome, and what was staged."""
    path = place / "in"
    job = Job.model_validate(
        {
            "name": "t",
            "owner": "me",
            "description": "test",
            "source": {"type": kind, "path": str(path), **SOURCES[kind]},
            "transforms": [{"type": "derive", "columns": {"twice": "n * 2"}}],
            "contract": {
                "columns": {"id": "int64", "n": "int64"},
                "checks": [
                    {"type": "range", "column": "n", "max": 8},
                    {"type": "not_null", "columns": ["name"]},
                ],
                "on_error": "quarantine",
            },
            "sink": {
                "type": "parquet",
                "path": str(place / "out"),
                "write_disposition": "append",
            },
        }
    )
    slices = tuple(job.source.slices(1 << 20))
    assert len(slices) == FILES
    layout = job.source.layout(slices, {"id": pl.Int64(), "n": pl.Int64()})
    context = context_of(job, "run", datetime(2013, 1, 1, tzinfo=UTC))
    task = task_of(job, check_flow(job, layout, context, str), context)
    outcome = task(Assignment(Partition(0, partition_id(slices), slices), 1, number))
    assert outcome.failure is None, outcome.failure
    frames = []
    for output, folder in (("main", ".ingest-out"), ("quarantine", ".ingest-out_quarantine")):
        names = [each.keep["name"] for each in outcome.staged if each.output == output]
        frames.append(pl.concat(pl.read_parquet(place / folder / "run" / name) for name in names))
    return outcome, frames[0], frames[1]


@pytest.mark.parametrize("kind", SOURCES)
def test_runs_come_to_what_the_whole_does(
    tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "in", kind)
    results = []
    for number, size in enumerate((1, 1 << 20)):
        monkeypatch.setattr("ingest.work.reading.RUN_BYTES", size)
        results.append(worked(tmp_path, kind, number))
    (runs, good, bad), (whole, all_good, all_bad) = results
    assert runs.books == whole.books
    assert runs.errors == whole.errors
    assert good.equals(all_good)
    assert bad.height > FILES
    assert bad.select(PLACES).equals(all_bad.select(PLACES))
