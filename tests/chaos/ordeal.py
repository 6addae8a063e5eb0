"""One run, killed until it is done, and judged."""

import signal
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from random import Random

from ingest.core.errors import IngestError
from tests.chaos.bench import Bench
from tests.chaos.judging import Effort, Result, compare, is_done, last_run, leftovers
from tests.chaos.nursery import Child
from tests.chaos.places import Place
from tests.chaos.points import MARK, Death, read_log
from tests.chaos.shapes import Shape

MOST_ATTEMPTS = 30
SOFT = ((signal.SIGTERM,), (signal.SIGINT,), (signal.SIGTERM,) * 2, (signal.SIGINT,) * 2,
        (signal.SIGTERM, signal.SIGKILL))  # fmt: skip
ASKED_TO_STOP = {0, 130, -signal.SIGTERM, -signal.SIGINT}
"""How a process may end that was asked to: also at once, before it listens to signals."""

Meddle = Callable[[Place, int], None]
"""Harms a run's place after an attempt, by its number: what the harness must not overlook."""


@dataclass(frozen=True, slots=True)
class Kill:
    """A kill that took place: whose, and where it was, or how far the run had come."""

    target: str
    point: str


@dataclass(slots=True)
class Story:
    """What a run went through and what came of it. It is well if there are no `problems`."""

    seed: int
    on: str
    shape: str
    place: Place
    kills: list[Kill] = field(default_factory=list)
    attempts: int = 0
    lost: int = 0
    doubled: int = 0
    leftovers: int = 0
    finished: bool = False
    bytes: int = 0
    bytes_worked: int = 0
    problems: list[str] = field(default_factory=list)
    sinks: str = "disk"

    @property
    def replay(self) -> str:
        """The command that does the same again."""
        sinks = "" if self.sinks == "disk" else f" --sinks {self.sinks}"
        return f"python -m tests.chaos --seed {self.seed} --on {self.on}{sinks}"


def suffer(seed: int, bench: Bench, meddle: Meddle | None = None) -> Story:
    """Kill an in-process run as the seed says, until it is done; judge it.

    The first death is at the point whose turn it is: as many seeds in a row as there are points
    kill at each of them once. The further ones are drawn.
    """
    chance = Random(seed)
    names = list(bench.points)
    first = names[seed % len(names)]
    shape = chance.choice(bench.points[first])
    place = bench.make(shape, f"process-{seed}")
    story, effort = Story(seed, "process", shape.name, place), Effort()
    before = last_run(place)
    deaths = _deaths(chance, first, bench, shape)
    while not story.finished and not story.problems and story.attempts < MOST_ATTEMPTS:
        death = deaths.pop(0) if deaths else None
        story.attempts += 1
        _live(story, bench, shape, death)
        effort.look(place)
        if meddle:
            meddle(place, story.attempts)
        conclude(story, before)
    judge(story, bench, shape, effort)
    return story


def conclude(story: Story, before: str) -> None:
    """Note whether there is a run after `before` that has come to its end."""
    try:
        story.finished = is_done(story.place, before)
    except IngestError as error:
        story.problems.append(f"after attempt {story.attempts}: {error}")


def judge(story: Story, bench: Bench, shape: Shape, effort: Effort) -> None:
    """Compare what came of a run with the undisturbed one, and note all that differs."""
    if not story.finished:
        story.problems.append(f"not done after {story.attempts} attempts")
        return
    expected = bench.undisturbed(shape).result
    found = compare(Result.of(story.place, shape), expected)
    verified, cleaned = bench.verify(story.place), bench.clean(story.place)
    left = list(leftovers(story.place))
    story.lost, story.doubled, story.leftovers = found.lost, found.doubled, len(left)
    story.bytes_worked, story.bytes, in_vain = effort.count(story.place)
    story.problems += found.problems + in_vain + [f"left over: {name}" for name in left]
    story.problems += [problem for problem in (verified, cleaned) if problem]


def _deaths(chance: Random, first: str, bench: Bench, shape: Shape) -> list[Death | float]:
    """Draw how each attempt dies: at a point, or after so many seconds."""
    undisturbed = bench.undisturbed(shape)
    points = undisturbed.points
    deaths: list[Death | float] = [Death(first, chance.randint(1, points[first]))]
    for _ in range(chance.choice([0, 1, 1, 2, 3, 5])):
        kind = chance.random()
        name = chance.choice(list(points)) if kind < 0.4 else ""
        nth = chance.randint(1, points[name] if name else max(2, points.total() // 2))
        if kind < 0.15:
            deaths.append(chance.uniform(0.0, undisturbed.seconds))
        elif kind < 0.3:
            deaths.append(Death(name, nth, chance.choice(SOFT)))
        else:
            deaths.append(Death(name, nth))
    if chance.random() < 0.1:
        deaths[0] = Death(first, chance.randint(1, points[first]), chance.choice(SOFT))
    return deaths


def _live(story: Story, bench: Bench, shape: Shape, death: Death | float | None) -> None:
    """Let one attempt live, and note how it died."""
    at = death if isinstance(death, Death) else None
    child = bench.start(shape, story.place, at)
    if isinstance(death, float):
        time.sleep(death)
        child.kill()
    code = child.wait()
    log = read_log(child.life.log)
    struck = [line.removeprefix(MARK) for line in log if line.startswith(MARK)]
    if isinstance(death, float) and code == -signal.SIGKILL:
        story.kills.append(Kill("driver, at a moment", log[-1] if log else "start"))
    elif at and struck:
        story.kills.append(Kill(f"driver, {called(at.signals)}", struck[0]))
    story.problems += _wrong(code, at.signals if at and struck else (), death, child)


def _wrong(
    code: int | None, signals: Sequence[int], death: Death | float | None, child: Child
) -> list[str]:
    if code is None:
        return [f"hung for {child.life.deadline_s:.0f} s: {child.said()}"]
    if isinstance(death, float):
        allowed = {0, -signal.SIGKILL}
    elif signal.SIGKILL in signals:
        # what was asked to stop may have done so before the second signal
        allowed = {-signal.SIGKILL} if len(signals) == 1 else {-signal.SIGKILL, *ASKED_TO_STOP}
    else:
        allowed = ASKED_TO_STOP if signals else {0}
    return [] if code in allowed else [f"exit code {code}: {child.said()}"]


def called(signals: Sequence[int]) -> str:
    """Name signals that were sent one after the other."""
    return " then ".join(signal.Signals(number).name for number in signals)
