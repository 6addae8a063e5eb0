"""What keeps workers that are forked from drawing the same random ids; made for Ray 2.60.

Ray's core draws ids from one generator of the process, which is seeded when it first draws. Workers
forked after that would all draw the same ones: two that start at the same moment put the same
object into the store, and one of them dies; two that call the same actor from a thread use the same
task id, and the actor dies. So nothing may be drawn before. Importing Ray Data does: it declares
actors, and each class of them is given an id.
"""

import os
from contextlib import AbstractContextManager
from typing import Any

import ray
import ray.actor

from ingest.core.forking import fork
from ingest.workers.on_ray.replacing import replacing


def nothing_drawn() -> AbstractContextManager[None]:
    """Give the classes of actors that are declared within ids of Python's instead of Ray's."""
    return replacing((ray.actor, "ActorClassID", _ClassIds))


def forks_differ() -> bool:
    """Whether two processes forked from this one draw different ids."""
    return _child_draws() != _child_draws()


class _ClassIds:
    @staticmethod
    def from_random() -> Any:
        return ray.ActorClassID(os.urandom(ray.ActorClassID.size()))


def _child_draws() -> bytes:
    """Fork a process that draws an id; return the id."""
    mine, its = os.pipe()
    if (child := fork()) == 0:
        try:
            os.write(its, ray.ObjectRef.from_random().binary())
        finally:
            os._exit(0)
    os.close(its)
    with os.fdopen(mine, "rb") as drawn:
        read = drawn.read()
    os.waitpid(child, 0)
    return read
