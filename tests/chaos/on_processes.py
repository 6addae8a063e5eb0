"""One run on worker processes, of which driver and workers are killed until it is done."""

from random import Random

import psutil

from tests.chaos.bench import Bench
from tests.chaos.judging import Effort, last_run
from tests.chaos.nursery import Child
from tests.chaos.on_ray import Attempt
from tests.chaos.ordeal import MOST_ATTEMPTS, Story, conclude, judge

ENDS = ("driver", "server", "point", "stop", "driver", "twice")
"""What the attempts of a run come to, in turns. After `server` an attempt goes on."""


def suffer_on_processes(seed: int, bench: Bench) -> Story:
    """Kill a run on worker processes as the seed says, until it is done; judge it.

    Each attempt loses some workers while it works; all but the last end by a kill of the driver or
    by a signal, or lose what the workers are forked from.
    """
    chance = Random(seed)
    shape = bench.shapes[seed % len(bench.shapes)]
    place = bench.make(shape, f"processes-{seed}", {"type": "processes"})
    story, effort = Story(seed, "processes", shape.name, place), Effort()
    before = last_run(place)
    ends = [ENDS[(seed + number) % len(ENDS)] for number in range(chance.choice([1, 2]))]
    while not story.finished and not story.problems and story.attempts < MOST_ATTEMPTS:
        story.attempts += 1
        _Attempt(story, bench, shape, chance, None).live(ends.pop(0) if ends else "")
        effort.look(place)
        conclude(story, before)
    judge(story, bench, shape, effort)
    return story


class _Attempt(Attempt):
    """One attempt at a run on worker processes: below the driver is what those are forked from."""

    fails = frozenset()

    def _worker(self, child: Child) -> str:
        server = psutil.Process(child.pid).children()[0]  # IndexError: the run has just ended
        self._chance.choice(server.children()).kill()
        return "pool worker, SIGKILL"

    def _server(self, child: Child) -> str:
        psutil.Process(child.pid).children()[0].kill()
        return "fork server, SIGKILL"
