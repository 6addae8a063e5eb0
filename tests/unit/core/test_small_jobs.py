"""What a run imports: the types that its job names, and neither Hydra nor Ray."""

import json
import subprocess
import sys
from pathlib import Path

import polars as pl

JOB = """# @package _global_
name: small
owner: me@example.org
description: For a test.
source: {type: csv, path: in.csv}
transforms:
  - {type: lookup, reference: {path: names.csv}, key: id}
contract: {checks: [{type: not_null, columns: [id]}]}
sink: {type: parquet, path: out, write_disposition: overwrite}
"""
SCRIPT = """
import json, sys
from ingest.commands.run import main
code = main(["small", *sys.argv[1:], "--progress", "log"])
print(json.dumps([code, sorted(sys.modules)]))
"""
NEEDED = {
    "ingest.sources.csv", "ingest.transforms.lookup", "ingest.checks.not_null",
    "ingest.sinks.parquet",
}  # fmt: skip
NOT_NEEDED = {
    "ingest.sources.parquet", "ingest.sources.jsonl", "ingest.sources.postgres",
    "ingest.sinks.delta", "ingest.sinks.csv", "ingest.transforms.sql", "ingest.checks.matches",
    "ingest.config.compose", "hydra", "omegaconf", "ray", "rich", "fsspec", "deltalake",
    "pyarrow.compute", "obstore",
}  # fmt: skip


def test_a_run_imports_only_what_its_job_names(tmp_path: Path) -> None:
    imported = modules(tmp_path, "1,x\n2,y\n", "cluster=processes")

    assert not NEEDED - imported
    assert not NOT_NEEDED & imported


def test_rows_that_are_rejected_need_no_pandas(tmp_path: Path) -> None:
    imported = modules(tmp_path, "1,x\n,y\n", "cluster=inline", "contract.on_error=quarantine")

    assert list((tmp_path / "out_quarantine").rglob("*.parquet"))
    assert "pandas" not in imported


def test_lists_and_structs_of_parquet_need_no_pandas(tmp_path: Path) -> None:
    rows = pl.DataFrame({"id": [1, 2], "l": [[1], None], "s": [{"a": ["x"]}, {"a": None}]})
    rows.write_parquet(tmp_path / "in.parquet")
    source = ["source.type=parquet", f"source.path={tmp_path}/in.parquet"]
    imported = modules(tmp_path, "", "cluster=inline", "transforms=[]", *source)

    assert pl.read_parquet(tmp_path / "out").equals(rows)
    assert not {"pandas", "pyarrow.compute"} & imported


def modules(place: Path, rows: str, *settings: str) -> set[str]:
    """Run a job over `rows` in a process of its own, and return the modules it has imported."""
    (place / "in.csv").write_text(f"id,place\n{rows}")
    (place / "names.csv").write_text("id,name\n1,a\n2,b\n")
    (place / "conf" / "job").mkdir(parents=True)
    (place / "conf" / "job" / "small.yaml").write_text(JOB)
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, *settings],
        cwd=place,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    code, imported = json.loads(done.stdout.splitlines()[-1])
    assert code == 0, done.stderr
    return set(imported)
