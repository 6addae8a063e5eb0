"""Results as people read them: tables in Markdown, verdicts on the targets, a page for the docs."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from benchmarks import plot
from benchmarks.results import Entry, Figures, Result, Session, read
from benchmarks.scenario import FOLDER, OURS, REPOSITORY, scenarios
from benchmarks.targets import GROUPS, Verdict, judge

Column = tuple[str, Callable[[Figures], str]]


RESULTS = FOLDER / "results"
DOCS = REPOSITORY / "docs" / "reference" / "benchmarks.md"


def write(folder: Path) -> None:
    """Write the tables and the plot of all results beside them; the page of the docs from ours."""
    for file, text in pages(folder).items():
        file.write_text(text, encoding="utf-8")


def pages(folder: Path) -> dict[Path, str]:
    """Return all that is made from the results of a folder."""
    found = read(folder)
    made = {folder / "README.md": page(found, "."), folder / "steady.svg": plot.steady(found)}
    return made | ({DOCS: page(found, "../../benchmarks/results")} if folder == RESULTS else {})


def page(found: Mapping[str, Result], images: str) -> str:
    """Return the page of all results; `images` is where the plot lies, seen from the page."""
    picture = f"![Steady time of each contender by scenario]({images}/steady.svg)"
    return (
        "\n\n".join(
            [
                _HEAD,
                picture if found else "Nothing has been measured yet: `make bench-full`.",
                "## Targets\n" + verdict_table(found),
                *out_of_reach(found),
                "## Ours beside the best engine and plain Ray Data\n" + beside_table(found),
                "## How to read it\n" + _LEGEND,
                *(f"## {name}\n{table(found[name])}" for name in scenarios() if name in found),
                *unmeasured(found),
            ]
        )
        + "\n"
    )


def unmeasured(found: Mapping[str, Result]) -> Iterator[str]:
    """Yield which scenarios have no results here, and what measures one."""
    names = [f"`{name}`" for name in scenarios() if name not in found]
    if names:
        typed = "python -m benchmarks.run +scenario=NAME peers=all"
        yield f"## Not measured here\n{', '.join(names)}. To measure one: `{typed}`."


def verdict_table(found: Mapping[str, Result]) -> str:
    """Return what is promised, what was measured, and whether it is met."""
    rows = [["promise", "scenario", "target", "measured", "verdict", "date"]]
    for each in judge(found):
        verdict = f"**{each.text}**" if each.met is not None else each.text
        rows.append(
            [each.target.what, each.scenario, _bound(each), _value(each), verdict, each.date]
        )
    return _markdown(rows)


def out_of_reach(found: Mapping[str, Result]) -> Iterator[str]:
    """Yield, if targets are not met, what was measured of each and which design would reach it."""
    missed: dict[tuple[str, str], list[Verdict]] = {}
    for each in judge(found):
        if each.met is False:
            missed.setdefault((each.target.what, _bound(each)), []).append(each)
    lines = [
        f"- **{what}** ({_measured(each)}): {each[0].target.reach or 'not known yet.'}"
        for (what, _), each in missed.items()
    ]
    if lines:
        yield "\n".join(["What is not met, and which design would reach it:", "", *lines])


def _measured(missed: list[Verdict]) -> str:
    each = (f"{one.scenario} {_value(one)}" for one in missed)
    return f"{', '.join(each)}; target {_bound(missed[0])}"


def beside_table(found: Mapping[str, Result]) -> str:
    """Return ours beside the best engine and plain Ray Data, of the last session that has both."""
    rows = [["scenario", "end to end s", "steady s", "CPU s", "peak MB", "date"]]
    for name in scenarios():
        session = next(
            (
                each
                for each in reversed(found[name].sessions if name in found else ())
                if OURS in each.figures and any(_fastest(each, group) for group in GROUPS)
            ),
            None,
        )
        if session is None:
            continue
        who = [OURS, *filter(None, (_fastest(session, group) for group in GROUPS))]
        figures = [session.figures[each] for each in who]
        cells = [
            "<br>".join(f"{each[name]:.1f}" for each in figures)
            for name in ("wall_s", "steady_s", "cpu_s")
        ]
        cells.append("<br>".join(f"{each['peak_bytes'] / 1e6:,.0f}" for each in figures))
        rows.append([f"{name}: {'<br>'.join(who)}", *cells, session.date[:10]])
    return _markdown(rows)


def _fastest(session: Session, group: str) -> str:
    """Return who of a group was through first from end to end; empty if nobody took part."""
    took = {name: session.figures[name]["wall_s"] for name in GROUPS[group]
            if name in session.figures}  # fmt: skip
    return min(took, key=lambda name: took[name], default="")


def verdicts(found: Mapping[str, Result]) -> str:
    """Return the verdicts as text for a terminal."""
    rows = [
        (each.text, each.scenario, _value(each) or "-", _bound(each), each.target.what, each.date)
        for each in judge(found)
    ]
    widths = [max(len(row[place]) for row in rows) for place in range(4)]
    lines = []
    for *cells, what, date in rows:
        shown = "  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True))
        lines.append(f"{shown}  {what}{f' ({date})' if date else ''}")
    return "\n".join(["", "Targets:", *lines])


def table(result: Result) -> str:
    """Return a scenario's contenders, the fastest first, each with the session it is from.

    The ratios are to the best and to ourselves in that session, never across two.
    """
    latest = result.latest()
    session = result.sessions[-1]
    names = {name: None for when in latest.values() for each in when.figures.values()
             for name in each}  # fmt: skip
    columns = _columns(list(names))
    head = ["", *(name for name, _ in columns), "date"]
    if timed := "steady_s" in names:
        head[1:1] = ["steady s", "÷ best", "÷ ours"]
    rows, others = [], []
    order = sorted(latest, key=lambda name: _order(latest[name].contenders[name]))
    for name in order:
        entry, when = latest[name].contenders[name], latest[name].date[:10]
        if not entry.figures:
            others.append(f"- {name}: {entry.problem or 'no figures'} ({when})")
            continue
        figures = entry.figures
        cells = [show(figures) for _, show in columns]
        if timed:
            cells = [*_ratios(name, latest[name]), *cells]
        rows.append([f"**{name}**" if name in _ours(session) else name, *cells, when])
    parts = [f"{result.title}. {_given(session)}".rstrip()]
    parts += [_markdown([head, *rows])] if rows else []
    parts += ["\n".join(others)] if others else []
    return "\n\n".join([*parts, *_how(result)])


def _columns(names: list[str]) -> list[Column]:
    """Return the columns: those of measured runs, else whatever a script has said."""
    if "steady_s" not in names:
        return [(name, _shower(name)) for name in names if name != "load"]
    return [
        ("start-up s", lambda f: f"{f['startup_s']:.1f}"),
        ("end to end s", lambda f: f"{f['wall_s']:.1f}"),
        ("CPU s", lambda f: f"{f['cpu_s']:.1f}"),
        ("peak MB", lambda f: f"{f['peak_bytes'] / 1e6:,.0f}"),
        ("Mrows/s", lambda f: _rate(f, "rows_per_steady_s")),
        ("MB/s", lambda f: _rate(f, "bytes_per_steady_s")),
        ("Mrows/CPU s", lambda f: _rate(f, "rows_per_cpu_s")),
        ("MB/CPU s", lambda f: _rate(f, "bytes_per_cpu_s")),
    ]


def _shower(name: str) -> Callable[[Figures], str]:
    return lambda figures: f"{figures[name]:,.4g}" if name in figures else ""


def _rate(figures: Figures, name: str) -> str:
    return f"{figures[name] / 1e6:.3g}" if name in figures else ""


def _ratios(name: str, session: Session) -> list[str]:
    """Return steady time with its spread, and its ratios to the best engine's and to ours."""
    entry, figures = session.contenders[name], session.figures
    steady = figures[name]["steady_s"]
    low, high = entry.spread("steady_s")
    shown = f"{steady:.1f}" if len(entry.runs) == 1 else f"{steady:.1f} ({low:.1f}–{high:.1f})"
    engines = [figures[each]["steady_s"] for each in GROUPS["best"] if each in figures]
    ours = figures.get(OURS, {}).get("steady_s")
    best = f"{steady / min(engines):.2f}" if engines else ""
    return [shown, best, f"{steady / ours:.2f}" if ours else ""]


def _order(entry: Entry) -> tuple[bool, float]:
    figures = entry.figures
    return (not figures, figures.get("steady_s", 0.0))


def _ours(session: Session) -> set[str]:
    return {name for name, each in session.contenders.items() if "ingest.run" in each.command}


def _given(session: Session) -> str:
    inputs = (each.input for each in session.contenders.values())
    given = next((each for each in inputs if each), None)
    if given is None:
        return ""
    rows = f"{given['rows']:,} rows, " if "rows" in given else ""
    return f"Input: {given['files']:,} files, {rows}{given['bytes'] / 1e9:.2f} GB."


def _how(result: Result) -> Iterator[str]:
    """Say what machine, which versions, and what to type for each row."""
    session = result.sessions[-1]
    about = session.hardware
    versions = {
        name: when.contenders[name].version
        for name, when in result.latest().items()
        if when.contenders[name].version
    }
    listed = "; ".join(f"{name}: {version}" for name, version in sorted(versions.items()))
    yield (
        f"{about['cpu']}, {about['cores']} cores, {about['memory_bytes'] / 2**30:.0f} GiB, "
        f"{about['system']}, Python {about['python']}; revision {session.revision}"
        f"{_load(session)}. {listed}"
    ).rstrip(". ") + "."
    typed = f"python -m benchmarks.run +scenario={result.scenario}"
    small = " scale=small" if session.scale == "small" else ""
    if not versions:
        yield f"To measure it again: `{typed}{small}`"
        return
    lines = [f"All rows again: `{typed} peers=all{small}`. One of them: `peers=NAME`. Ours alone:"]
    lines += [
        f"- {name}, in the folder `benchmarks`: `{each.command}`"
        for name, each in session.contenders.items()
        if name in _ours(session)
    ]
    yield "\n".join(lines)


def _load(session: Session) -> str:
    runs = (run for each in session.contenders.values() for run in each.runs)
    loads = [run["load"] for run in runs if "load" in run]
    return f"; load {min(loads):.1f} to {max(loads):.1f}" if loads else ""


def _bound(verdict: Verdict) -> str:
    target = verdict.target
    return target.bound if target.on_at_least is None else f"{target.bound} on {target.on_at_least}"


def _value(verdict: Verdict) -> str:
    if verdict.value is None:
        return ""
    return f"on {verdict.value:.0f}" if verdict.target.on_at_least else f"{verdict.value:,.3g}"


def _markdown(rows: list[list[str]]) -> str:
    head, *body = rows
    ruled = [head, ["---"] * len(head), *body]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in ruled)


_HEAD = """\
# Benchmarks
<!-- made from benchmarks/results/*.json by `python -m benchmarks.report` -->
ingest ("ours") beside other engines, on the same data, in turns, on the same cores. Each output \
is compared with that of ingest, by counts and by checksums of all values, before a time is shown.\
"""

_LEGEND = f"""\
- **steady** is the time from when an engine is ready to process rows until all its output is \
written; **start-up** is the time before that: imports, sessions, clusters. For ingest, steady \
time is computed from the ledger: with t1 the first completed partition, t2 the end of \
publishing, B all input bytes and b the bytes processed by t1 (by all workers), it is (t2 − t1) \
· B / (B − b). Plain Ray Data gets the better result of both rules. **End to end** is from the \
start of the process to its exit.
- **CPU** and **peak memory** are those of the whole process tree, orphans included. Memory is \
private memory and the growth of /dev/shm, sampled ten times a second. A driver, a fork server and \
two workers of ingest take more of it than one process of Polars, as the tables show; the targets \
compare with plain Ray Data.
- **÷ best** is the ratio to the best of {", ".join(GROUPS["best"])} in the same session, \
**÷ ours** the ratio to ingest; who took part is listed in the table of the scenario. Medians; the \
spread is in brackets. Figures of different sessions are never compared with each other.
- **Load** is how many processes of the machine wanted a core, on average of a minute, when a run \
began; the runs before it count.
- Rates refer to the input: rows as read, bytes as stored, by steady time and by CPU time.\
"""


if __name__ == "__main__":
    write(RESULTS)
