"""What was measured, as it is kept: a JSON file for each scenario, with every single run.

A session is what was measured side by side; only figures of one session are ever compared. A file
keeps the newest session, and of the older ones those that alone hold a contender's last figures.
"""

import json
import os
import platform
import statistics
import subprocess
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.scenario import REPOSITORY

Figures = dict[str, float]

MADE = ("benchmarks/results", "docs/reference/benchmarks.md")
"""What benchmarks write in the repository."""


@dataclass(frozen=True)
class Entry:
    """A contender in a session; `problem` says why its figures do not count, or is empty.

    `input` has files, bytes and rows; `output` is its digest, see `parity`.
    """

    version: str = ""
    command: str = ""
    input: dict[str, int] = field(default_factory=dict)
    output: dict[str, Any] = field(default_factory=dict)
    runs: tuple[dict[str, Any], ...] = ()
    problem: str = ""

    @property
    def went_wrong(self) -> bool:
        """Whether it ran and failed; who cannot do a scenario, or is not set up, has not."""
        return bool(self.problem) and not self.problem.startswith(("cannot", "not set up"))

    @property
    def figures(self) -> Figures:
        """The medians of all runs, and rates: rows and bytes per second and per CPU-second."""
        if self.problem or not self.runs:
            return {}
        found = {name: median for name in self.runs[0] if (median := self._median(name))}
        for what in ("rows", "bytes"):
            for per in ("steady", "wall", "cpu"):
                if self.input.get(what) and found.get(f"{per}_s"):
                    found[f"{what}_per_{per}_s"] = self.input[what] / found[f"{per}_s"]
        if found.get("plan_s"):
            found["files_planned_per_s"] = self.input["files"] / found["plan_s"]
        return found

    def spread(self, name: str) -> tuple[float, float]:
        """Return the least and the greatest value of a figure."""
        values = [run[name] for run in self.runs]
        return min(values), max(values)

    def _median(self, name: str) -> float | None:
        values = [value for run in self.runs if isinstance(value := run.get(name), int | float)]
        return statistics.median(values) if values else None


@dataclass(frozen=True)
class Session:
    """What was measured side by side, when, where and how."""

    date: str
    revision: str
    command: str
    hardware: dict[str, Any]
    scale: str
    contenders: dict[str, Entry]

    @property
    def figures(self) -> dict[str, Figures]:
        """The figures that count, by contender."""
        return {name: found for name, each in self.contenders.items() if (found := each.figures)}


@dataclass(frozen=True)
class Result:
    """A scenario's sessions, the oldest first."""

    scenario: str
    title: str
    sessions: tuple[Session, ...]

    def latest(self) -> dict[str, Session]:
        """Return for each contender the last session that it took part in."""
        return {name: each for each in self.sessions for name in each.contenders}


def read(folder: Path) -> dict[str, Result]:
    """Read the results of all scenarios that have some."""
    texts = (file.read_text(encoding="utf-8") for file in sorted(folder.glob("*.json")))
    found = [_decoded(json.loads(text)) for text in texts]
    return {result.scenario: result for result in found}


def add(
    folder: Path, scenario: str, title: str, session: Session, *, alone: bool = False
) -> Result:
    """Write a session into its scenario's file, and drop those that it makes superfluous.

    With `alone` these are all others: it has everybody who takes part.
    """
    found = None if alone else read(folder).get(scenario)
    earlier = found.sessions if found else ()
    result = Result(scenario, title, (*earlier, session))
    needed = {id(each) for each in result.latest().values()}
    result = Result(scenario, title, tuple(each for each in result.sessions if id(each) in needed))
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps(_encoded(result), indent=1, ensure_ascii=False)
    (folder / f"{scenario}.json").write_text(text + "\n", encoding="utf-8")
    return result


def hardware() -> dict[str, Any]:
    """Say what machine this is."""
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    model = next((line.partition(": ")[2] for line in lines if line.startswith("model name")), "")
    return {
        "cpu": model or platform.processor(),
        "cores": len(os.sched_getaffinity(0)),
        "memory_bytes": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        "system": platform.platform(),
        "python": platform.python_version(),
    }


def revision() -> str:
    """Return the Git revision, with `+changes` if files differ from it that are no results."""
    commit = _git("rev-parse", "--short=10", "HEAD")
    changes = _git("status", "--porcelain", "--", ".", *(f":!{path}" for path in MADE))
    return f"{commit}+changes" if changes else commit


def _git(*arguments: str) -> str:
    told = subprocess.run(
        ["git", *arguments], cwd=REPOSITORY, capture_output=True, text=True, check=False
    )
    return told.stdout.strip()


def _encoded(result: Result) -> dict[str, Any]:
    plain = asdict(result)
    for session, encoded in zip(result.sessions, plain["sessions"], strict=True):
        for name, entry in session.contenders.items():
            encoded["contenders"][name]["median"] = entry.figures
    return plain


def _decoded(plain: Mapping[str, Any]) -> Result:
    sessions = []
    for session in plain["sessions"]:
        entries = {}
        for name, each in session["contenders"].items():
            kept = {key: value for key, value in each.items() if key != "median"}
            entries[name] = Entry(**{**kept, "runs": tuple(each["runs"])})
        sessions.append(Session(**{**session, "contenders": entries}))
    return Result(plain["scenario"], plain["title"], tuple(sessions))
