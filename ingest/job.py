"""The schema of a whole job: the unions over all types, and what a run may be told."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, Union

from pydantic import Field

from ingest.checks.contract import Contract, Quarantine
from ingest.core.model import Model
from ingest.execution import Execution
from ingest.sinks import SINKS
from ingest.sinks.parquet import Parquet
from ingest.sources import AnySource
from ingest.transforms import TRANSFORMS

if TYPE_CHECKING:
    from ingest.sinks.base import Sink
    from ingest.transforms.base import Transform

    AnyTransform = Transform
    AnySink = Sink
else:
    AnyTransform = Annotated[Union[TRANSFORMS], Field(discriminator="type")]  # noqa: UP007 - a tuple
    AnySink = Annotated[Union[SINKS], Field(discriminator="type")]  # noqa: UP007


class AutoCluster(Model):
    """What suits the job, decided when its plan is made, and said.

    Processes on this machine where they are done in about a minute, a private Ray where there is
    more work. Inside a Ray job, its cluster.
    """

    type: Literal["auto"]


class ProcessesCluster(Model):
    """Processes on this machine, one for each core, without Ray.

    They start in a fraction of a second. A row that kills the process that works it costs that
    process, and not the run.
    """

    type: Literal["processes"]


class LocalCluster(Model):
    """A private Ray on this machine, started for the run and gone with it. Takes some seconds."""

    type: Literal["local"]


class AddressCluster(Model):
    """A Ray cluster that is already running."""

    type: Literal["address"]
    address: str
    """Where its head listens: `host:port`, or `auto` inside a Ray job."""


class InlineCluster(Model):
    """The partitions are worked one by one in this process. For tests, and to debug a step.

    A row that kills the process that works it ends the run.
    """

    type: Literal["inline"]


Cluster = AutoCluster | ProcessesCluster | LocalCluster | AddressCluster | InlineCluster


class Job(Model):
    """One data flow, as its author writes it in `conf/job/<name>.yaml`."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    """What the job is called in the state and in receipts; by custom the name of its file."""
    owner: str = Field(min_length=1)
    """Who answers for it: an address that people can write to."""
    description: str = Field(min_length=1)
    """What flows from where to where, and for whom."""
    tags: dict[str, str] = Field(default_factory=dict)
    """Free labels, kept in receipts."""
    source: AnySource
    """Where the rows come from."""
    transforms: tuple[AnyTransform, ...] = ()
    """What is done to them, in this order."""
    contract: Contract = Contract()
    """What columns and rows must be, and what happens to those that are not."""
    sink: AnySink
    """Where the rows go."""
    execution: Execution = Execution()
    """How the run goes about its work."""
    cluster: Annotated[Cluster, Field(discriminator="type")] = AutoCluster(type="auto")
    """Where the partitions are worked."""
    state: str = ".ingest"
    """The directory where plans, ledgers, leases and receipts are kept."""
    lib: dict[str, Any] = Field(default_factory=dict)
    """Named pieces that other parts of the file refer to by `${lib.name}`; not read itself."""

    @classmethod
    def recorded(cls, page: dict[str, Any]) -> dict[str, Any]:
        """Add what was a default once and must be written now."""
        sink = page.get("sink")
        if isinstance(sink, dict):
            return {**page, "sink": {"write_disposition": "append", **sink}}
        return page

    @property
    def quarantine_sink(self) -> Parquet:
        """Where rejected rows go: beside the output, unless the contract names a place.

        They go with the output: where it is overwritten, those of earlier runs are, too.
        """
        told = self.contract.quarantine or Quarantine()
        follows = self.sink.write_disposition == "overwrite" and told.keep == "published"
        return Parquet(
            type="parquet",
            path=told.path or f"{self.sink.uri.rstrip('/')}_quarantine",
            write_disposition="overwrite" if follows else "append",
            replaces_jobs=self.sink.replaces_jobs,
        )

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
