"""The page of one job on the site: what its template shows."""

from collections.abc import Iterator, Sequence
from typing import Any

from ingest.core.dataclass import dataclass
from ingest.core.lineage import ALL
from ingest.documenting.collecting import ColumnDocs, JobDocs, shown
from ingest.documenting.flows import drawing, step_map
from ingest.documenting.history import RunLine
from ingest.documenting.readme import facts_of

RUNS = 15
BAR, GAP, TALL = 10, 3, 60


@dataclass(frozen=True, slots=True)
class ColumnLine:
    """A column of the output. `comes_from` are the ids of the columns that it goes with."""

    name: str
    type: str
    meaning: str
    told: str
    comes_from: str


@dataclass(frozen=True, slots=True)
class Bar:
    """A run in the drawing of quality: which share of its records was rejected."""

    x: int
    y: float
    height: float
    state: str
    title: str
    width: int = BAR


@dataclass(frozen=True, slots=True)
class Quality:
    """The drawing of quality: a bar for each run that has read anything."""

    bars: Sequence[Bar]
    text: str
    width: int
    height: int = TALL


def values_of(docs: JobDocs) -> dict[str, Any]:
    """Return what the template shows of a job."""
    return {
        "docs": docs,
        "facts": list(_facts(docs)),
        "drawing": drawing(step_map(docs), f"The flow of {docs.file}"),
        "columns": list(_columns(docs)),
        "contract": list(_contract(docs)),
        "quality": _quality(docs.history.runs),
        "runs": docs.history.runs[: -RUNS - 1 : -1],
    }


def _facts(docs: JobDocs) -> Iterator[tuple[str, str]]:
    job = docs.job
    yield "owner", job.owner
    yield "job file", f"conf/job/{docs.file}.yaml"
    yield from ((role, shown(uri)) for role, uri in {**docs.inputs, **docs.outputs}.items())
    yield "rows of earlier runs", job.sink.write_disposition
    if job.schedule:
        yield "schedule", f"{job.schedule.cron} ({job.schedule.timezone})"
    yield from job.tags.items()


def _columns(docs: JobDocs) -> Iterator[ColumnLine]:
    places = {name: number for number, name in enumerate(docs.read)}
    for column in docs.columns:
        chosen = " ".join(f"s{place}" for place in sorted(_origins(column, places)))
        meaning = facts_of(column)
        yield ColumnLine(column.name, column.type, meaning, column.told, chosen)


def _origins(column: ColumnDocs, places: dict[str, int]) -> set[int]:
    names = {origin.column for origin in column.origins if not origin.place}
    return set(places.values()) if ALL in names else {places[n] for n in names if n in places}


def _contract(docs: JobDocs) -> Iterator[str]:
    contract = docs.job.contract
    yield f"a row that breaks it: {contract.on_error}"
    if contract.max_errors is not None:
        yield f"at most {contract.max_errors:,} rows may break it"
    if contract.max_error_ratio is not None:
        yield f"at most {100 * contract.max_error_ratio:.4g} % of the records may break it"


def _quality(runs: Sequence[RunLine]) -> Quality:
    done = [run for run in runs if run.read]
    most = max((run.share for run in done), default=0.0) or 1.0
    bars = [
        Bar(
            x=number * (BAR + GAP),
            y=round(TALL - _tall(run, most), 1),
            height=round(_tall(run, most), 1),
            state=run.state,
            title=f"{run.run_id}: {run.rejected:,} of {run.read:,} ({run.share:.3%})",
        )
        for number, run in enumerate(done)
    ]
    text = f"Share of rejected records, oldest run first; the highest bar is {most:.3%}."
    any_rejected = any(run.rejected for run in done)
    return Quality(bars, text if any_rejected else "None rejected.", len(done) * (BAR + GAP))


def _tall(run: RunLine, most: float) -> float:
    return max(1.0, run.share / most * TALL)
