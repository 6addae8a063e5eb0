"""What there is to document of a job: what its file says, and what its sample or last run shows."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from ingest.config import places
from ingest.config.load import Loaded, jobs, load
from ingest.core.credentials import masked
from ingest.core.dataclass import dataclass
from ingest.core.errors import ConfigError, FatalError
from ingest.core.lineage import Lineage, Origin
from ingest.core.types import schema_to_json
from ingest.documenting.history import JobHistory
from ingest.driver.lineage import lineage
from ingest.driver.planning import draft
from ingest.driver.tasks import context_of
from ingest.job import Job
from ingest.storage.uris import is_remote
from ingest.testing.samples import folder_of, has_sample
from ingest.transforms.lookup import Lookup

LOOKUP = "lookup of step "
"""Begins what a table is to a job that looks rows up in it."""
OURS = "_ingest_"
"""Columns that begin so are made, and documented, by ingest itself."""


@dataclass(frozen=True, slots=True)
class ColumnDocs:
    """A column of an output. `described` is what the contract says of it, empty if nothing."""

    name: str
    type: str
    described: str = ""
    unit: str = ""
    nullable: bool = True
    private: bool = False
    listed: bool = False
    origins: tuple[Origin, ...] = ()
    told: str = ""


@dataclass(frozen=True, slots=True)
class JobDocs:
    """A job as its pages show it. `columns` are those of its contract where nothing is known more.

    `inputs` and `outputs` are data sets by what they are to the job, as URIs or absolute paths.
    """

    file: str
    job: Job
    steps: tuple[tuple[str, str], ...]
    checks: tuple[str, ...]
    inputs: Mapping[str, str]
    outputs: Mapping[str, str]
    read: Mapping[str, str] = field(default_factory=dict)
    columns: tuple[ColumnDocs, ...] = ()
    filtered_by: tuple[str, ...] = ()
    columns_from: str = "contract"
    history: JobHistory = field(default_factory=JobHistory)

    @property
    def page(self) -> str:
        """The name of its page on the site."""
        return f"{self.file.replace('/', '-')}.html"


def collected(names: Sequence[str], conf: Path | None) -> list[JobDocs]:
    """Return what the files of these jobs say, all if none are named, and their samples show.

    The same on every machine: neither the jobs' inputs nor their states are looked at.

    Raises:
        ConfigError: a job is wrong, or there is none: all mistakes at once.
    """
    known = jobs(conf)
    if unknown := [name for name in names if name not in known]:
        raise ConfigError(
            *(f'no such job "{name}". Known jobs: {", ".join(known)}' for name in unknown)
        )
    pages: list[JobDocs] = []
    wrong: list[str] = []
    for name in names or known:
        try:
            pages.append(_collected(name, conf))
        except ConfigError as error:
            wrong += error.lines
    if wrong:
        raise ConfigError(*dict.fromkeys(wrong))
    if not pages:
        raise ConfigError("no job files. Write a first one with: ingest init FOLDER --name NAME")
    return pages


def shown(uri: str) -> str:
    """Return a place as people read it: below this folder without it, and without credentials."""
    return masked(uri if is_remote(uri) else places.shown(Path(uri)))


def with_plan(docs: JobDocs, facts: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of `JobDocs` that the plan of a run tells, of a job without a sample."""
    page = facts.get("lineage") or {"columns": {}, "filtered_by": []}
    origins = {
        name: tuple(Origin(**origin) for origin in several)
        for name, several in page["columns"].items()
    }
    deciding = tuple(Origin(**origin) for origin in page["filtered_by"])
    columns = {name: origins.get(name, ()) for name in facts["output_schema"]}
    known = _portable(Lineage(columns, deciding))
    return {
        "read": dict(facts["input_schema"]),
        "columns": tuple(_columns(docs.job, facts["output_schema"], known)),
        "filtered_by": tuple(map(str, known.filtered_by)),
        "columns_from": "last run",
    }


def _collected(name: str, conf: Path | None) -> JobDocs:
    loaded = load(Job, conf, [name])
    docs = JobDocs(
        file=name,
        job=loaded.job,
        steps=tuple(_written(loaded.raw.get("transforms") or ())),
        checks=tuple(
            f"{kind}: {text}"
            for kind, text in _written((loaded.raw.get("contract") or {}).get("checks") or ())
        ),
        inputs=dict(_inputs(loaded.job)),
        outputs=dict(_outputs(loaded.job)),
        columns=tuple(_columns(loaded.job, _contract_types(loaded.job), None)),
    )
    if not has_sample(loaded.job.name):
        return docs
    return _from_sample(docs, conf)


def _from_sample(docs: JobDocs, conf: Path | None) -> JobDocs:
    sample = f"source.path={folder_of(docs.job.name)}/sample"
    try:
        loaded: Loaded[Job] = load(Job, conf, [docs.file, sample])
        job = loaded.job
        flow = draft(job, context_of(job, "", datetime.now(UTC)), loaded.place, 1).flow
    except (ConfigError, FatalError):  # `ingest test` says what is wrong with it
        return docs
    known = _portable(lineage(job, flow))
    return JobDocs(
        docs.file,
        docs.job,
        docs.steps,
        docs.checks,
        docs.inputs,
        docs.outputs,
        read=schema_to_json(flow.layout.columns),
        columns=tuple(_columns(job, schema_to_json(flow.output), known)),
        filtered_by=tuple(map(str, known.filtered_by)),
        columns_from="sample",
    )


def _portable(known: Lineage) -> Lineage:
    """Return the same with places as they are shown, so that pages are the same on each machine."""

    def named(origins: Iterable[Origin]) -> tuple[Origin, ...]:
        return tuple(
            replace(origin, place=shown(origin.place)) if origin.place else origin
            for origin in origins
        )

    columns = {name: named(origins) for name, origins in known.columns.items()}
    return Lineage(columns, named(known.filtered_by))


def _contract_types(job: Job) -> dict[str, str]:
    return {name: column.type for name, column in job.contract.columns.items()}


def _columns(job: Job, schema: Mapping[str, str], known: Lineage | None) -> Iterator[ColumnDocs]:
    for name, kind in schema.items():
        listed = job.contract.columns.get(name)
        yield ColumnDocs(
            name,
            kind,
            described=listed.description.strip() if listed else "",
            unit=(listed.unit or "") if listed else "",
            nullable=listed.nullable if listed else True,
            private=name in job.contract.pii or bool(listed and listed.pii),
            listed=listed is not None,
            origins=known.columns[name] if known else (),
            told=(known.told(name) or f"from {name}") if known else "",
        )


def _written(items: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    """Yield type and settings of steps or checks, as they were written; secrets are references."""
    for item in items:
        rest = {key: value for key, value in item.items() if key != "type"}
        text = yaml.safe_dump(rest, default_flow_style=True, sort_keys=False, width=10_000)
        yield str(item.get("type", "")), masked(text.strip().removeprefix("{").removesuffix("}"))


def _inputs(job: Job) -> Iterator[tuple[str, str]]:
    roots = job.source.roots or (f"{job.source.type} of {job.name}",)
    for number, root in enumerate(roots):
        yield ("source" if not number else f"source {number + 1}"), root
    for number, step in enumerate(job.transforms):
        if isinstance(step, Lookup):
            for root in step.reference.roots:
                yield f"{LOOKUP}{number}", root


def _outputs(job: Job) -> Iterator[tuple[str, str]]:
    yield "output", job.sink.uri
    if job.contract.on_error == "quarantine":
        yield "quarantine", job.quarantine_sink.uri
