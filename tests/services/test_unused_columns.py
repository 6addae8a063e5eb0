"""Columns that nobody looks at are not fetched from a bucket, unless rows are shown."""

import io
import json

import polars as pl

import ingest
from tests.faults.job import FaultJob

WIDE = pl.DataFrame({"note": ["x" * 9000 + str(n) for n in range(300)], "id": range(300)})


def test_they_are_fetched_for_rejected_rows_alone(tmp_path, monkeypatch, bucket):
    monkeypatch.chdir(tmp_path)
    content = io.BytesIO()
    WIDE.write_parquet(content, row_group_size=100, compression="uncompressed")
    bucket.put("wide/a.parquet", content.getvalue())
    keep = {"type": "select", "columns": ["id"]}
    small = {"type": "cast", "columns": {"id": "uint8"}}
    job = FaultJob(tmp_path)
    parts = {"transforms": [small, keep], "contract": {"on_error": "quarantine"}}
    job.define("parquet", f"{bucket.uri}/wide/*.parquet", parts=parts)

    receipt = ingest.run("x", ["cluster=inline"])

    assert receipt.rows.written == 256
    shown = [json.loads(row)["note"] for row in job.quarantine.sort("line")["row"]]
    assert shown == WIDE["note"][256:].to_list()
