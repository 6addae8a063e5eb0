"""The schema of a whole job: the unions over all types, and what a run may be told."""

from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, ValidationInfo, field_validator

from ingest.checks import CHECKS
from ingest.checks.contract import Contract, Quarantine
from ingest.clusters.kuberay import KubeRayCluster
from ingest.core.errors import ConfigError
from ingest.core.marks import OUTSIDE, PLACE, ROWS
from ingest.core.model import Model, rebuild
from ingest.core.registry import Types
from ingest.execution import Execution
from ingest.schedule import Schedule
from ingest.sinks import SINKS
from ingest.sinks.base import Disposition, Sink
from ingest.sinks.parquet import Parquet
from ingest.sources import SOURCES, AnySource
from ingest.storage.connections import AnyStore
from ingest.storage.remote import canonical
from ingest.storage.store import STATE
from ingest.storage.uris import is_remote
from ingest.transforms import TRANSFORMS
from ingest.transforms.base import Transform
from ingest.transforms.lookup import Lookup
from ingest.transforms.reference import type_of_reference

AnyTransform = Annotated[Transform, TRANSFORMS]
AnySink = Annotated[Sink, SINKS]

KeyPath = tuple[str | int, ...]
_KINDS: tuple[Types[Any], ...] = (SOURCES, TRANSFORMS, CHECKS, SINKS)


class AutoCluster(Model):
    """Chosen by ingest when the plan is made, and reported.

    Processes on this machine for up to about a minute of work, a private Ray for more. Inside a
    Ray job, that job's cluster.
    """

    type: Literal["auto"]


class ProcessesCluster(Model):
    """Processes on this machine, one for each core, without Ray.

    They start in a fraction of a second. A row that kills its worker process does not end the
    run.
    """

    type: Literal["processes"]


class LocalCluster(Model):
    """A private Ray on this machine, started and stopped with the run. Takes seconds to start."""

    type: Literal["local"]


class AddressCluster(Model):
    """A Ray cluster that is already running."""

    type: Literal["address"]
    address: str
    """The address of the cluster's head: `host:port`, or `auto` inside a Ray job."""
    dashboard: str = ""
    """The address of the cluster's dashboard, for `ingest submit`: `http://host:8265`."""
    shared: tuple[str, ...] = ()
    """Folders that all nodes of the cluster and this machine see under the same path, such as a
    network file system. `ingest submit` accepts inputs and outputs in buckets and in these."""


class InlineCluster(Model):
    """Processes the partitions one by one in this process. For tests, and to debug a step.

    A row that kills the process ends the run.
    """

    type: Literal["inline"]


Cluster = (
    AutoCluster | ProcessesCluster | LocalCluster | AddressCluster | InlineCluster | KubeRayCluster
)


class Job(Model):
    """One data flow, as you write it in `conf/job/<name>.yaml`."""

    hints: ClassVar[Mapping[str, str]] = {
        "name": "a name has lower-case letters, digits and _, and begins with a letter"
    }

    name: Annotated[str, ROWS] = Field(pattern=r"^[a-z][a-z0-9_]*$")
    """The job's name in the state and in receipts; usually the name of its file. No two job files
    of a folder have the same."""
    owner: str = Field(min_length=1)
    """Who is responsible for the job: an address that people can write to."""
    description: str = Field(min_length=1)
    """Which data the job moves from where to where, and for whom."""
    tags: dict[str, str] = Field(default_factory=dict)
    """Free labels, kept in receipts."""
    source: Annotated[AnySource, ROWS]
    """Where rows are read from."""
    transforms: Annotated[tuple[AnyTransform, ...], ROWS] = ()
    """The steps that change the rows, in order."""
    contract: Annotated[Contract, ROWS] = Field(default_factory=Contract)
    """What columns and rows must be, and what happens to those that are not."""
    sink: Annotated[AnySink, PLACE]
    """Where rows are written."""
    execution: Execution = Field(default_factory=Execution)
    """How the run uses the machine: workers, memory, retries."""
    cluster: Annotated[Cluster, Field(discriminator="type")] = AutoCluster(type="auto")
    """Where partitions are processed."""
    schedule: Annotated[Schedule | None, OUTSIDE] = None
    """When the job runs by itself on Kubernetes."""
    state: Annotated[str, OUTSIDE] = STATE
    """The folder for plans, ledgers, leases and receipts, or a place in a bucket:
    `s3://bucket/folder`. The store must create an object only if there is none of that name."""
    state_connection: Annotated[AnyStore | None, OUTSIDE] = None
    """The connection that the state's bucket is reached by, by its name:
    `conf/connection/NAME.yaml`. Without it, the environment says how."""
    lib: Annotated[dict[str, Any], OUTSIDE] = Field(default_factory=dict)
    """Reusable pieces that other parts of the file refer to as `${lib.name}`. Not used by
    itself."""

    @field_validator("sink")
    @classmethod
    def _keeps_rows(cls, sink: "AnySink", about: ValidationInfo) -> "AnySink":
        source = about.data.get("source")  # none if that is wrong itself
        if source and source.is_incremental and sink.write_disposition == "overwrite":
            raise ValueError(
                "write_disposition: overwrite replaces all rows, and source.incremental reads only "
                "what is new, so each run would leave only its own rows. Use append, or remove "
                "source.incremental"
            )
        return sink

    @classmethod
    def recorded(cls, page: dict[str, Any]) -> dict[str, Any]:
        """Add what was a default once and must be written now."""
        sink = page.get("sink")
        if isinstance(sink, dict):
            return {**page, "sink": {"write_disposition": "append", **sink}}
        return page

    @classmethod
    def extend(cls, page: Mapping[str, Any]) -> list[tuple[KeyPath, str]]:
        """Import the types that a page names; those of other packages unless that is turned off."""
        problems: list[tuple[KeyPath, str]] = []
        before = _imported()
        for types, path, name in _named(page):
            if types.is_builtin(name):
                types.load(name)
            elif name in types.names():
                try:
                    _refuse_if_shut(page, name)
                    types.load(name)
                except ConfigError as error:
                    problems += (((*path, "type"), line) for line in error.lines)
        if "" in map(type_of_reference, _references(page)) and _may_extend(page):
            SOURCES.load_all()
        if cls.__pydantic_complete__ and _imported() != before:
            _import_builtin()
        _rebuild_for(_imported())
        return problems

    @property
    def state_connection_name(self) -> str:
        """The name of the connection that the state is reached by; empty if it has none."""
        return self.state_connection.name if self.state_connection else ""

    @property
    def quarantine_sink(self) -> "Sink":
        """Where rejected rows go: beside the output, unless the contract names a place.

        They go with the output: where it is overwritten, those of earlier runs are, too.
        """
        told = self.contract.quarantine or Quarantine()
        follows = self.sink.write_disposition == "overwrite" and told.keep == "published"
        disposition: Disposition = "overwrite" if follows else "append"
        if told.path is None and (sink := self.sink.beside("quarantine", disposition)):
            return sink
        path = told.path or f"{self.name}_quarantine"
        connection: Any = told.connection
        scheme = canonical(path).partition("://")[0]
        if connection is None and is_remote(path) and self.sink.uri.startswith(f"{scheme}://"):
            connection = self.sink.reached_by
        return Parquet.model_validate(
            {
                "type": "parquet",
                "path": path,
                "connection": connection,
                "write_disposition": disposition,
                "replaces_jobs": self.sink.replaces_jobs,
            }
        )

    @property
    def packages(self) -> dict[str, str]:
        """Other packages whose types the job uses, with their versions."""
        used: list[tuple[Types[Any], Any]] = [(SOURCES, self.source), (SINKS, self.sink)]
        used += ((TRANSFORMS, step) for step in self.transforms)
        used += ((SOURCES, step.reference) for step in self.transforms if isinstance(step, Lookup))
        used += ((CHECKS, check) for check in self.contract.checks)
        return {k: v for types, part in used for k, v in types.package(part.type).items()}

    @property
    def folder(self) -> Path:
        """Where the job's own files lie: `jobs/<name>/`."""
        return Path("jobs") / self.name

    @property
    def steps(self) -> list[str]:
        """The names of the steps in books and messages: place in the list and type."""
        return [f"{place}.{step.type}" for place, step in enumerate(self.transforms)]

    @property
    def by_row(self) -> bool:
        """Whether the rows of a part of a partition come to the same as within the whole."""
        checks = all(check.scope == "row" for check in self.contract.checks)
        return checks and all(step.by_row for step in self.transforms)


def _imported() -> tuple[tuple[type[Model], ...], ...]:
    return tuple(types.imported for types in _KINDS)


def _import_builtin() -> None:
    """Import all types of this package: a process that reads several jobs builds its unions twice.

    Building them for each job that names another type would take longer.
    """
    for types in _KINDS:
        _ = types.builtin


@lru_cache(maxsize=1)
def _rebuild_for(_imported: tuple[tuple[type[Model], ...], ...]) -> None:
    """Build the unions of a job again, once for what has been imported."""
    rebuild(Job)


def _named(page: Mapping[str, Any]) -> Iterator[tuple[Types[Any], KeyPath, str]]:
    """Yield what types a page names, each with the way to where it stands; it may be malformed."""
    steps, checks = _length(page, ("transforms",)), _length(page, ("contract", "checks"))
    places: list[tuple[Types[Any], KeyPath]] = [
        (SOURCES, ("source",)),
        (SINKS, ("sink",)),
        *((TRANSFORMS, ("transforms", number)) for number in range(steps)),
        *((CHECKS, ("contract", "checks", number)) for number in range(checks)),
    ]
    for types, path in places:
        name = _at(page, (*path, "type"))
        if isinstance(name, str):
            yield types, path, name
    for number, reference in enumerate(_references(page)):
        if name := type_of_reference(reference):
            yield SOURCES, ("transforms", number, "reference"), name


def _length(page: Any, path: KeyPath) -> int:
    items = _at(page, path)
    return len(items) if isinstance(items, list) else 0


def _at(page: Any, path: KeyPath) -> Any:
    """Return what stands at a place of plain data; None if there is none."""
    for key in path:
        if isinstance(page, list) and isinstance(key, int):
            page = page[key]
        else:
            page = page.get(key) if isinstance(page, Mapping) else None
    return page


def _references(page: Mapping[str, Any]) -> Iterator[Any]:
    for number in range(_length(page, ("transforms",))):
        yield _at(page, ("transforms", number, "reference"))


def _may_extend(page: Mapping[str, Any]) -> bool:
    return _at(page, ("execution", "extensions")) is not False


def _refuse_if_shut(page: Mapping[str, Any], name: str) -> None:
    if not _may_extend(page):
        raise ConfigError(
            f'"{name}" is a type of another package, and these are turned off for this run '
            "(execution.extensions: false). Use a built-in type, or ask your operator to allow them"
        )
