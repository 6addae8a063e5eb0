"""The runs of a job as points over each other: duration, rows, rejected; a bad run stands out."""

import math
import statistics
from collections.abc import Callable, Sequence

from ingest.core.dataclass import dataclass
from ingest.watch.page.entry import ATTENTION, Entry

WIDTH, HEIGHT, LEFT, PAD = 1240, 128, 72, 10
SHOWN = 120
FEWEST = 5
"""So many published runs must there be before one of them is called unusual."""
DEVIATIONS, LEAST_CHANGE, LEAST_SHARE = 4.0, 0.25, 0.005


@dataclass(frozen=True, slots=True)
class Point:
    """A run in one plot, in the units of the drawing. `is_odd`: far from what is usual."""

    entry: Entry
    x: float
    y: float
    value: float
    shape: str
    is_odd: bool


@dataclass(frozen=True, slots=True)
class Plot:
    """One measure of a job's runs. `ticks` are heights with the values that they stand for."""

    name: str
    unit: str
    points: list[Point]
    ticks: list[tuple[float, float]]
    usual: float | None
    usual_y: float


MEASURES: dict[str, tuple[str, Callable[[Entry], float]]] = {
    "Duration": ("duration", lambda entry: entry.seconds),
    "Rows read": ("rows", lambda entry: entry.read),
    "Rejected": ("share", lambda entry: entry.reject_ratio),
}


def plots(entries: Sequence[Entry]) -> list[Plot]:
    """Return the plots of a job's last runs; `entries` come newest first."""
    shown = list(reversed(entries[:SHOWN]))
    return [_plot(name, unit, measure, shown) for name, (unit, measure) in MEASURES.items()]


def odd(entries: Sequence[Entry], entry: Entry) -> list[str]:
    """Return what is unusual about a run among the last ones of its job, in words."""
    if entry.state != "done":
        return []
    words = []
    for name, (unit, measure) in MEASURES.items():
        usual, reach = _usual(entries[:SHOWN], unit, measure)
        if usual is not None and abs(measure(entry) - usual) > reach:
            words.append(f"{name.lower()}: {'high' if measure(entry) > usual else 'low'}")
    return words


def _plot(name: str, unit: str, measure: Callable[[Entry], float], shown: list[Entry]) -> Plot:
    values = [measure(entry) for entry in shown]
    top = _nice(max(values, default=0.0))
    usual, reach = _usual(shown, unit, measure)
    step = (WIDTH - LEFT - PAD) / max(len(shown), 1)

    def height(value: float) -> float:
        return HEIGHT - PAD - (HEIGHT - 2 * PAD) * (value / top if top else 0.0)

    points = [
        Point(
            entry,
            round(LEFT + step * (number + 0.5), 1),
            round(height(value), 1),
            value,
            _shape(entry),
            usual is not None and entry.state == "done" and abs(value - usual) > reach,
        )
        for number, (entry, value) in enumerate(zip(shown, values, strict=True))
    ]
    ticks = [(round(height(value), 1), value) for value in (0.0, top / 2, top) if top or not value]
    return Plot(name, unit, points, ticks, usual, round(height(usual or 0.0), 1))


def _usual(
    entries: Sequence[Entry], unit: str, measure: Callable[[Entry], float]
) -> tuple[float | None, float]:
    """Return the median of published runs and how far from it is still usual; none of a few."""
    values = [measure(entry) for entry in entries if entry.state == "done"]
    if len(values) < FEWEST:
        return None, 0.0
    median = statistics.median(values)
    spread = statistics.median(abs(value - median) for value in values)
    least = LEAST_SHARE if unit == "share" else LEAST_CHANGE * abs(median)
    return median, max(DEVIATIONS * 1.4826 * spread, least)


def _shape(entry: Entry) -> str:
    if entry.state in ATTENTION:
        return "cross"
    return {"done": "dot", "running": "ring"}.get(entry.state, "dash")


def _nice(value: float) -> float:
    """Return a round number that is not less."""
    if value <= 0:
        return 0.0
    unit = 10.0 ** math.floor(math.log10(value))
    return next(
        unit * factor for factor in (1, 1.5, 2, 3, 4, 5, 6, 8, 10) if unit * factor >= value
    )
