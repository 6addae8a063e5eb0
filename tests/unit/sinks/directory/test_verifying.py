"""Checking a published run against its manifest."""

from pathlib import Path

import polars as pl
import pytest

from ingest.sinks.base import Line, Verified
from ingest.sinks.csv import Csv
from ingest.sinks.directory.sink import DirectorySink
from ingest.sinks.jsonl import Jsonl
from ingest.sinks.parquet import Parquet
from ingest.testing.sinks import delivery

ROWS = pl.DataFrame({"a": ["x", "line\nbreak", ""], "b": [1, None, 3]})
SINKS = [
    (Parquet, {"type": "parquet"}),
    (Csv, {"type": "csv"}),
    (Csv, {"type": "csv", "header": False, "compression": "gz", "delimiter": "\t"}),
    (Jsonl, {"type": "jsonl"}),
    (Jsonl, {"type": "jsonl", "compression": "zst"}),
]


def published(
    kind: type[DirectorySink], options: dict[str, object], root: Path
) -> tuple[DirectorySink, list[Line]]:
    out = kind.model_validate({**options, "path": str(root), "write_disposition": "overwrite"})
    lines = prepared(out, "run1")
    out.publish(lines)
    return out, lines


def prepared(out: DirectorySink, run_id: str, rows: pl.DataFrame = ROWS) -> list[Line]:
    files = [(0, file) for file in out.stage(rows, run_id, "1-0-1")]
    return list(out.prepare(files, delivery(run_id)))


@pytest.mark.parametrize(("kind", "options"), SINKS)
def test_what_was_published_is_found(
    tmp_path: Path, kind: type[DirectorySink], options: dict[str, object]
) -> None:
    out, lines = published(kind, options, tmp_path / "out")
    assert out.verify(lines) == Verified(files=1, rows=3)


@pytest.mark.parametrize(("kind", "options"), SINKS)
def test_a_changed_byte_is_found(
    tmp_path: Path, kind: type[DirectorySink], options: dict[str, object]
) -> None:
    out, lines = published(kind, options, tmp_path / "out")
    path = tmp_path / "out" / out.current()[0]
    path.write_bytes(path.read_bytes()[:-1])
    problems = out.verify(lines).problems
    assert any("bytes, the run wrote" in problem for problem in problems)
    assert any("sha256" in problem for problem in problems)


def test_a_count_that_was_wrong_from_the_beginning_is_found(tmp_path: Path) -> None:
    out, lines = published(Jsonl, {"type": "jsonl"}, tmp_path / "out")
    path = tmp_path / ".ingest-out" / "manifests" / "run1.json"
    path.write_text(path.read_text().replace('"rows": 3', '"rows": 4'))
    wrong = [{**line, "rows": 4} if "rows" in line else line for line in lines]
    problems = out.verify(wrong).problems
    assert problems == ("run1-0000000-0.jsonl: 3 rows, the run wrote 4",)


def test_a_missing_file_is_told_from_a_replaced_one(tmp_path: Path) -> None:
    out, lines = published(Jsonl, {"type": "jsonl"}, tmp_path / "out")
    (tmp_path / "out" / "run1-0000000-0.jsonl").rename(tmp_path / "away")
    problem = "run1-0000000-0.jsonl: missing, and no later run has replaced it"
    assert out.verify(lines).problems == (problem,)
    (tmp_path / "away").rename(tmp_path / "out" / "run1-0000000-0.jsonl")
    nothing = prepared(out, "run2", ROWS.clear())
    out.publish(nothing)
    verified = out.verify(lines)
    assert (verified.problems, verified.replaced) == ((), {"run2": 1})
    assert out.verify(nothing) == Verified(files=0, rows=0)
