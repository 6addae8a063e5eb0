"""The schema of a whole job: the unions over all types, and what a run may be told."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, Union

from pydantic import Field

from ingest.checks.contract import Contract
from ingest.core.model import Model
from ingest.sinks import SINKS
from ingest.sinks.parquet import Parquet
from ingest.sources import SOURCES
from ingest.transforms import TRANSFORMS

if TYPE_CHECKING:
    from ingest.sinks.base import Sink
    from ingest.sources.base import Source
    from ingest.transforms.base import Transform

    AnySource = Source
    AnyTransform = Transform
    AnySink = Sink
else:
    AnySource = Annotated[Union[SOURCES], Field(discriminator="type")]  # noqa: UP007 - from a tuple
    AnyTransform = Annotated[Union[TRANSFORMS], Field(discriminator="type")]  # noqa: UP007
    AnySink = Annotated[Union[SINKS], Field(discriminator="type")]  # noqa: UP007

MEBIBYTE = 1024 * 1024


class Execution(Model):
    """How a run goes about its work; nothing in here but `seed` changes the rows that come out."""

    workers: int | None = Field(default=None, ge=1)
    """Parallel workers, each on one core. Without it: one for each core of the machine."""
    partition_bytes: int = Field(default=64 * MEBIBYTE, ge=1)
    """About how much a partition reads, in bytes as they lie on storage. Larger files are cut,
    smaller ones packed together. Acts when a plan is made; a resumed run keeps its plan."""
    max_tries: int = Field(default=4, ge=1)
    """How often a partition is tried when trying again can help, before the run fails."""
    retry_wait_s: float = Field(default=1.0, ge=0)
    """The longest wait before the second try, in seconds; it doubles with each further one."""
    partition_timeout_s: float | None = Field(default=None, gt=0)
    """How long one partition may take before its worker is killed and it is tried again."""
    seed: int = 0
    """Where steps that draw at random (`sample`) begin. Part of the run's identity."""
    python: bool = True
    """Whether `type: python` steps may call the functions of `jobs/<name>/functions.py`."""


class LocalCluster(Model):
    """A private Ray on this machine, started for the run and gone with it."""

    type: Literal["local"]


class InlineCluster(Model):
    """No Ray: the partitions are worked one by one in this process. For small jobs and tests."""

    type: Literal["inline"]


class AddressCluster(Model):
    """A Ray cluster that is already running."""

    type: Literal["address"]
    address: str
    """Where its head listens: `host:port`, or `auto` inside a Ray job."""


Cluster = LocalCluster | InlineCluster | AddressCluster


class Job(Model):
    """One data flow, as its author writes it in `conf/job/<name>.yaml`."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    """What the job is called in the state, in metrics and in lineage."""
    owner: str = Field(min_length=1)
    """Who answers for it: an address that people can write to."""
    description: str = Field(min_length=1)
    """What flows from where to where, and for whom."""
    tags: dict[str, str] = Field(default_factory=dict)
    """Free labels, kept in receipts and lineage."""
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
    cluster: Annotated[Cluster, Field(discriminator="type")] = LocalCluster(type="local")
    """Where the partitions are worked."""
    state: str = ".ingest"
    """The directory where plans, ledgers, leases and receipts are kept."""
    lib: dict[str, Any] = Field(default_factory=dict)
    """Named pieces that other parts of the file refer to by `${lib.name}`; not read itself."""

    @property
    def quarantine_sink(self) -> Parquet:
        """Where rejected rows go: beside the output, unless the contract names a place."""
        path = self.contract.quarantine.path if self.contract.quarantine else None
        beside = f"{self.sink.uri.rstrip('/')}_quarantine"
        return Parquet(type="parquet", path=path or beside, write_disposition="append")

    @property
    def folder(self) -> Path:
        """Where the job's own files lie: `jobs/<name>/`."""
        return Path("jobs") / self.name

    @property
    def steps(self) -> list[str]:
        """The names of the steps in books and messages: place in the list and type."""
        return [f"{place}.{step.type}" for place, step in enumerate(self.transforms)]
