"""What every sink promises."""

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import field
from typing import Any, Literal, NamedTuple, Self

import polars as pl

from ingest.core.dataclass import dataclass
from ingest.core.model import Model
from ingest.core.outcome import Staged

Disposition = Literal["append", "overwrite", "overwrite_partitions", "merge"]


Line = Mapping[str, Any]
"""Plain data that fits into a line of JSON."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """What a run brings to one of its outputs, besides the rows.

    `output` is `main` or `quarantine`; `schema` names the types of the columns. `private` are
    columns whose values no text may contain.
    """

    run_id: str
    output: str
    job: str
    owner: str
    schema: Mapping[str, str]
    private: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Claim:
    """Who is about to publish to a place: a run, its job, and the state that it is recorded in."""

    run_id: str
    job: str
    state: str


@dataclass(frozen=True, slots=True)
class Published:
    """What publishing has come to: the rows of the run, and what became of them at the target.

    `facts` are what the sink adds for the receipt, plain data: how many files, which version.
    """

    rows: int
    inserted: int
    updated: int = 0
    ignored: int = 0
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Verified:
    """What counting again came to, of all that a run has published to one place.

    `files` and `rows` are how many there were; `replaced` is how many files which later runs have
    replaced since, which is no problem. `problems` are differences, `notes` what is worth a look.
    `missing` is how many files are gone that no later run has replaced. `table` says that it is no
    files that were looked at, but one table.
    """

    files: int
    rows: int
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    replaced: dict[str, int] = field(default_factory=dict)
    missing: int = 0
    table: bool = False


@dataclass(frozen=True, slots=True)
class Again:
    """What became of a run's rows in a table when the run was made once more.

    `there` are those that are in the table as the run wrote them, `same` those of them that came
    out again.
    """

    there: int
    same: int


class Part(NamedTuple):
    """Something that was staged: of which partition, and which one of all that it has staged."""

    partition: int
    place: int
    staged: Staged


class Sink(Model, ABC):
    """Where rows go.

    A sink is a commit in two phases, with the ledger of the run between them. In workers:
    `stage_portions`, once per try of a partition; what it writes is invisible to readers; and
    `put_together`, for what `too_small` names once all partitions are completed. On the driver:
    `check` before anything runs; `claim` and `prepare` once, after that, whose lines are written
    down before the run is committed; `publish`, which may be cut off anywhere and is then called
    again, any number of times, by this or a later attempt, with the same lines; `release`; or
    `discard`, if the run is abandoned instead. Nobody but the sink reads what it keeps or prepares.

    Guarantees: nothing is visible before `publish`; after it exactly the rows that were prepared
    are; a late or repeated `publish` changes nothing; what is not ours is never touched.
    """

    type: str
    write_disposition: Disposition
    """What happens to the rows of earlier runs: `append` keeps them, `overwrite` replaces all of
    them, `overwrite_partitions` replaces those in partitions (see `partition_by`) that the run has
    rows for, `merge` replaces those with the same key (see `primary_key`; tables only). There is no
    default."""
    replaces_jobs: tuple[str, ...] | Literal["any"] = ()
    """Other jobs whose rows `overwrite` and `overwrite_partitions` may replace, for example after
    you rename a job. By default, rows of another job are never removed, and the run is refused.
    `any` allows all rows that ingest has published, including those of a manifest without a job
    name."""

    @property
    @abstractmethod
    def uri(self) -> str:
        """Where the output is: two jobs cannot publish to one place at once."""

    @property
    def reached_by(self) -> Mapping[str, Any] | None:
        """How its place is reached, as plain data with references to secrets; see `leftovers`.

        None if the place itself, and the environment, say how.
        """
        return None

    @property
    def server(self) -> str:
        """The URL of the server that its URI is meant for; empty if it says that itself."""
        return ""

    @abstractmethod
    def at(self, uri: str) -> Self:
        """Return this sink for another place, which is told as `uri` tells it."""

    def beside(self, name: str, write_disposition: Disposition) -> "Sink | None":
        """Return the sink for what goes with the output, such as its `quarantine`.

        None if there is no place beside it that readers would not take for the output: then the job
        must name one.
        """
        return None

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

    def remarks(self, nulls: Collection[str]) -> list[str]:
        """Return what users are to know of the output before it is published, a warning for each.

        `nulls` are the partition columns that are null in some row.
        """
        return []

    def stage(self, frame: pl.DataFrame, run_id: str, stem: str) -> list[Staged]:
        """Write the rows of one frame; see `stage_portions`."""
        return self.stage_portions([frame], run_id, stem)

    @abstractmethod
    def stage_portions(
        self, portions: Iterable[pl.DataFrame], run_id: str, stem: str
    ) -> list[Staged]:
        """Write rows where nobody sees them, under names that begin with `stem`.

        `stem` is `<attempt>-<partition>-<try>` and never used twice. `portions` are frames of one
        schema, which are made while they are drawn; without rows, nothing is written. The `output`
        of what is returned is left empty: the caller knows which output this sink is.

        Raises:
            FatalError: the disk is full or may not be written.
            RetryableError: the storage did not answer.
            Exception: whatever `portions` raises, unchanged; then nothing is left behind.
        """

    def stage_schema(
        self,
        schema: Mapping[str, pl.DataType],
        run_id: str,
        stem: str,
    ) -> Staged | None:
        """Write, on the driver, what keeps the schema of a run that has no rows.

        Called once all partitions are completed, with a `stem` of its own, and to be published like
        rows. None if there will be something to read anyway: rows of other runs, or a table.
        """
        return None

    def claim(self, claim: Claim) -> None:
        """Keep runs of other states from publishing here, until `release`; before `prepare`.

        Leases lie in a state, so those of one state need no such fence. Nothing is to be done where
        the target itself makes one of two commits fail: a transaction, a table format.

        Raises:
            FatalError: a run of another state is between the two.
        """

    def release(self, run_id: str) -> None:
        """Let others publish here: the run has published, or never will. Idempotent."""

    def too_small(self, files: int, size: int, parts: Iterable[Part]) -> Iterator[Sequence[Part]]:
        """Yield what was staged in too small pieces, as groups of which each is to become one.

        Called on the driver. `files` and `size` are how many the run has staged, and their bytes:
        where those are fine, `parts` are not asked for. Memory does not grow with their number.
        """
        return iter(())

    def put_together(self, staged: Sequence[Staged], run_id: str, stem: str) -> Staged:
        """Stage, in a worker, as one what lies in these; see `too_small`. They stay as they are.

        Raises:
            Exception: it cannot be done. Then they are published as they are.
        """
        raise NotImplementedError

    @abstractmethod
    def prepare(self, staged: Iterable[tuple[int, Staged]], delivery: Delivery) -> Iterator[Line]:
        """Decide what publishing will do, and yield it line by line; nothing is changed yet.

        `staged` are pairs of partition index and what was staged, in the order of completion, those
        of one partition together. Memory does not grow with their number.

        Raises:
            FatalError: what was staged has vanished, or rows of another job would be removed.
        """

    @abstractmethod
    def publish(self, lines: Iterable[Line]) -> Published:
        """Make the run's output visible, as prepared. Harmless when late or repeated.

        `lines` can be read any number of times, from the beginning each time.
        """

    @abstractmethod
    def published_runs(self) -> Collection[str]:
        """Return the runs of which rows are there now."""

    @abstractmethod
    def discard(self, run_id: str) -> None:
        """Remove whatever this run has staged. Idempotent."""

    @abstractmethod
    def verify(self, lines: Iterable[Line]) -> Verified:
        """Count again what a run has published by these lines, and say what differs from them.

        Also what readers of the place would take for rows of it and is none; and which later runs
        have replaced what is not there any more.
        """

    def apart(self, place: str, run_id: str) -> dict[str, Any]:
        """Return the settings by which this sink publishes a run once more, to a new place.

        `place` is a path that nothing is at, for files.
        """
        return {"path": place, "connection": None}

    def again(self, lines: Iterable[Line], other: "Sink") -> Again | None:
        """Compare the rows of a run with those that another sink of this type got of it once more.

        None if it publishes files: their digests tell.
        """
        return None
