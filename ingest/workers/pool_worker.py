"""What runs in each worker process of a Ray Data pool."""

import os
import pickle
import traceback

import pyarrow as pa
import ray

from ingest.workers.feed_source import frame, unframe

THREADS = ("POLARS_MAX_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


class PoolWorker:
    """Works packs one after the other; one instance for each actor of the pool.

    Whatever happens, it answers with the pack's outcomes, or the process ends: an exception would
    end the execution, and a clean exit would leave a hole in the pool that Ray does not mend
    (ray#62746).
    """

    def __init__(self, feed: str) -> None:
        # before the task is unpickled: Polars reads its variable when it is imported
        os.environ.update(dict.fromkeys(THREADS, "1"))
        pa.set_cpu_count(1)
        context = ray.get_runtime_context()
        self._feed = ray.get_actor(feed)
        self._name = context.get_worker_id()
        self._actor = context.get_actor_id()
        self._task = pickle.loads(ray.get(self._feed.task.remote()))  # noqa: S301 - our driver made it

    def __call__(self, block: pa.Table) -> pa.Table:
        """Work a pack; return its outcomes in a block of one row."""
        index, payload = unframe(block)
        outcomes = []
        if payload and self._begin(index):
            try:
                outcomes = [self._task(each) for each in pickle.loads(payload)]  # noqa: S301
            except BaseException:  # noqa: BLE001 - the border of the process
                traceback.print_exc()
                os._exit(1)
        return frame(index, pickle.dumps(outcomes, protocol=5))

    def _begin(self, index: int) -> bool:
        try:
            return bool(ray.get(self._feed.begin.remote(index, self._name, self._actor)))
        except ray.exceptions.RayActorError:
            return True  # the feed has died; what is here already is still worth working
