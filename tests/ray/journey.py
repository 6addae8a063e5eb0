"""A job whose input, output and state are in a bucket, and which notes each partition's work."""

import io
import json
import os
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from tests.ray.head import Head
from tests.ray.network import Folder
from tests.services.bucket import Bucket

LIMIT_S = 180.0
FIRST = 100
INGEST = str(Path(sys.executable).with_name("ingest"))
JOB = """# @package _global_
# For a test.
name: journey
owner: me@example.org
description: For a test.
source: {{type: csv, path: "{bucket}/in/*.csv"}}
transforms:
  - {{type: python, function: "functions:twice", columns: {{n: string, double: int64}}}}
sink: {{type: parquet, path: "{bucket}/out", write_disposition: overwrite}}
state: "{bucket}/state"
cluster: {{type: address, address: auto, shared: [{here}]}}
execution: {{partition_bytes: 6, lease_s: 2}}
"""
FUNCTIONS = """import os
import time

import polars as pl
import ray


def twice(rows: pl.DataFrame) -> pl.DataFrame:
    time.sleep(float(open("{here}/pace").read()))
    with open("{here}/work.log", "a") as log:
        node = ray.get_runtime_context().get_node_id()
        log.write(f"{{node}} {{rows['n'][0]}} {{time.time()}} {{os.getpid()}}\\n")
    return rows.with_columns(double=pl.col("n").cast(pl.Int64) * 2)
"""


@dataclass
class Journey:
    """The job, and what has become of it."""

    here: Path
    bucket: Bucket | Folder
    number: int

    @staticmethod
    def prepare(here: Path, bucket: Bucket | Folder, number: int, seconds: float) -> "Journey":
        """Write the job and an input of so many files, each of which takes so many seconds."""
        for name in ("conf/job", "jobs/journey"):
            (here / name).mkdir(parents=True)
        page = JOB.format(bucket=bucket.uri, here=here)
        (here / "conf/job/journey.yaml").write_text(page)
        functions = FUNCTIONS.format(here=here)
        (here / "jobs/journey/functions.py").write_text(functions)
        (here / "work.log").touch()
        (here / "pace").write_text(str(seconds))
        for n in range(number):
            bucket.put(f"in/{n}.csv", f"n\n{FIRST + n}\n".encode())
        return Journey(here, bucket, number)

    def submit(self, head: Head, *words: str) -> "subprocess.Popen[str]":
        """Begin to submit it to a cluster and to follow it."""
        return self._begin(head, "submit", "journey", "--address", head.dashboard, *words)

    def run(self, head: Head, *words: str) -> "subprocess.Popen[str]":
        """Begin to run it on a cluster, with the driver here."""
        return self._begin(head, "run", "journey", f"cluster.address={head.address}", *words)

    def run_here(self) -> "subprocess.Popen[str]":
        """Begin to run it on a private Ray of this machine."""
        return self._begin(None, "run", "journey", "cluster=local", "execution.workers=2")

    def _begin(self, head: Head | None, *words: str) -> "subprocess.Popen[str]":
        with (self.here / "said.log").open("ab") as said:
            return subprocess.Popen(
                [INGEST, *words, "--progress=log", "--json"],
                cwd=self.here,
                env=(head.environment if head else os.environ) | self.bucket.environment,
                stdout=subprocess.PIPE,
                stderr=said,
                text=True,
            )

    @property
    def work(self) -> list[list[str]]:
        """Each time that a partition was processed: node, number, seconds since the epoch, pid."""
        return [line.split() for line in (self.here / "work.log").read_text().splitlines()]

    def await_work(self, number: int, but: frozenset[str] = frozenset()) -> None:
        """Wait until so many partitions have been processed on nodes but these."""
        until = time.monotonic() + LIMIT_S
        while sum(line[0] not in but for line in self.work) < number:
            said = (self.here / "said.log").read_text()[-3000:]
            assert time.monotonic() < until, (self.work, said)
            time.sleep(0.1)

    def check(self, process: "subprocess.Popen[str]", limit_s: float = 120.0) -> int:
        """Wait for its end; the output is exact. Return its number of attempts."""
        out, _ = process.communicate(timeout=limit_s)
        assert process.returncode == 0, (self.here / "said.log").read_text()[-5000:]
        files = [name for name in self.bucket.keys("out") if name.endswith(".parquet")]
        rows = pl.concat([pl.read_parquet(io.BytesIO(self.bucket.get(name))) for name in files])
        assert sorted(rows["double"]) == [2 * (FIRST + n) for n in range(self.number)]
        return int(json.loads(out)["attempts"])

    def hurry(self) -> None:
        """Have what is left take no time."""
        (self.here / "pace").write_text("0.01")

    @staticmethod
    def asked(head: Head) -> tuple[int, int]:
        """Return how many CPUs the autoscaler is asked to have, and how many nodes have some."""
        done = subprocess.run(
            [sys.executable, "-m", "tests.ray.asked", head.address],
            env=head.environment, capture_output=True, text=True, check=True,
        )  # fmt: skip
        asked, nodes = json.loads(done.stdout)
        return asked, nodes

    def pids(self, seconds: float) -> int:
        """Return how many workers have completed something in the last seconds."""
        return len({line[3] for line in self.work if time.time() - float(line[2]) < seconds})

    @property
    def missing(self) -> set[str]:
        """What has not been processed on any node."""
        return {str(FIRST + n) for n in range(self.number)} - {line[1] for line in self.work}

    @property
    def extra(self) -> int:
        """How many partitions were processed again."""
        return sum(Counter(line[1] for line in self.work).values()) - self.number
