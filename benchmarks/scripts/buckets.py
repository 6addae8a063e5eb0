"""What reading and writing a bucket costs: `python -m benchmarks.scripts.buckets s3://bucket/x`.

The same bytes go through `ingest` and through bare `pyarrow.fs`, with as many threads, in turns.
The environment says where the server is (AWS_ENDPOINT_URL, AWS_ACCESS_KEY_ID, ...). `write` is what
a worker does with an encoded file: temporary file, SHA-256, upload. `read` is how a source reads an
input, with the check that it is still the one that was planned. `recount` is `ingest verify`
without the counting. `publish` is the copies of all files, the manifest and the removals, which a
bare writer, whose files are seen at once, does not have.
"""

import argparse
import statistics
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from benchmarks.scripts.figures import report
from ingest.core.partition import Slice
from ingest.sinks.directory.bucket.place import Prefix
from ingest.sinks.directory.plan import Counts, PublishPlan, Put
from ingest.sinks.directory.write_back import WriteBack
from ingest.sources.files.opening import open_input
from ingest.sources.files.remote import stat_remote
from ingest.storage.clients.s3 import arrow_file_system
from ingest.storage.connections import S3Connection

Work = Callable[[int], object]
BOTH = ("write", "read")
LEAST = 0.8
"""What share of the bare throughput reading and writing are to reach."""


class Bare:
    """PyArrow's file system for S3, as its documentation uses it."""

    def __init__(self, uri: str, data: bytes) -> None:
        self._files = arrow_file_system(S3Connection(type="s3"))
        self._below = uri.partition("://")[2]
        self._data = data

    def write(self, number: int) -> None:
        """Write a file."""
        with self._files.open_output_stream(f"{self._below}/bare/{number}") as out:
            out.write(self._data)

    def read(self, number: int) -> int:
        """Read a file."""
        with self._files.open_input_file(f"{self._below}/bare/{number}") as file:
            return len(file.read())


class Ours:
    """The place of a sink, and the reader of sources."""

    def __init__(self, uri: str, data: bytes) -> None:
        self._place = Prefix(f"{uri}/out", S3Connection(type="s3"))
        self._data = data

    def write(self, number: int) -> None:
        """Stage a file."""
        file = self._place.open("run1", f"1-{number}-1-0.staged", WriteBack())
        file.write(self._data)
        file.finish()

    def publish(self, count: int) -> None:
        """Publish all files."""
        puts = [
            Put(f"1-{n}-1-0.staged", f"run1-{n:07}-0.bin", 1, len(self._data), "0" * 64).line
            for n in range(count)
        ]
        begin = PublishPlan.begin("run1", "append", {"format": 1}, exchange=False)
        end = PublishPlan.end(Counts(count, count, count * len(self._data), 0))
        for _ in self._place.publish_steps(PublishPlan([begin, *puts, end]), 0):
            pass

    def read(self, number: int) -> int:
        """Read a published file as a source does."""
        uri = f"{self._place.uri}/run1-{number:07}-0.bin"
        size, version = stat_remote(uri)
        with open_input(Slice(uri, size, version)) as file:
            return len(file.read())

    def recount(self, number: int) -> int:
        """Read a published file and its checksum."""
        with self._place.measured(f"run1-{number:07}-0.bin") as content:
            return content.size


def main() -> int:
    """Take turns, and print seconds, megabytes per second and ratios; exit 1 below the target."""
    options = argparse.ArgumentParser(description="Read and write a bucket beside pyarrow.fs.")
    options.add_argument("uri", help="a prefix that may be written to; what is there is left")
    options.add_argument("--files", type=int, default=32)
    options.add_argument("--megabytes", type=float, default=8)
    options.add_argument("--threads", type=int, default=2)
    options.add_argument("--rounds", type=int, default=3)
    told = options.parse_args()
    data = np.random.default_rng(7).bytes(int(told.megabytes * 1e6))
    rounds: list[dict[str, dict[str, float]]] = []
    for number in range(told.rounds):
        uri = f"{told.uri.rstrip('/')}/{number}"
        rounds.append(measured(Bare(uri, data), Ours(uri, data), told.files, told.threads))
    return conclude(rounds, told.files * len(data))


def measured(bare: Bare, ours: Ours, files: int, threads: int) -> dict[str, dict[str, float]]:
    """Return the seconds that each took, one after the other."""
    with ThreadPoolExecutor(threads) as pool:

        def all_files(work: Work) -> float:
            began = time.perf_counter()
            for _ in pool.map(work, range(files)):
                pass
            return time.perf_counter() - began

        theirs = {"write": all_files(bare.write)}
        mine = {"write": all_files(ours.write)}
        began = time.perf_counter()
        ours.publish(files)
        mine["publish"] = time.perf_counter() - began
        theirs["read"] = all_files(bare.read)
        mine["read"] = all_files(ours.read)
        mine["recount"] = all_files(ours.recount)
    return {"pyarrow.fs": theirs, "ingest": mine}


def conclude(rounds: list[dict[str, dict[str, float]]], size: int) -> int:
    """Print the medians of all rounds, and how they compare."""
    seconds = {
        who: {what: statistics.median(one[who][what] for one in rounds) for what in rounds[0][who]}
        for who in ("pyarrow.fs", "ingest")
    }
    for who, each in seconds.items():
        for what, taken in each.items():
            print(f"{who:10} {what:8} {taken:7.2f} s {size / taken / 1e6:7.1f} MB/s")
    ratios = {what: seconds["pyarrow.fs"][what] / seconds["ingest"][what] for what in BOTH}
    print(", ".join(f"{what}: {ratio:.0%} of pyarrow.fs" for what, ratio in ratios.items()))
    report(
        {who: {f"{what}_s": taken for what, taken in each.items()} for who, each in seconds.items()}
    )
    return int(min(ratios.values()) < LEAST)


if __name__ == "__main__":
    raise SystemExit(main())
