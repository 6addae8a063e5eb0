"""Many runs, killed as many times as asked: in process by the mass, on Ray for the rest."""

import shutil
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.chaos.bench import Bench
from tests.chaos.cluster import Nodes, environment, nodes
from tests.chaos.kinds import KINDS, Kind
from tests.chaos.nursery import Nursery, nursery
from tests.chaos.on_processes import suffer_on_processes
from tests.chaos.on_ray import suffer_on_ray
from tests.chaos.ordeal import Meddle, Story, suffer
from tests.chaos.servers import DISK, Places, servers
from tests.chaos.shapes import Shape
from tests.chaos.tally import Tally

LANES = 2
NODES = 3
CLUSTER_SHARE = 0.25
"""How many of the kills on Ray are on a cluster of several nodes."""

PROCESSES_SHARE = 0.2
"""How many of the other kills are on worker processes."""

Tell = Callable[[Story, Tally], None]


@dataclass(slots=True)
class Campaign:
    """Runs stories until so many kills have taken place, or so many `runs`, or time is over.

    Their seeds are `step` apart: with 4, runs in process are first killed at every fourth point.

    Places of runs in which something was wrong are kept, the others removed. `tell` is called
    after each story, by one thread at a time. `meddle` is for testing this very harness.
    """

    folder: Path
    nursery: Nursery
    seed: int
    tell: Tell
    step: int = 1
    until: float = float("inf")
    runs: int | None = None
    meddle: Meddle | None = None
    sinks: str = "disk"
    places: Places = field(default_factory=lambda: DISK)
    tally: Tally = field(default_factory=Tally)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _benches: dict[str, Bench] = field(default_factory=dict)

    @property
    def kind(self) -> Kind:
        """The shapes that are killed."""
        return KINDS[self.sinks]

    def in_process(self, kills: int) -> Bench:
        """Kill in-process runs, some at a time; return where."""
        bench = self._benches.setdefault("process", self._bench("process", self.kind.in_process))
        bench.points  # noqa: B018 - before there are several threads
        with ThreadPoolExecutor(LANES) as lanes:
            enough = kills + self.tally.kills
            for lane in [lanes.submit(self._lane, enough, bench) for _ in range(LANES)]:
                lane.result()
        return bench

    def on_processes(self, kills: int) -> None:
        """Kill runs on worker processes."""
        bench = self._bench("processes", self.kind.on_processes)
        for seed in self._seeds(self.tally.kills + kills):
            self._note(suffer_on_processes(seed, bench))

    def on_ray(self, kills: int) -> None:
        """Kill runs on a Ray of their own."""
        self._series(kills, self._bench("alone", self.kind.on_ray), None)

    def on_cluster(self, kills: int) -> None:
        """Kill runs on a cluster, and nodes of it."""
        with nodes(NODES) as cluster:
            self._series(kills, self._bench("cluster", self.kind.on_ray), cluster)

    def _series(self, kills: int, bench: Bench, cluster: Nodes | None) -> None:
        enough = self.tally.kills + kills
        for seed in self._seeds(enough):
            self._note(suffer_on_ray(seed, bench, cluster))

    def _lane(self, enough: int, bench: Bench) -> None:
        for seed in self._seeds(enough):
            self._note(suffer(seed, bench, self.meddle))

    def _seeds(self, enough: int) -> Iterator[int]:
        while self.tally.kills < enough and time.monotonic() < self.until:
            with self._lock:
                if self.runs == 0:
                    return
                self.runs = self.runs and self.runs - 1
                seed = self.seed
                self.seed += self.step
            yield seed

    def _note(self, story: Story) -> None:
        with self._lock:
            story.sinks = self.sinks
            self.tally.add(story)
            if not story.problems:
                story.place.clear()
            self.tell(story, self.tally)

    def _bench(self, name: str, shapes: tuple[Shape, ...]) -> Bench:
        folder = self.folder / name
        folder.mkdir(exist_ok=True)
        return Bench(folder, self.nursery, shapes, self.places)


@contextmanager
def campaign(folder: Path, seed: int, tell: Tell, sinks: str = "disk") -> Iterator[Campaign]:
    """Prepare a campaign in a folder, which is removed after it if nothing was wrong.

    `sinks` is the kind of them, with the servers that it needs; see `kinds`.
    """
    ray = folder / "ray"
    ray.mkdir(parents=True)
    with (
        servers(KINDS[sinks].in_process) as (places, leading),
        nursery(**environment(ray), **leading) as children,
    ):
        made = Campaign(folder, children, seed, tell, sinks=sinks, places=places)
        yield made
    shutil.rmtree(ray, ignore_errors=True)
    if made.tally.well:
        shutil.rmtree(folder)
