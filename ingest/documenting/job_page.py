"""The page of one job on the site."""

from collections.abc import Iterable, Iterator, Sequence

from ingest.core.lineage import ALL
from ingest.documenting.collecting import ColumnDocs, JobDocs, shown
from ingest.documenting.flows import step_map, svg
from ingest.documenting.history import ContractVersion, RunLine
from ingest.documenting.markup import Child, Markup, element, joined
from ingest.documenting.readme import facts_of

RUNS = 15
BAR, GAP, TALL = 10, 3, 60


def body(docs: JobDocs) -> Markup:
    """Return all that is shown of a job."""
    return joined(
        element("p", docs.job.description),
        _facts(docs),
        element("div", svg(step_map(docs), f"The flow of {docs.file}"), class_="scroll"),
        _section("Steps", element("ol", list(_steps(docs)), start="0") if docs.steps else ""),
        _section("Columns", _lineage(docs)),
        _section("Contract", _contract(docs), _versions(docs.history.versions)),
        _section("Quality", _quality(docs.history.runs)),
        _section("Last runs", _runs(docs.history.runs)),
    )


def _section(title: str, *children: Child) -> Markup:
    content = joined(*children)
    return element("section", element("h2", title), content) if content else joined()


def _facts(docs: JobDocs) -> Markup:
    job = docs.job
    facts = [("owner", job.owner), ("job file", f"conf/job/{docs.file}.yaml")]
    facts += [(role, shown(uri)) for role, uri in {**docs.inputs, **docs.outputs}.items()]
    facts.append(("rows of earlier runs", job.sink.write_disposition))
    if job.schedule:
        facts.append(("schedule", f"{job.schedule.cron} ({job.schedule.timezone})"))
    facts += job.tags.items()
    return element("dl", [joined(element("dt", name), element("dd", text)) for name, text in facts])


def _steps(docs: JobDocs) -> Iterator[Markup]:
    for kind, text in docs.steps:
        yield element("li", element("b", kind), " ", element("code", text))


def _lineage(docs: JobDocs) -> Markup:
    """Return columns in and out: to point at one shows which of the others it goes with."""
    if not docs.columns:
        return joined()
    places = {name: number for number, name in enumerate(docs.read)}
    read = [
        element(
            "li", element("code", name), " ", element("small", kind), id=f"s{number}", tabindex="0"
        )
        for number, (name, kind) in enumerate(docs.read.items())
    ]
    rows = [_column(number, column, places) for number, column in enumerate(docs.columns)]
    head = [element("th", name) for name in ("column", "type", "meaning", "comes")]
    table = element("table", element("thead", element("tr", head)), element("tbody", rows))
    source = "the sample" if docs.columns_from == "sample" else f"the {docs.columns_from}"
    filtered = ", ".join(docs.filtered_by)
    return joined(
        element("p", f"As {source} shows them."),
        element("p", f"Which rows there are depends on: {filtered}") if filtered else "",
        element(
            "div",
            element("div", element("h3", "read"), element("ul", read), class_="read")
            if read
            else "",
            element("div", table, class_="scroll"),
            class_="lineage",
        ),
    )


def _column(number: int, column: ColumnDocs, places: dict[str, int]) -> Markup:
    names = {origin.column for origin in column.origins if not origin.place}
    chosen = places.values() if ALL in names else (places[n] for n in names if n in places)
    return element(
        "tr",
        element("td", element("code", column.name)),
        element("td", element("code", column.type)),
        element("td", facts_of(column)),
        element("td", column.told),
        id=f"c{number}",
        tabindex="0",
        data_from=" ".join(f"s{place}" for place in sorted(chosen)),
    )


def _contract(docs: JobDocs) -> Markup:
    contract = docs.job.contract
    lines = [f"a row that breaks it: {contract.on_error}"]
    if contract.max_errors is not None:
        lines.append(f"at most {contract.max_errors:,} rows may break it")
    if contract.max_error_ratio is not None:
        lines.append(f"at most {100 * contract.max_error_ratio:.4g} % of the records may break it")
    checks = [element("li", element("code", check)) for check in docs.checks]
    return element("ul", [element("li", line) for line in lines], checks)


def _versions(versions: Sequence[ContractVersion]) -> Markup:
    items = [
        element(
            "li",
            f"version {version.number}, since run {version.since}",
            f", revision {version.revision}" if version.revision else "",
            element("pre", "\n".join(version.changes)) if version.changes else "",
        )
        for version in reversed(versions)
    ]
    return joined(element("h3", "Versions"), element("ul", items)) if items else joined()


def _quality(runs: Sequence[RunLine]) -> Markup:
    """Return a bar for each run: which share of its records was rejected."""
    done = [run for run in runs if run.read]
    if not done:
        return joined()
    most = max((run.share for run in done), default=0.0) or 1.0
    bars = [
        element(
            "rect",
            element("title", f"{run.run_id}: {run.rejected:,} of {run.read:,} ({run.share:.3%})"),
            x=number * (BAR + GAP), width=BAR, class_=f"bar {run.state}",
            y=round(TALL - max(1.0, run.share / most * TALL), 1),
            height=round(max(1.0, run.share / most * TALL), 1),
        )
        for number, run in enumerate(done)
    ]  # fmt: skip
    width = len(done) * (BAR + GAP)
    drawing = element(
        "svg", element("title", "Share of rejected records by run"), bars, class_="quality",
        role="img", viewBox=f"0 0 {width} {TALL}", width=width, height=TALL,
    )  # fmt: skip
    text = f"Share of rejected records, oldest run first; the highest bar is {most:.3%}."
    return joined(
        element("p", text if any(run.rejected for run in done) else "None rejected."), drawing
    )


def _runs(runs: Sequence[RunLine]) -> Markup:
    if not runs:
        return joined()
    names = ("run", "state", "started", "seconds", "read", "written", "rejected", "revision")
    rows = [element("tr", _cells(run)) for run in reversed(runs[-RUNS:])]
    head = element("thead", element("tr", [element("th", name) for name in names]))
    return element("div", element("table", head, element("tbody", rows)), class_="scroll")


def _cells(run: RunLine) -> Iterable[Markup]:
    why = ", ".join(f"{count:,} {reason}" for reason, count in run.reasons) or None
    yield element("td", element("code", run.run_id))
    yield element("td", run.state, class_=f"state {run.state}")
    yield element("td", run.started_at[:19].replace("T", " "))
    yield element("td", f"{run.seconds:,.1f}", class_="number")
    yield element("td", f"{run.read:,}", class_="number")
    yield element("td", f"{run.written:,}", class_="number")
    yield element("td", f"{run.rejected:,}", class_="number", title=why)
    yield element("td", element("code", run.revision))
