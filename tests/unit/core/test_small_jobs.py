"""What a run imports: the types that its job names, and neither Hydra nor Ray."""

import json
import subprocess
import sys
from pathlib import Path

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
code = main(["small", "cluster=processes", "--progress", "log"])
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
}  # fmt: skip


def test_a_run_imports_only_what_its_job_names(tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text("id\n1\n2\n")
    (tmp_path / "names.csv").write_text("id,name\n1,a\n2,b\n")
    (tmp_path / "conf" / "job").mkdir(parents=True)
    (tmp_path / "conf" / "job" / "small.yaml").write_text(JOB)
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    code, modules = json.loads(done.stdout.splitlines()[-1])
    assert code == 0, done.stderr
    assert not NEEDED - set(modules)
    assert not NOT_NEEDED & set(modules)
