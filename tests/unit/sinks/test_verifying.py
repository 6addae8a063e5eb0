"""Checking a published run against its manifest."""

from pathlib import Path

import polars as pl
import pytest

from ingest.core.errors import FatalError
from ingest.sinks.csv import Csv
from ingest.sinks.directory import DirectorySink
from ingest.sinks.jsonl import Jsonl
from ingest.sinks.parquet import Parquet

ROWS = pl.DataFrame({"a": ["x", "line\nbreak", ""], "b": [1, None, 3]})
SINKS = [
    (Parquet, {"type": "parquet"}),
    (Csv, {"type": "csv"}),
    (Csv, {"type": "csv", "header": False, "compression": "gz", "delimiter": "\t"}),
    (Jsonl, {"type": "jsonl"}),
    (Jsonl, {"type": "jsonl", "compression": "zst"}),
]


def published(kind: type[DirectorySink], options: dict[str, object], root: Path) -> DirectorySink:
    out = kind.model_validate({**options, "path": str(root), "write_disposition": "overwrite"})
    out.publish(out.plan_publish([(0, *out.stage(ROWS, "run1", "1-0-1"))], "run1", {}))
    return out


@pytest.mark.parametrize(("kind", "options"), SINKS)
def test_what_was_published_is_found(
    tmp_path: Path, kind: type[DirectorySink], options: dict[str, object]
) -> None:
    assert published(kind, options, tmp_path / "out").verify("run1") == []


@pytest.mark.parametrize(("kind", "options"), SINKS)
def test_a_changed_byte_is_found(
    tmp_path: Path, kind: type[DirectorySink], options: dict[str, object]
) -> None:
    out = published(kind, options, tmp_path / "out")
    path = tmp_path / "out" / out.current()[0]
    path.write_bytes(path.read_bytes()[:-1])
    problems = out.verify("run1")
    assert any("bytes, the manifest says" in problem for problem in problems)
    assert any("sha256" in problem for problem in problems)


def test_a_wrong_count_in_the_manifest_is_found(tmp_path: Path) -> None:
    out = published(Jsonl, {"type": "jsonl"}, tmp_path / "out")
    path = tmp_path / "out" / "_ingest" / "run1.json"
    path.write_text(path.read_text().replace('"rows": 3', '"rows": 4'))
    assert out.verify("run1") == ["run1-0000000-0.jsonl: 3 rows, the manifest says 4"]


def test_a_missing_file_is_told_from_a_replaced_one(tmp_path: Path) -> None:
    out = published(Jsonl, {"type": "jsonl"}, tmp_path / "out")
    (tmp_path / "out" / "run1-0000000-0.jsonl").rename(tmp_path / "away")
    problem = "run1-0000000-0.jsonl: missing, and no later run has replaced it"
    assert out.verify("run1") == [problem]
    (tmp_path / "away").rename(tmp_path / "out" / "run1-0000000-0.jsonl")
    out.publish(out.plan_publish([], "run2", {}))
    assert out.verify("run1") == ["run1-0000000-0.jsonl: replaced by run run2"]
    assert out.verify("run2") == []


def test_an_unknown_run_is_refused(tmp_path: Path) -> None:
    out = published(Jsonl, {"type": "jsonl"}, tmp_path / "out")
    with pytest.raises(FatalError, match=r'no such manifest\. Known runs: "run1"'):
        out.verify("run2")
