"""The jobs that are killed: small, and different in all that publishing and recovery depend on."""

import csv
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import polars as pl
import yaml

JOB = "chaos"
MONTHS = 4

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Shape:
    """A job and its input. `partitions` is about how many there are.

    With `earlier`, another run has published to the same place before, from another input. `where`
    is the kind of place that it reads from and publishes to: see `tests.chaos.servers`. With
    `text_bytes`, each row has a text as long as that.
    """

    name: str
    source: str = "csv"
    sink: str = "parquet"
    disposition: str = "overwrite"
    partition_by: bool = False
    earlier: bool = False
    quarantine: bool = True
    rows: int = 120
    files: int = 3
    partitions: int = 8
    flush_s: float = 0.02
    where: str = "disk"
    text_bytes: int = 0

    def write_input(self, folder: Path, *, earlier: bool = False) -> None:
        """Write the input, the same each time; `earlier` gives the input of the run before."""
        folder.mkdir(parents=True)
        chance = Random(f"{self.name} {earlier}")
        rows = [_row(chance, number, clean=not self.quarantine) for number in range(self.rows)]
        for row in rows if self.text_bytes else ():
            row["name"] = chance.randbytes(self.text_bytes // 2).hex()
        size = -(-self.rows // self.files)
        for number in range(self.files):
            data = _encoded(rows[number * size : (number + 1) * size], self.source, self.partitions)
            if self.quarantine and self.source != "parquet":
                data += b"broken\n"
            (folder / f"{number}.{self.source}").write_bytes(data)

    def sink_page(self) -> dict[str, Any]:
        """Return the sink of the job, without where it is."""
        return {
            "type": self.sink,
            "write_disposition": self.disposition,
            "partition_by": ["month"] if self.partition_by else [],
            **({"primary_key": ["id"]} if self.disposition == "merge" else {}),
        }

    def write_job(
        self, folder: Path, size: int, cluster: Mapping[str, Any], **places: str | dict[str, Any]
    ) -> None:
        """Write the job's file into `folder/conf`. `places` are its source, sink and state.

        `size` is how many bytes the input has.
        """
        columns = {"id": "int64", "name": "string", "n": "int64", "month": "int64"}
        page = {
            "name": JOB,
            "owner": "chaos@example.org",
            "description": f"What is killed: {self.name}.",
            "source": {"type": self.source, "path": places["source"]}
            | ({} if self.source == "parquet" else {"columns": columns}),
            "transforms": [
                {"type": "filter", "where": "id % 7 <> 0"},
                {"type": "derive", "columns": {"twice": "n * 2", "season": "month * 10"}},
            ],
            "contract": {
                "columns": {"n": "int8"},
                "checks": [{"type": "not_null", "columns": ["name"]}],
                "on_error": "quarantine" if self.quarantine else "fail",
            },
            "sink": places["sink"],
            "execution": {"partition_bytes": max(1, size // self.partitions)},
            "cluster": dict(cluster),
            "state": places["state"],
        }
        file = folder / "conf" / "job" / f"{JOB}.yaml"
        file.parent.mkdir(parents=True, exist_ok=True)
        text = yaml.safe_dump(page, sort_keys=False)
        file.write_text(f"# @package _global_\n# Written by tests.chaos.\n{text}")


def _row(chance: Random, number: int, *, clean: bool) -> Row:
    return {
        "id": number,
        "name": chance.choice(["ann", "Bö", 'c,"d', "" if not clean else "e"]) or None,
        "n": chance.randint(-60, 60 if clean else 150),
        "month": chance.randint(1, MONTHS),
    }


def _encoded(rows: list[Row], kind: str, partitions: int) -> bytes:
    if kind == "parquet":
        buffer = io.BytesIO()
        schema = {"id": pl.Int64, "name": pl.String, "n": pl.Int64, "month": pl.Int64}
        pl.DataFrame(rows, schema).write_parquet(
            buffer, row_group_size=max(1, len(rows) // partitions)
        )
        return buffer.getvalue()
    if kind == "jsonl":
        return "".join(f"{json.dumps(row)}\n" for row in rows).encode()
    text = io.StringIO()
    writer = csv.DictWriter(text, ["id", "name", "n", "month"], lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


SHAPES = (
    Shape("overwrite, first", partitions=6),
    Shape("overwrite after another", earlier=True, rows=200, files=5, partitions=12),
    Shape("overwrite of folders", earlier=True, partition_by=True, partitions=4),
    Shape("append, first", source="jsonl", disposition="append", flush_s=1.0),
    Shape("append after another", disposition="append", earlier=True, sink="csv", partitions=9),
    Shape("append of folders", source="parquet", disposition="append", partition_by=True,
          earlier=True, files=2),
    Shape("replaced folders", disposition="overwrite_partitions", partition_by=True, earlier=True,
          partitions=5),
    Shape("replaced folders of lines", source="jsonl", sink="jsonl", earlier=True,
          disposition="overwrite_partitions", partition_by=True, flush_s=1.0, rows=60),
    Shape("without a quarantine", quarantine=False, source="parquet", sink="csv", earlier=True),
    Shape("one partition", rows=30, files=1, partitions=1, sink="jsonl"),
    Shape("many files", rows=90, files=15, partitions=15, disposition="append"),
    Shape("a table, appended to", sink="delta", disposition="append", partition_by=True,
          earlier=True, partitions=4),
    Shape("a table, merged into", sink="delta", disposition="merge", earlier=True, partitions=4),
)  # fmt: skip

ON_PROCESSES = (
    Shape("on processes, overwrite", rows=1800, files=6, partitions=60, flush_s=0.1),
    Shape("on processes, append", source="jsonl", disposition="append", rows=1500,
          files=10, partitions=50, flush_s=0.1),
)  # fmt: skip

ON_RAY = (
    Shape("on Ray, overwrite", rows=6000, files=6, partitions=240, earlier=False, flush_s=0.2),
    Shape("on Ray, append", source="jsonl", disposition="append", rows=5000, files=10,
          partitions=200, flush_s=0.2),
)  # fmt: skip
