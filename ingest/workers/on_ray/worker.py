"""What runs in each worker process of a Ray Data pool."""

import os
import pickle
import traceback
from typing import TYPE_CHECKING

import pyarrow as pa
import ray

from ingest.core.allocator import set_allocators
from ingest.core.collecting import uncollected
from ingest.core.outcome import Cause
from ingest.work.memory import guard, readable
from ingest.workers.on_ray.feed_source import GONE, frame, unframe
from ingest.workers.on_ray.state import share_of_node
from ingest.workers.processes.forking import THREADS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ingest.core.partition import Assignment

LAST_WORDS_S = 1.0


class PoolWorker:
    """Works packs one after the other; one instance for each actor of the pool.

    Whatever happens, it answers with the pack's outcomes, or the process ends: an exception would
    end the execution, and a clean exit would leave a hole in the pool that Ray does not fix
    (ray#62746).
    """

    def __init__(self, feed: str, share: int | None, limit: str, is_foreign: bool) -> None:
        # before the task is unpickled: Polars reads its variable when it is imported
        os.environ.update(dict.fromkeys(THREADS, "1"))
        set_allocators()
        pa.set_cpu_count(1)
        context = ray.get_runtime_context()
        self._name = context.get_worker_id()
        self._actor = context.get_actor_id()
        try:
            self._feed = ray.get_actor(feed)
            if is_foreign:
                ray.get(self._feed.surroundings.remote()).enter()
                os.environ.update(dict.fromkeys(THREADS, "1"))
            task = ray.get(self._feed.task.remote())
            with uncollected():
                self._task = pickle.loads(task)  # noqa: S301 - our driver made it
            self._guard(context.get_node_id(), share, limit)
        except Exception:
            if not context.was_current_actor_reconstructed:
                raise
            traceback.print_exc()
            os._exit(1)  # an exception would be the end of a worker that was started again

    def __call__(self, block: pa.Table) -> pa.Table:
        """Work a pack; return its outcomes in a block of one row."""
        index, payload = unframe(block)
        outcomes = []
        pack: Sequence[Assignment] = pickle.loads(payload) if payload else []  # noqa: S301
        if pack and self._begin(index, guarded=pack[0].search):
            try:
                outcomes = [self._task(each) for each in pack]
            except BaseException as error:  # noqa: BLE001 - the border of the process
                traceback.print_exc()
                cause: Cause = "lost_worker"
                if isinstance(error, MemoryError):
                    cause = "out_of_memory"
                words = f"the worker ended with {type(error).__name__}: {error}".rstrip(": ")
                self._end(cause, words)
        return frame(index, pickle.dumps(outcomes, protocol=5))

    def _begin(self, index: int, *, guarded: bool) -> bool:
        try:
            begin = self._feed.begin.remote(index, self._name, self._actor, guarded=guarded)
            return bool(ray.get(begin))
        except GONE:
            return True  # the feed has died; what is here already is still worth working

    def _guard(self, node: str, share: int | None, limit: str) -> None:
        if share is None:
            share = int(ray.get(self._feed.share.remote(node, share_of_node())))
        words = f"used more than its share of {readable(share)} of {limit}"
        guard(share, lambda used: self._end("out_of_memory", f"{words}: {readable(used)}"))

    def _end(self, cause: Cause, reason: str) -> None:
        """Tell the feed why, if it listens, and end the process."""
        try:
            ray.get(self._feed.ends.remote(self._name, cause, reason), timeout=LAST_WORDS_S)
        finally:
            os._exit(1)
