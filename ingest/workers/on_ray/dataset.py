"""The data set of an execution: a feed's packs, and a pool of actors that makes answers of them."""

from typing import Any

import ray
import ray.data
from ray.data import ActorPoolStrategy, DataContext

from ingest.work.memory import readable, share_of
from ingest.workers.on_ray.adapter import hush
from ingest.workers.on_ray.feed import OpenFeed
from ingest.workers.on_ray.feed_source import FeedSource
from ingest.workers.on_ray.fleet import Fleet
from ingest.workers.on_ray.observer import LossObserver, follow_starts, observed_context
from ingest.workers.on_ray.worker import PoolWorker
from ingest.workers.pool import Pool


def answers(pool: Pool, fleet: Fleet, feed: OpenFeed, observer: LossObserver) -> Any:
    """Return the data set whose blocks are answers, see `feed_source.frame`; it is not begun yet.

    It is as large as the fleet says, and what happens in it is told to the observer.
    """
    share, limit = None, "the free memory of its machine (execution.max_memory)"
    if pool.max_memory is not None:
        share = share_of(pool.max_memory, pool.workers)
        limit = f"execution.max_memory={readable(pool.max_memory)}"
    fleet.look()
    strategy = ActorPoolStrategy(
        min_size=1,
        max_size=None,
        initial_size=fleet.target,
        max_tasks_in_flight_per_actor=pool.in_flight,
    )
    place = {}
    if pool.is_pinned:
        place = {"label_selector": {"ray.io/node-id": ray.get_runtime_context().get_node_id()}}
    follow_starts()
    hush()  # again: importing Ray Data has set its loggers up
    with DataContext.current(observed_context(observer, fleet)):
        source = ray.data.read_datasource(FeedSource(feed.actor), override_num_blocks=1, num_cpus=0)
        return source.map_batches(
            PoolWorker,
            fn_constructor_args=(feed.name, share, limit, pool.is_foreign),
            batch_size=None,
            batch_format="pyarrow",
            num_cpus=1,
            compute=strategy,
            max_restarts=-1,
            max_task_retries=0,
            **place,
        )
