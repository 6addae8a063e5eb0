"""What a feed holds, as the blocks of a Ray Data set.

Data set and pool start before there is any work. One read task asks the feed for pack 0, 1, 2 and
so on, and yields each as a block. If that task dies, Ray starts it again, and because packs are
addressed by index and never consumed, it yields the same blocks again.
"""

from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import ray
from ray.data.block import BlockMetadata
from ray.data.datasource import Datasource, ReadTask

GONE = (ray.exceptions.RayActorError, ray.exceptions.OutOfMemoryError)
"""What Ray says of a feed that has died, or that its memory monitor has ended."""


class FeedSource(Datasource):
    """What the feed holds, as blocks of one row; the read task runs beside the driver."""

    def __init__(self, feed: Any) -> None:
        super().__init__()
        self._feed = feed

    @property
    def supports_distributed_reads(self) -> bool:
        """Keep the read task on the driver's node, so that no other node's death can touch it."""
        return False

    def estimate_inmemory_data_size(self) -> int | None:
        """Nobody knows how much there will be."""
        return None

    def get_read_tasks(
        self,
        parallelism: int,  # noqa: ARG002 - there is one feed
        per_task_row_limit: int | None = None,  # noqa: ARG002
        data_context: Any = None,  # noqa: ARG002
    ) -> list[ReadTask]:
        """Return the one endless task."""
        feed = self._feed
        unknown = BlockMetadata(num_rows=None, size_bytes=None, input_files=None, exec_stats=None)
        return [ReadTask(lambda: pull(feed), unknown)]


def pull(feed: Any) -> Iterator[pa.Table]:
    """Yield one block for each pack until the feed ends; a dead feed ends it too."""
    index, last = 0, False
    while not last:
        try:
            packs, last = ray.get(feed.get.remote(index))
        except GONE:
            return
        for pack in packs:
            yield frame(index, pack)
            index += 1


def frame(index: int, payload: bytes) -> pa.Table:
    """Make a block of a pack or of its answer: one row, its index and bytes."""
    columns = {"index": pa.array([index], pa.int64()), "payload": pa.array([payload], pa.binary())}
    return pa.table(columns)


def unframe(block: pa.Table) -> tuple[int, bytes]:
    """Return what `frame` was given."""
    return block["index"][0].as_py(), block["payload"][0].as_py()
