"""Where runs are killed: their inputs, and what comes of each job if nobody disturbs it."""

import itertools
import shutil
import time
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from tests.chaos.judging import Result, last_run
from tests.chaos.nursery import Child, Life, Nursery
from tests.chaos.places import Place
from tests.chaos.points import Death, read_log
from tests.chaos.servers import DISK, Places
from tests.chaos.shapes import JOB, SHAPES, Shape

INLINE = {"type": "inline"}
NOWHERE = "elsewhere"
UNDISTURBED_S = 300.0  # 200 partitions in one process, on a server that others use


@dataclass(frozen=True, slots=True)
class Undisturbed:
    """A run that nobody killed: its result, how often it passed each point, how long it took."""

    result: Result
    points: Counter[str]
    seconds: float


class Bench:
    """A folder with a place for each job and each run; nothing outside it is written to.

    What an undisturbed run gives is worked out once for each shape, when it is first asked for.
    """

    def __init__(
        self,
        folder: Path,
        nursery: Nursery,
        shapes: Iterable[Shape] = SHAPES,
        places: Places = DISK,
    ) -> None:
        self.folder = folder.resolve()
        self.nursery = nursery
        self.shapes = tuple(shapes)
        self._places = places
        self._undisturbed: dict[str, Undisturbed] = {}
        self._numbers = itertools.count()

    @cached_property
    def points(self) -> dict[str, list[Shape]]:
        """Every point that an undisturbed run passes, with the shapes that pass it."""
        found: dict[str, list[Shape]] = {}
        for shape in self.shapes:
            for name in self.undisturbed(shape).points:
                found.setdefault(name, []).append(shape)
        return dict(sorted(found.items()))

    def undisturbed(self, shape: Shape) -> Undisturbed:
        """Return what comes of a job if nobody disturbs it."""
        if shape.name not in self._undisturbed:
            place = self.make(shape, f"undisturbed-{next(self._numbers)}")
            began = time.monotonic()
            child = self.start(shape, place, deadline_s=UNDISTURBED_S)
            code = child.wait()
            seconds = time.monotonic() - began
            if code != 0:
                raise RuntimeError(f"{shape.name}: exit code {code} undisturbed: {child.said()}")
            points = Counter(read_log(child.life.log))
            if any(name.startswith(NOWHERE) for name in points):
                raise RuntimeError(f"{shape.name}: points without a name: {sorted(points)}")
            self._undisturbed[shape.name] = Undisturbed(Result.of(place, shape), points, seconds)
            place.clear()
        return self._undisturbed[shape.name]

    def make(self, shape: Shape, name: str, cluster: Mapping[str, Any] = INLINE) -> Place:
        """Make a place for a run, with what an earlier run has published there if there was one."""
        place = self._places[shape.where](self.folder / name)
        if shape.earlier and place.is_copied:
            shutil.copytree(self._earlier(shape), place.folder)
        elif shape.earlier:
            self._publish_earlier(shape, place)
        place.folder.mkdir(exist_ok=True)
        self._write_job(shape, place, cluster)
        return place

    def start(
        self, shape: Shape, place: Place, death: Death | None = None, deadline_s: float = 60.0
    ) -> Child:
        """Start an attempt at the job in a place."""
        return self.nursery.start(
            Life(
                "ingest.run",
                (f"--conf={place.folder}/conf", f"+job={JOB}", "--progress=json"),
                root=place.folder,
                log=place.file(".points"),
                said=place.file(".said"),
                uris=place.uris,
                environment=place.environment,
                death=death,
                flush_s=shape.flush_s,
                deadline_s=deadline_s,
            )
        )

    def verify(self, place: Place) -> str:
        """Let `ingest verify` count again; return what it says, nothing if all agrees."""
        return self._command(place, "verify", last_run(place))

    def clean(self, place: Place) -> str:
        """Let `ingest clean` remove what killed runs leave; return why it could not."""
        return self._command(place, "clean") if place.is_cleaned else ""

    def _command(self, place: Place, *words: str) -> str:
        life = Life(
            "ingest",
            (*words, f"--state={place.state}"),
            root=place.folder,
            log=place.file(f".{words[0]}-points"),
            said=place.file(f".{words[0]}"),
            environment=place.environment,
        )
        child = self.nursery.start(life)
        return "" if child.wait() == 0 else f"ingest {words[0]}: {child.said()}"

    def _write_job(
        self, shape: Shape, place: Place, cluster: Mapping[str, Any], *, earlier: bool = False
    ) -> None:
        source = self._input(shape, earlier=earlier)
        size = sum(file.stat().st_size for file in source.iterdir())
        where = {"source": place.source(source), "state": place.state}
        shape.write_job(place.folder, size, cluster, sink=place.sink(shape), **where)

    def _input(self, shape: Shape, *, earlier: bool = False) -> Path:
        folder = self.folder / ("earlier-input" if earlier else "input") / _slug(shape)
        if not folder.exists():
            shape.write_input(folder, earlier=earlier)
        return folder

    def _earlier(self, shape: Shape) -> Path:
        folder = self.folder / f"earlier-{_slug(shape)}"
        if not folder.exists():
            self._publish_earlier(shape, self._places[shape.where](folder))
        return folder

    def _publish_earlier(self, shape: Shape, place: Place) -> None:
        place.folder.mkdir()
        self._write_job(shape, place, INLINE, earlier=True)
        child = self.start(shape, place)
        if child.wait() != 0:
            raise RuntimeError(f"{shape.name}: the earlier run failed: {child.said()}")


def _slug(shape: Shape) -> str:
    return "-".join(shape.name.replace(",", "").split())
