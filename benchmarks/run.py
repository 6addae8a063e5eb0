"""Measure ourselves beside others: `python -m benchmarks.run +scenario=taxi peers=all`.

scenario=NAME,NAME or all    what is measured: benchmarks/conf/scenario/*.yaml
peers=best                   the best engine and plain Ray Data, by the last results; the default
peers=all, polars, [a,b],[]  everyone that can do it, these, or nobody
scale=small                  seconds instead of minutes; such results are kept apart
repeats=3                    rounds; the contenders take turns, and the median counts
What else there is to set: benchmarks/conf/bench.yaml.

Each output is compared with ours before a time is shown. Results are written as JSON, Markdown and
SVG to benchmarks/results, and the verdicts on all targets are printed.
"""

import os
import shlex
import sys
from collections.abc import Sequence
from datetime import UTC, datetime

from benchmarks import report, results
from benchmarks.contenders import Ours, all_peers, cannot, peer
from benchmarks.inputs import prepare
from benchmarks.results import Entry, Result, Session
from benchmarks.rounds import Place, compete, run_script
from benchmarks.scenario import Settings, load
from benchmarks.targets import GROUPS
from ingest.commands.base import guarded
from ingest.core.errors import ConfigError


def main(argv: Sequence[str] | None = None) -> int:
    """Measure what the command line says; exit 1 if anybody failed or made something else."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    if {"-h", "--help"} & set(arguments):
        print(__doc__)
        return 0
    chosen = load(arguments)
    for settings in chosen:
        _selected(settings)  # all are right, or nothing runs
    command = f"python -m benchmarks.run {shlex.join(arguments)}"
    wrong = 0
    for settings in chosen:
        session = measure_one(settings, command)
        wrong += any(entry.went_wrong for entry in session.contenders.values())
    print(report.verdicts(results.read(chosen[-1].folder)))
    return int(bool(wrong))


def measure_one(settings: Settings, command: str) -> Session:
    """Measure a scenario, and write its results and the pages that show them."""
    scenario = settings.scenario
    print(f"{scenario.name}: {scenario.title}; load {os.getloadavg()[0]:.1f}", flush=True)
    contenders = run_script(settings, _say) if scenario.script else _engines(settings)
    session = Session(
        date=datetime.now(UTC).isoformat(timespec="seconds"),
        revision=results.revision(),
        command=command,
        hardware=results.hardware(),
        scale=settings.scale,
        contenders=contenders,
    )
    alone = bool(scenario.script)
    result = results.add(settings.folder, scenario.name, scenario.title, session, alone=alone)
    print(report.table(result), flush=True)
    report.write(settings.folder)
    return session


def _engines(settings: Settings) -> dict[str, Entry]:
    scenario = settings.scenario
    peers, out = _selected(settings)
    places = []
    for name, variant in scenario.ours.items():
        given = prepare(settings.home, scenario.generated(settings.scale, variant), scenario.glob)
        own = bool(variant.data or variant.small or variant.job)
        places.append(Place(Ours(name, scenario, variant, settings), given, comparable=not own))
    places += [Place(peer(name, settings), places[0].given) for name in peers]
    found = compete(settings, places, _say)
    return found | {name: Entry(problem=why) for name, why in out.items()}


def _selected(settings: Settings) -> tuple[list[str], dict[str, str]]:
    """Return the peers to run, and why others that were asked for are not.

    Raises:
        ConfigError: a peer is unknown, or was asked for by name and is not set up.
    """
    scenario, wanted = settings.scenario, settings.peers
    if scenario.script or scenario.peers == ():
        return [], {}
    if wanted == ("all",):
        names = list(scenario.peers or all_peers())
    elif wanted == ("best",):
        names = [*best(results.read(settings.folder).get(scenario.name)), *scenario.always]
    else:
        names = list(wanted)
    run, out, missing = [], {}, []
    for name in dict.fromkeys(names):
        try:
            if why := cannot(name, scenario):
                out[name] = f"cannot: {why}"
            elif peer(name, settings):
                run.append(name)
        except ConfigError as error:
            missing.append(str(error))
            out[name] = "not set up"
    if missing and wanted != ("all",):
        raise ConfigError(*missing)
    return run, out


def best(result: Result | None) -> list[str]:
    """Return the fastest engine and the faster plain Ray Data of the last results, else a guess."""
    latest = result.latest() if result else {}
    chosen = []
    for group, otherwise in (("best", "polars"), ("plain_ray", "ray_data_tasks")):
        times = {name: latest[name].figures.get(name, {}).get("steady_s") for name in GROUPS[group]
                 if name in latest}  # fmt: skip
        known = {name: time for name, time in times.items() if time}
        chosen.append(min(known, key=lambda name: known[name]) if known else otherwise)
    return chosen


def _say(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    sys.exit(guarded(main))
