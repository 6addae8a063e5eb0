"""What every sink promises."""

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Self

import polars as pl

from ingest.core.model import Model
from ingest.core.outcome import StagedFile

Disposition = Literal["append", "overwrite", "overwrite_partitions"]


@dataclass(frozen=True, slots=True)
class PublishPlan:
    """All that publishing will do, decided before its first operation and kept in the ledger.

    `puts` are pairs of staged and final names, `removes` the exact final names that go, both
    relative to the sink; nothing else is touched. `manifest` is the manifest's content. Plain data.
    """

    run_id: str
    disposition: str
    puts: tuple[tuple[str, str], ...]
    removes: tuple[str, ...]
    manifest: dict[str, Any] = field(default_factory=dict)
    exchange: bool = False


@dataclass(frozen=True, slots=True)
class Verified:
    """What counting again came to, of all that a run has published to one place.

    `files` and `rows` are how many there were; `replaced` is how many files which later runs have
    replaced since, which is no problem. `problems` are differences, `notes` what is worth a look.
    `missing` is how many files are gone that no later run has replaced.
    """

    files: int
    rows: int
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    replaced: dict[str, int] = field(default_factory=dict)
    missing: int = 0


class Sink(Model, ABC):
    """Where rows go.

    In workers: `stage_portions`, once per try of a partition; what it writes is invisible to
    readers. On the driver: `check` before anything runs; `plan_publish` once, when all partitions
    are settled; `publish`, which may be cut off anywhere and is then called again, any number of
    times, by this or a later attempt, with the same plan; `discard`, if the run is abandoned
    instead.

    Guarantees: nothing is visible before `publish`; after it exactly the rows of the plan are; a
    late or repeated `publish` changes nothing; files that are not ours are never touched.
    """

    type: str
    write_disposition: Disposition
    """What happens to the rows of earlier runs: `append` keeps them, `overwrite` replaces all of
    them, `overwrite_partitions` replaces those in partitions (see `partition_by`) that the run has
    rows for. There is no default."""
    replaces_jobs: tuple[str, ...] | Literal["any"] = ()
    """Other jobs whose rows `overwrite` and `overwrite_partitions` may replace, for example after
    you rename a job. By default, rows of another job are never removed, and the run is refused.
    `any` allows all rows that ingest has published, including those of a manifest without a job
    name."""

    @property
    @abstractmethod
    def uri(self) -> str:
        """Where the output is: two jobs cannot publish to one place at once."""

    @abstractmethod
    def at(self, uri: str) -> Self:
        """Return this sink for another place, which is told as `uri` tells it."""

    @abstractmethod
    def check(self, inputs: Sequence[str]) -> None:
        """Refuse what cannot work, before anything runs.

        Raises:
            ConfigError: no permission, the sink lies inside the source (`inputs` are its roots),
                or `overwrite` would meet files that are not ours.
        """

    @abstractmethod
    def check_published(self, job: str, schema: Mapping[str, str]) -> None:
        """Refuse rows that do not go with those that are published there, before anything runs.

        `job` is the name of the job that publishes, `schema` the run's frozen output schema, by
        names of types.

        Raises:
            ConfigError: rows of another job would be removed, or rows that stay have other columns,
                types, folders or another format.
        """

    def check_schema(self, schema: Mapping[str, pl.DataType]) -> None:
        """Refuse, on the driver and before anything runs, rows that cannot be written so.

        Raises:
            ConfigError: a column that the sink needs is missing, or the format cannot hold a type.
                The text begins at the option; the caller puts file and line before it.
        """

    def remarks(self, nulls: Collection[str]) -> list[str]:  # noqa: ARG002 - of some sinks only
        """Return what users are to know of the output before it is published, a warning for each.

        `nulls` are the partition columns that are null in some row.
        """
        return []

    def stage(self, frame: pl.DataFrame, run_id: str, stem: str) -> list[StagedFile]:
        """Write the rows of one frame; see `stage_portions`."""
        return self.stage_portions([frame], run_id, stem)

    @abstractmethod
    def stage_portions(
        self, portions: Iterable[pl.DataFrame], run_id: str, stem: str
    ) -> list[StagedFile]:
        """Write rows where nobody sees them, as files whose names begin with `stem`.

        `stem` is `<attempt>-<partition>-<try>` and never used twice. `portions` are frames of one
        schema, which are made while they are drawn; without rows, nothing is written. The files'
        `output` is left empty: the caller knows which output this sink is.

        Raises:
            FatalError: the disk is full or may not be written.
            RetryableError: the storage did not answer.
            Exception: whatever `portions` raises, unchanged; then nothing is left behind.
        """

    @abstractmethod
    def stage_schema(
        self, schema: Mapping[str, pl.DataType], run_id: str, stem: str
    ) -> StagedFile | None:
        """Write, on the driver, what keeps the schema of a run that has no rows.

        Called once all partitions are settled, with a `stem` of its own, and to be published like
        other files. None if there will be something to read anyway: rows of other runs.
        """

    @abstractmethod
    def plan_publish(
        self, files: Iterable[tuple[int, StagedFile]], run_id: str, facts: Mapping[str, Any]
    ) -> PublishPlan:
        """Decide what publishing will do. `files` are pairs of partition index and staged file."""

    @abstractmethod
    def publish(self, plan: PublishPlan) -> None:
        """Make the run's output visible, as planned. Harmless when late or repeated."""

    @abstractmethod
    def published_runs(self) -> Collection[str]:
        """Return the runs of which rows are there now."""

    @abstractmethod
    def discard(self, run_id: str) -> None:
        """Remove whatever this run has staged. Idempotent."""

    @abstractmethod
    def verify(self, plan: PublishPlan) -> Verified:
        """Count again what a run has published by this plan, and say what differs from it.

        Also what readers of the place would take for rows of it and is none; and which later runs
        have replaced what is not there any more.
        """
