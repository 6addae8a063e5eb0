"""One run on Ray, of which driver, workers, raylet and nodes are killed until it is done."""

import re
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from random import Random
from typing import Any

import psutil

from tests.chaos.bench import Bench
from tests.chaos.cluster import Nodes, below, pool_workers, raylets, still_there
from tests.chaos.judging import Effort
from tests.chaos.nursery import Child
from tests.chaos.ordeal import (
    ASKED_TO_STOP,
    MOST_ATTEMPTS,
    Kill,
    Story,
    called,
    conclude,
    judge,
)
from tests.chaos.points import MARK, Death, read_log
from tests.chaos.shapes import Shape

DEADLINE_S = 240.0  # a busy machine is slow, not hung
POLL_S = 0.02
_SETTLED = re.compile(rb'"event": ?"settled"')

PRIVATE = ("driver", "raylet", "point", "stop", "driver", "twice")
SHARED = ("node", "driver", "node", "point", "node", "stop")
"""What the attempts of a run come to, in turns: on a Ray of its own, and on a cluster."""
POINTS = (
    "ledger link: settled",
    "ledger link: publish_begin",
    "ledger link: published",
    "plan link",
)


def suffer_on_ray(seed: int, bench: Bench, cluster: Nodes | None = None) -> Story:
    """Kill a run on Ray as the seed says, until it is done; judge it.

    Each attempt loses some workers while it works; all but the last end by a kill of the driver or
    of its raylet, or by a signal. A node that is lost of a cluster is replaced for the next
    attempt; the run goes on with the others.
    """
    chance = Random(seed)
    on = "cluster" if cluster else "ray"
    shape = bench.shapes[seed % len(bench.shapes)]
    bench.undisturbed(shape)  # a whole run: an attempt would have ended before it was known
    address: dict[str, Any] = {"type": "local"}
    if cluster:  # its nodes are all on this machine
        address = {"type": "address", "address": cluster.address, "shared": ["/"]}
    place = bench.make(shape, f"{on}-{seed}", address)
    story, effort = Story(seed, on, shape.name, place), Effort()
    ways = SHARED if cluster else PRIVATE
    ends = [ways[(seed + number) % len(ways)] for number in range(chance.choice([1, 2]))]
    while not story.finished and not story.problems and story.attempts < MOST_ATTEMPTS:
        story.attempts += 1
        attempt = Attempt(story, bench, shape, chance, cluster)
        attempt.live(ends.pop(0) if ends else "")
        effort.look(place)
        conclude(story, "")
    judge(story, bench, shape, effort)
    return story


class Attempt:
    """One attempt at a run on Ray. `fails` are the ends that a driver cannot go on after."""

    fails = frozenset({"raylet"})

    def __init__(
        self, story: Story, bench: Bench, shape: Shape, chance: Random, cluster: Nodes | None
    ) -> None:
        self._story = story
        self._bench = bench
        self._shape = shape
        self._chance = chance
        self._cluster = cluster
        self._said_before = 0
        self._lost_nodes = 0
        # asked before the run begins: the first time a whole run is made to know it
        self._partitions = bench.undisturbed(shape).result.receipt["partitions"]

    def live(self, end: str) -> None:
        """Live, lose workers, and die as told; an empty `end` is to be done."""
        death = Death(self._chance.choice(POINTS)) if end == "point" else None
        said = self._story.place.file(".said")
        self._said_before = said.stat().st_size if said.exists() else 0
        child = self._bench.start(self._shape, self._story.place, death, DEADLINE_S)
        for share in sorted(self._chance.random() * 0.7 for _ in range(2)):
            self._at(child, share, self._worker)
        if end not in {"", "point"}:
            self._at(child, self._chance.uniform(0.2, 0.9), getattr(self, f"_{end}"))
        processes = below(child.pid)
        code = child.wait()
        self._bury(child, code, end, processes)
        for _ in range(self._lost_nodes):
            assert self._cluster is not None
            self._cluster.add()

    def _bury(
        self, child: Child, code: int | None, end: str, processes: list[psutil.Process]
    ) -> None:
        story = self._story
        struck = [line.removeprefix(MARK) for line in read_log(child.life.log) if MARK in line]
        story.kills += [Kill("driver, SIGKILL", point) for point in struck]
        allowed: set[int | None] = {0, *([-signal.SIGKILL] if struck or end == "driver" else [])}
        allowed |= ASKED_TO_STOP if end in {"stop", "twice"} else set()
        allowed |= {1} if end in self.fails else set()
        if code is None:
            story.problems.append(f"hung for {child.life.deadline_s:.0f} s: {child.said()[-5000:]}")
        elif code not in allowed:
            story.problems.append(f"exit code {code}: {child.said()[-5000:]}")
        stayed = still_there(processes)
        story.leftovers += len(stayed)
        story.problems += [f"left running: {name}" for name in stayed]

    def _at(self, child: Child, share: float, kill: Callable[[Child], str]) -> None:
        """Kill when that share of what was open in this attempt is settled."""
        total = self._partitions
        while child.lives and child.wait(POLL_S) is None:
            if time.monotonic() - child.began > child.life.deadline_s:
                return
            settled, begun = self._settled(child)
            if begun is not None and settled >= 1 + share * (total - begun):
                with suppress(psutil.NoSuchProcess, IndexError):
                    target = kill(child)
                    done = 100 * (begun + settled) // total
                    quarter = min(3, done // 25)
                    point = f"{25 * quarter} to {25 * quarter + 25} % completed"
                    self._story.kills.append(Kill(target, point))
                return

    def _settled(self, child: Child) -> tuple[int, int | None]:
        if not child.life.said.exists():
            return 0, None
        said = child.life.said.read_bytes()[self._said_before :]
        begun = re.search(rb'"event": ?"attempt".*?"settled": ?(\d+)', said)
        return len(_SETTLED.findall(said)), int(begun[1]) if begun else None

    def _worker(self, child: Child) -> str:
        workers = pool_workers(self._cluster.pid if self._cluster else child.pid)
        self._chance.choice(workers).kill()
        return "pool worker, SIGKILL"

    def _driver(self, child: Child) -> str:
        child.kill()
        return "driver, SIGKILL"

    def _raylet(self, child: Child) -> str:
        self._chance.choice(raylets(child.pid)).kill()
        return "raylet, SIGKILL"

    def _stop(self, child: Child) -> str:
        number = self._chance.choice([signal.SIGTERM, signal.SIGINT])
        child.kill(number)
        return f"driver, {called([number])}"

    def _twice(self, child: Child) -> str:
        child.kill(signal.SIGINT)
        time.sleep(self._chance.random())
        child.kill(signal.SIGINT)
        return f"driver, {called([signal.SIGINT] * 2)}"

    def _node(self, _child: Child) -> str:
        assert self._cluster is not None
        self._cluster.lose()
        self._lost_nodes += 1
        return "node, all its processes"
