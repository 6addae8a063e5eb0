"""A driver of its own, as each run is: it works where `cluster=local` leads, and says where."""

import json
import os
import sys
from pathlib import Path

from ray import cloudpickle

from ingest.core.outcome import Outcome
from ingest.core.partition import Assignment
from ingest.workers.on_ray.pool import RayDataWorkers
from tests.pools.obedient import assignments, work_off


class Tell:
    """Answers with what the worker sees of its driver's process."""

    def __call__(self, assignment: Assignment) -> Outcome:
        seen = f"{os.environ.get('OF_THE_RUN')} {Path.cwd()}"
        return Outcome(assignment.key, assignment.partition.id, worker=seen)


def main() -> None:
    cloudpickle.register_pickle_by_value(sys.modules[__name__])
    workers = RayDataWorkers(workers=2)
    workers.start(Tell())
    settled, _ = work_off(workers, assignments(["ok"] * 4))
    print(json.dumps([workers._pool.is_foreign, *{each.worker for each in settled.values()}]))
    sys.stdout.flush()
    sys.stdin.read()
    workers.close()


if __name__ == "__main__":
    main()
