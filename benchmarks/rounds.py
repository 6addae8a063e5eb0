"""Run contenders in turns, compare what they made, and keep what each run took."""

import json
import os
import shutil
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from benchmarks import parity
from benchmarks.contenders import Contender, environment, run_of
from benchmarks.inputs import Input
from benchmarks.measure import Measured, measure
from benchmarks.results import Entry
from benchmarks.scenario import FOLDER, OURS, REPOSITORY, Scenario, Settings

Say = Callable[[str], None]


@dataclass
class Place:
    """A contender in a session: what it reads, and whether others must make the same of it."""

    contender: Contender
    given: Input
    comparable: bool = True
    runs: list[dict[str, Any]] = field(default_factory=list)
    digest: parity.Digest | None = None
    command: str = ""
    version: str = ""
    rows: int | None = None
    problem: str = ""


def compete(settings: Settings, places: Sequence[Place], say: Say) -> dict[str, Entry]:
    """Let all run, one after the other, round after round; return what came of each.

    The first of the places is whom the others' outputs are compared with, as soon as both stand
    and before a time is shown. Who fails once or makes something else runs no more.
    """
    began = time.monotonic()
    for number in range(settings.repeats):
        if number and time.monotonic() - began > settings.budget_s:
            say(f"the budget of {settings.budget_s:g} s is spent after {number} rounds")
            break
        for place in places:
            if not place.problem:
                _run(settings, place, places[0])
                say(f"  {place.contender.name:<18} {_shown(place)}")
    rows = next((place.rows for place in places if place.rows), None)
    return {place.contender.name: _entry(place, rows) for place in places}


def run_script(settings: Settings, say: Say) -> dict[str, Entry]:
    """Run the scenario's script as often as wanted; it says the figures of each contender itself.

    Its last line that begins with FIGURES is JSON: the figures by contender and name.
    """
    scenario = settings.scenario
    told = scenario.small_arguments if settings.scale == "small" else scenario.arguments
    command = [sys.executable, "-m", f"benchmarks.scripts.{scenario.script}", *told]
    folder = _folder(settings, "script")
    measured = _measure(settings, command, folder)
    problem, shown = _failure(measured), " ".join(["python", *command[1:]])
    lines = Path(measured.stdout).read_text(encoding="utf-8").splitlines()
    said = [line.removeprefix("FIGURES ") for line in lines if line.startswith("FIGURES ")]
    if not said:
        entry = Entry(command=shown, problem=problem or "failed: it printed no line FIGURES")
        say(f"  {OURS:<18} {entry.problem}")
        return {OURS: entry}
    say("\n".join(f"  {line}" for line in lines if not line.startswith("FIGURES ")))
    figures = json.loads(said[-1])
    return {
        name: Entry(command=shown, runs=({**each, "load": measured.load},))
        for name, each in figures.items()
    }


def _run(settings: Settings, place: Place, first: Place) -> None:
    output = _folder(settings, place.contender.name)
    (output / "out").mkdir()
    os.sync()  # what the one before has written is not left for this one to wait for
    command = place.contender.command(place.given, output / "out")
    place.command = _shareable(settings, command)
    measured = _measure(settings, command, output, place.given.folder)
    if problem := _failure(measured):
        place.problem = problem
        return
    try:
        told = place.contender.told(measured, output / "out")
    except (ValueError, KeyError, IndexError) as error:
        place.problem = f"failed: {error!r}: see {measured.stdout}"
        return
    place.version, place.rows = told.version, told.rows
    place.problem = _compared(settings.scenario, place, first, output / "out")
    if not place.problem:
        place.runs.append({**asdict(run_of(measured, told)), **told.more})
    shutil.rmtree(output)


def _compared(scenario: Scenario, place: Place, first: Place, output: Path) -> str:
    """Say in what the output differs from the first contender's, or from this one's before."""
    if place.digest:
        expected = (place.digest.good, place.digest.bad)
        found = parity.rows(output)
        return "" if found == expected else f"MISMATCH: {found} rows, {expected} before"
    try:
        place.digest = parity.digest(output, scenario.keys, scenario.digits)
    except parity.Unreadable as error:
        return f"MISMATCH: {error}"
    if place is first or not place.comparable:
        return ""
    if first.digest is None:
        return f"no parity: {first.contender.name} has no output to compare with"
    wrong = parity.difference(first.digest, place.digest)
    return f"MISMATCH: {wrong}" if wrong else ""


def _measure(
    settings: Settings, command: list[str], folder: Path, given: Path | None = None
) -> Measured:
    """Run a command; BENCH_INPUT names the input's folder to functions that a job calls."""
    return measure(
        command,
        folder / "measured",
        cwd=FOLDER,
        env={**environment(), "BENCH_INPUT": str(given or "")},
        cpus=settings.cpus,
        timeout_s=settings.timeout_s,
    )


def _failure(measured: Measured) -> str:
    if measured.timed_out:
        return f"failed: it was ended after {measured.wall_s:.0f} s"
    if not measured.exit:
        return ""
    lines = Path(measured.stderr).read_text(encoding="utf-8", errors="replace").split("\n")
    said = next((line.strip() for line in reversed(lines) if line.strip()), "it said nothing")
    return f"failed: exit code {measured.exit}: {said[:200]}"


def _folder(settings: Settings, name: str) -> Path:
    """Make an empty folder for a run."""
    folder = (settings.home / "out" / settings.scenario.name / name).resolve()
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def _shareable(settings: Settings, command: Iterable[str]) -> str:
    """Return a command without the folders of this machine."""
    text = " ".join(["python", *list(command)[1:]])
    text = text.replace(str(settings.home.resolve()), "$HOME_OF_BENCHMARKS")
    return text.replace(str(REPOSITORY), ".")


def _entry(place: Place, rows: int | None) -> Entry:
    digest = place.digest
    output = {"good": digest.good, "bad": digest.bad, "reasons": digest.reasons,
              "rows": digest.rows} if digest else {}  # fmt: skip
    given = {"files": place.given.files, "bytes": place.given.bytes}
    if count := place.rows or (rows if place.comparable else None):
        given["rows"] = count
    return Entry(place.version, place.command, given, output, tuple(place.runs), place.problem)


def _shown(place: Place) -> str:
    if place.problem:
        return place.problem
    run = place.runs[-1]
    return (
        f"{run['wall_s']:6.1f} s  (start-up {run['startup_s']:.1f}, steady {run['steady_s']:.1f})  "
        f"{run['cpu_s']:6.1f} CPU s  {run['peak_bytes'] / 1e6:7.0f} MB  load {run['load']:.1f}"
    )
