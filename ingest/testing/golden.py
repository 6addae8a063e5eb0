"""A job's sample and what must come of it: every job with a `sample/` is a regression test."""

import json
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import polars as pl
import pyarrow as pa

from ingest.config.load import Loaded, load
from ingest.core.showing import showable
from ingest.driver.drive import drive
from ingest.driver.places import anchored
from ingest.driver.planning import draft
from ingest.driver.request import Request
from ingest.driver.tasks import context_of
from ingest.formats import FORMATS
from ingest.formats.base import WritableFormat
from ingest.job import Job
from ingest.sinks.directory.hive import NULL_FOLDER
from ingest.sinks.directory.sink import DirectorySink
from ingest.sinks.parquet import Parquet
from ingest.workers.base import Workers
from ingest.workers.in_process import InProcessWorkers

RUN_METADATA = ("run_id", "partition", "_ingest_run_id", "_ingest_loaded_at")
"""Columns that differ from run to run or from place to place, left out of what is compared."""

HERE = Path()
OUTPUTS = ("rows", "quarantine")
QUARANTINED = frozenset({"original", "source", "row"})
"""Columns of the quarantine that hold values of its rows."""
_KEY = "key of a folder: "


def work_sample(
    job: str, conf: Path | None = None, workers: Workers | None = None
) -> dict[str, list[str]]:
    """Work a job over `jobs/<job>/sample/` into a temporary place; see `work_over`."""
    loaded = load(Job, conf, [f"+job={job}", "cluster=inline"])
    return work_over(loaded, Path("jobs") / job / "sample", workers)


def work_over(
    loaded: Loaded[Job], sample: Path, workers: Workers | None = None, root: Path = HERE
) -> dict[str, list[str]]:
    """Work a job over other input into a temporary place, without Ray if not told.

    Returns the output (`rows`) and the quarantine (`quarantine`), each as lines of JSON: a list of
    the column names, then a list of values for each row, sorted: the same for any order of work.
    Paths below `root` are written as relative ones.
    """
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        job = _over(loaded.job, sample, place)
        outputs = {"main": str(place / "out"), "quarantine": str(place / "out_quarantine")}
        job = anchored(job, outputs)
        written = job.sink
        assert isinstance(written, DirectorySink), "others were replaced"
        drive(Request(job, loaded.yaml(), loaded.place, workers or InProcessWorkers()))
        return {
            "rows": rows_in(place / "out", written, root),
            "quarantine": read_rows(place / "out_quarantine", "parquet", root),
        }


def private_columns(job: str, conf: Path | None = None) -> dict[str, frozenset[str]]:
    """Return by output the columns whose values are not to be shown; empty if there are none."""
    loaded = load(Job, conf, [f"+job={job}"])
    with tempfile.TemporaryDirectory() as folder:
        over = _over(loaded.job, Path("jobs") / job / "sample", Path(folder))
        context = context_of(over, "", datetime.now(UTC))
        private = draft(over, context, loaded.place, 1).flow.private
    if not private:
        return {}
    originals = QUARANTINED if over.contract.shows_private else frozenset[str]()
    return {"rows": private.output, "quarantine": originals}


def _over(job: Job, sample: Path, place: Path) -> Job:
    """Return the job over other input, and with a folder instead of a table or database."""
    source = job.source.model_copy(update={"path": str(sample)})
    sink = job.sink
    if not isinstance(sink, DirectorySink):
        sink = Parquet(type="parquet", path=str(place / "out"), write_disposition="append")
    over = {"source": source, "sink": sink, "state": str(place / "state")}
    return job.model_copy(update=over)


def write_lines(folder: Path, lines: dict[str, list[str]]) -> list[Path]:
    """Write what `work_over` returned to a folder, and return the files."""
    folder.mkdir(parents=True, exist_ok=True)
    files = []
    for name, texts in lines.items():
        file = folder / f"{name}.jsonl"
        file.write_text("".join(f"{text}\n" for text in texts), encoding="utf-8")
        files.append(file)
    return files


def read_golden(job: str) -> dict[str, list[str]]:
    """Return what the job's sample is expected to give, as far as that is written."""
    folder = Path("jobs") / job / "expected"
    files = [file for name in OUTPUTS if (file := folder / f"{name}.jsonl").is_file()]
    return {file.stem: _lines(file.read_text(encoding="utf-8")) for file in files}


def read_rows(folder: Path, kind: str, root: Path = HERE) -> list[str]:
    """Return a published directory of a format as lines of JSON, see `rows_in`."""
    found = FORMATS.load(kind)
    assert found is not None, "the format of a sink"
    written = found.model_validate({"type": kind})
    assert isinstance(written, WritableFormat), "the format of a sink"
    return rows_in(folder, written, root)


def rows_in(folder: Path, written: WritableFormat, root: Path = HERE) -> list[str]:
    """Return a published directory as lines of JSON, see `work_sample`; none if it has no files.

    Keys of folders are columns, too. Paths below `root` are written as relative ones.
    """
    files = sorted(folder.rglob(f"*.{written.suffix}"))
    if not files:
        return []
    frame = _typed(pl.concat([_read(file, folder, written) for file in files], how="diagonal"))
    kept = showable(frame.drop([name for name in RUN_METADATA if name in frame.columns]))
    above = f"{root.absolute()}/"
    lines = (_line(values).replace(above, "") for values in (kept.columns, *kept.rows()))
    first = next(lines)
    return [first, *sorted(lines)]


def _read(file: Path, folder: Path, written: WritableFormat) -> pl.DataFrame:
    with pa.input_stream(str(file), compression="detect") as stream:
        rows = written.decode(stream).rows
    keys = (part.partition("=") for part in file.relative_to(folder).parts[:-1])
    return rows.with_columns(
        pl.lit(None if value == NULL_FOLDER else unquote(value), dtype=pl.String).alias(_KEY + name)
        for name, _, value in keys
    )


def _typed(frame: pl.DataFrame) -> pl.DataFrame:
    """Return the keys of folders as readers take them: whole numbers, dates, or texts."""
    for name in [name for name in frame.columns if name.startswith(_KEY)]:
        key = frame[name]
        for kind in (pl.Int64, pl.Date):
            with suppress(pl.exceptions.PolarsError):
                key = frame[name].cast(kind)
                break
        frame = frame.drop(name).with_columns(key.alias(name.removeprefix(_KEY)))
    return frame


def _lines(text: str) -> list[str]:
    """Return the lines of a text; values may hold what `splitlines` would cut at."""
    return text.removesuffix("\n").split("\n") if text else []


def _line(values: Sequence[Any]) -> str:
    return json.dumps(values, default=_plain, ensure_ascii=False)


def _plain(value: Any) -> str:
    return value.hex() if isinstance(value, bytes) else str(value)
