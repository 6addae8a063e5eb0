"""What a cursor of many files costs: to be read when a run is planned, and moved when it is done.

python -m benchmarks.scripts.cursor 1000000
"""

import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import polars as pl

from ingest.core.partition import Slice
from ingest.records.cursors import FILES, SEGMENT_FILES, Cursor, Move
from ingest.sources.files.unread import unread
from ingest.sources.incremental import Earlier, NewFiles
from ingest.storage.objects import LocalStore

RUNS, ADDED = 100, 10


def main() -> None:
    """Fill a cursor, add a few files in many runs, and hold two listings against it."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    with tempfile.TemporaryDirectory() as folder:
        cursor = Cursor(LocalStore(Path(folder)), "bench", "/data/out")
        base, began = memory(), time.perf_counter()
        cursor.move(Move("first", 0, "run"), lambda: frames(0, count))
        print(f"{count:,} files in one run: {time.perf_counter() - began:.2f} s, peak {per(base)}")
        size = sum(path.stat().st_size for path in Path(folder).rglob("*") if path.is_file())
        print(f"  {size / 1e6:.1f} MB on disk, {size / count:.1f} bytes a file")
        began = time.perf_counter()
        for number in range(RUNS):
            start = count + number * ADDED
            move = Move(f"run{number}", number + 1, "run")
            cursor.move(move, lambda start=start: frames(start, ADDED))  # type: ignore[misc]
        took = (time.perf_counter() - began) / RUNS
        last = cursor.last()
        assert last is not None
        grown = sum(path.stat().st_size for path in Path(folder).rglob("*") if path.is_file())
        print(
            f"{RUNS} runs of {ADDED} files more: {1000 * took:.1f} ms and "
            f"{(grown - size) / RUNS / 1e3:.1f} kB written for each, {len(last.segments)} segments"
        )
        for number in (10, last.files):
            listed = [piece(index) for index in range(number)]
            base, began = memory(), time.perf_counter()
            result = unread(listed, Earlier(lambda: cursor.files(last)), NewFiles(type="files"))
            assert result.left_out == number
            print(
                f"{number:,} listed files held against it: {time.perf_counter() - began:.2f} s, "
                f"peak {per(base)}"
            )


def frames(start: int, count: int) -> Iterator[pl.DataFrame]:
    """Yield so many files, a segment's worth at a time."""
    for first in range(start, start + count, SEGMENT_FILES):
        index = pl.int_range(first, min(first + SEGMENT_FILES, start + count), eager=True)
        uri = pl.format(
            "/data/landing/orders/dt=2026-11-30/orders-{}.csv", index.cast(str).str.zfill(9)
        )
        version = (1_764_460_800_000_000_000 + index * 1_234_567).cast(str)
        yield pl.select(uri=uri, size=1000 + index % 977, version=version).cast(FILES)


def piece(index: int) -> Slice:
    """Return the same file as it is listed."""
    uri = f"/data/landing/orders/dt=2026-11-30/orders-{index:09d}.csv"
    return Slice(uri, 1000 + index % 977, str(1_764_460_800_000_000_000 + index * 1_234_567))


def memory() -> int:
    """Return the highest memory of this process so far, in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def per(base: int) -> str:
    """Return how much the peak has grown."""
    return f"{(memory() - base) / 1e6:.0f} MB more"


if __name__ == "__main__":
    main()
