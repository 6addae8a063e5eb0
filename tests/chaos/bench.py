"""Where runs are killed: their inputs, and what comes of each job if nobody disturbs it."""

import itertools
import shutil
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from tests.chaos.judging import Result, last_run
from tests.chaos.nursery import Child, Life, Nursery
from tests.chaos.points import Death, read_log
from tests.chaos.shapes import JOB, SHAPES, Shape

INLINE = {"type": "inline"}
NOWHERE = "elsewhere"


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

    def __init__(self, folder: Path, nursery: Nursery, shapes: Iterable[Shape] = SHAPES) -> None:
        self.folder = folder.resolve()
        self.nursery = nursery
        self.shapes = tuple(shapes)
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
            child = self.start(shape, place)
            code = child.wait()
            seconds = time.monotonic() - began
            if code != 0:
                raise RuntimeError(f"{shape.name}: exit code {code} undisturbed: {child.said()}")
            points = Counter(read_log(child.life.log))
            if any(name.startswith(NOWHERE) for name in points):
                raise RuntimeError(f"{shape.name}: points without a name: {sorted(points)}")
            self._undisturbed[shape.name] = Undisturbed(Result.of(place, shape), points, seconds)
            self.clear(place)
        return self._undisturbed[shape.name]

    def make(self, shape: Shape, name: str, cluster: dict[str, str] = INLINE) -> Path:
        """Make a place for a run, with what an earlier run has published there if there was one."""
        place = self.folder / name
        if shape.earlier:
            shutil.copytree(self._earlier(shape), place)
        place.mkdir(exist_ok=True)
        shape.write_job(place, self._input(shape), cluster)
        return place

    def start(
        self, shape: Shape, place: Path, death: Death | None = None, deadline_s: float = 60.0
    ) -> Child:
        """Start an attempt at the job in a place."""
        return self.nursery.start(
            Life(
                "ingest.run",
                (f"--conf={place}/conf", f"+job={JOB}", "--progress=json"),
                root=place,
                log=place.with_suffix(".points"),
                said=place.with_suffix(".said"),
                death=death,
                flush_s=shape.flush_s,
                deadline_s=deadline_s,
            )
        )

    def verify(self, place: Path) -> str:
        """Let `ingest verify` count again; return what it says, nothing if all agrees."""
        said = place.with_suffix(".verified")
        life = Life(
            "ingest",
            ("verify", last_run(place), f"--state={place}/state"),
            root=place,
            log=place.with_suffix(".verify-points"),
            said=said,
        )
        child = self.nursery.start(life)
        return "" if child.wait() == 0 else child.said()

    def command(self, place: Path) -> str:
        """Return what a person would type to go on with the run in a place."""
        return f"python -m ingest.run --conf {place}/conf +job={JOB}"

    def clear(self, place: Path) -> None:
        """Remove a place and all that was noted of it."""
        shutil.rmtree(place)
        for file in self.folder.glob(f"{place.name}.*"):
            file.unlink()

    def _input(self, shape: Shape, *, earlier: bool = False) -> Path:
        folder = self.folder / ("earlier-input" if earlier else "input") / _slug(shape)
        if not folder.exists():
            shape.write_input(folder, earlier=earlier)
        return folder

    def _earlier(self, shape: Shape) -> Path:
        place = self.folder / f"earlier-{_slug(shape)}"
        if not place.exists():
            place.mkdir()
            shape.write_job(place, self._input(shape, earlier=True), INLINE)
            child = self.start(shape, place)
            if child.wait() != 0:
                raise RuntimeError(f"{shape.name}: the earlier run failed: {child.said()}")
        return place


def _slug(shape: Shape) -> str:
    return "-".join(shape.name.replace(",", "").split())
