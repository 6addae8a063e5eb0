"""What is promised of the figures (`conf/targets.yaml`), and whether it is met."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

import yaml
from pydantic import model_validator

from benchmarks.results import Result, Session
from benchmarks.scenario import CONF, Names
from ingest.core.model import Model

GROUPS = {
    "best": ("polars", "duckdb", "pyarrow", "daft"),
    "plain_ray": ("ray_data_tasks", "ray_data_actors"),
}
"""Contenders of which the best one counts."""


class Target(Model):
    """A bound on a figure of a contender, as it is or against others of the same session."""

    what: str
    """What is promised, in words."""
    scenarios: tuple[str, ...]
    """Where it is promised."""
    figure: str = "steady_s"
    """Which figure is compared."""
    of: Names
    """Whose: a contender, several, or a group of `GROUPS`."""
    against: Names | None = None
    """Against whose. Without it the figure counts as it is."""
    by: Literal["ratio", "difference"] = "ratio"
    """How the two are compared."""
    at_most: float | None = None
    """The bound from above."""
    at_least: float | None = None
    """The bound from below."""
    on_at_least: int | None = None
    """On how many of the scenarios it must hold. Without it: on each, judged one by one."""
    reach: str = ""
    """Which design would reach it, and what is known of its price; shown while it is not met."""

    @model_validator(mode="after")
    def _bounded(self) -> "Target":
        if (self.at_most is None) == (self.at_least is None):
            raise ValueError(f'"{self.what}": one of at_most and at_least is wanted')
        return self

    @property
    def bound(self) -> str:
        """The bound as it is shown."""
        return f"≤ {self.at_most:g}" if self.at_most is not None else f"≥ {self.at_least:g}"

    def holds(self, value: float) -> bool:
        """Whether a value keeps the bound."""
        if self.at_most is not None:
            return value <= self.at_most
        return self.at_least is not None and value >= self.at_least

    def value(self, session: Session) -> float | None:
        """Return what a session says of it, None if it says nothing."""
        one = self._best(session, self.of)
        if self.against is None or one is None:
            return one
        other = self._best(session, self.against)
        if not other:
            return None
        return one / other if self.by == "ratio" else one - other

    def _best(self, session: Session, names: tuple[str, ...]) -> float | None:
        """Return the least: all figures that are compared are better when they are less."""
        members = [each for name in names for each in GROUPS.get(name, (name,))]
        figures = (session.figures.get(member, {}).get(self.figure) for member in members)
        return min((figure for figure in figures if figure is not None), default=None)


@dataclass(frozen=True)
class Verdict:
    """Whether a target is met: `met` is None where nothing was measured."""

    target: Target
    scenario: str
    value: float | None = None
    met: bool | None = None
    date: str = ""

    @property
    def text(self) -> str:
        """The verdict in words."""
        return {True: "met", False: "not met", None: "not measured"}[self.met]


def targets() -> list[Target]:
    """Read all targets."""
    text = (CONF / "targets.yaml").read_text(encoding="utf-8")
    return [Target.model_validate(each) for each in yaml.safe_load(text)]


def judge(results: Mapping[str, Result]) -> Iterator[Verdict]:
    """Yield a verdict for each target and scenario; one for a target on some of its scenarios."""
    for target in targets():
        verdicts = [_verdict(target, name, results.get(name)) for name in target.scenarios]
        if target.on_at_least is None:
            yield from verdicts
            continue
        met, open_ = (sum(each.met is state for each in verdicts) for state in (True, None))
        possible = met + open_ >= target.on_at_least
        decided = met >= target.on_at_least or (None if possible else False)
        dates = [each.date for each in verdicts if each.date]
        value = float(met) if dates else None
        yield Verdict(target, ", ".join(target.scenarios), value, decided, max(dates, default=""))


def _verdict(target: Target, scenario: str, result: Result | None) -> Verdict:
    for session in reversed(result.sessions if result else ()):
        if (value := target.value(session)) is not None:
            return Verdict(target, scenario, value, target.holds(value), session.date[:10])
    return Verdict(target, scenario)
