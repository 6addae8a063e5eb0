"""What every step promises."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import ClassVar, Literal

import polars as pl

from ingest.core.dataclass import dataclass
from ingest.core.lineage import Origin
from ingest.core.model import Model
from ingest.transforms.elsewhere import instead

Scope = Literal["row", "partition", "run"]


@dataclass(frozen=True, slots=True)
class StepContext:
    """What a step may know besides its rows; frozen for the run, so that a retry gives the same.

    `uris` are the inputs of the partition by slice (see `core.rows.slice_of`); at plan time, where
    there is no partition, it is empty. `loaded_at` is when the run began, UTC. `job_folder` is
    where the job's own modules lie. `python` says whether user functions may be called. `private`
    are the names of columns that the job marks `pii` or masks: no message quotes their values.
    """

    job: str = ""
    run_id: str = ""
    loaded_at: datetime | None = None
    seed: int = 0
    uris: tuple[str, ...] = ()
    job_folder: str = ""
    python: bool = True
    private: frozenset[str] = frozenset()


class Transform(Model, ABC):
    """One entry of `transforms`: rows in, rows out.

    `apply` is called on the driver with an empty frame, to check types and to learn the schema
    that comes out, and in workers once per partition. It builds a lazy plan and runs nothing
    itself, unless it says otherwise. Hidden columns (`core.rows`) pass through.

    `scope` is `row` if each row's result depends on that row alone: such a step gives the same
    output however the input is cut. `partition` means the result depends on which rows share a
    partition. `drops` is the reason in the books for rows that may vanish in this step, empty if
    none may; `adds` says whether it may make rows. What a step may not do and does is found by the
    audit, and nothing is published. `moves` says that it changes no value, only where it stands.
    """

    type: str
    scope: ClassVar[Scope] = "row"
    drops: ClassVar[str] = ""
    adds: ClassVar[bool] = False
    moves: ClassVar[bool] = False

    @classmethod
    def instead(cls, name: str) -> str:
        """Return what to write for a step of another tool; empty if it is not known."""
        return instead(name)

    @abstractmethod
    def apply(self, frame: pl.LazyFrame, context: StepContext) -> pl.LazyFrame:
        """Return the frame with this step added.

        Raises:
            ConfigError: a column does not exist or has a type that the step cannot use. The text
                begins at the option (`where: ...`); the caller puts file, line and step before it.
        """

    @property
    def by_row(self) -> bool:
        """Whether each row's result depends on that row alone."""
        return self.scope == "row"

    def touches(self, given: Mapping[str, pl.DataType]) -> frozenset[str]:
        """Return those of the given columns whose values this step looks at or changes.

        The others it passes on, renames not even them, or leaves out, whatever is in them: so a
        source need not read a column that nothing touches and nobody publishes. By default all.
        """
        return frozenset(given)

    def writes(self) -> frozenset[str]:
        """Return the columns that this step makes or changes, as far as its options name them."""
        return frozenset()

    def origins(
        self, given: Mapping[str, pl.DataType], made: Iterable[str]
    ) -> dict[str, frozenset[str]]:
        """Say for each column that this step makes of which of those given to it it is made.

        `given` and `made` are the visible columns before and after it. Where a step is not looked
        into, a column that keeps its name is taken to be the same, and a new one to be made of all:
        by this the private columns are followed through a job.
        """
        everything = frozenset(given)
        return {name: frozenset([name]) if name in given else everything for name in made}

    def outside(self, given: Mapping[str, pl.DataType], made: Iterable[str]) -> dict[str, Origin]:
        """Say which columns that this step makes come from another table, and from where there."""
        return {}

    def decides(self, given: Mapping[str, pl.DataType]) -> frozenset[str]:
        """Return the columns by whose values rows may be left out here.

        Of a step that drops or adds rows and is not looked into, all of them.
        """
        return frozenset(given) if self.drops or self.adds else frozenset()

    def remark(self) -> str:
        """Return what `plan` says of this step, if it is easily misunderstood; empty if nothing."""
        return ""

    def hides(self) -> frozenset[str]:
        """Return the columns whose values nobody can read behind this step."""
        return frozenset()

    def check(self, context: StepContext) -> None:
        """Check what can be without reading data or running anybody's code: for `validate`.

        Raises:
            ConfigError: a run would be refused.
        """

    def prepare(self, context: StepContext) -> None:
        """Check on the driver, before anything runs, what the step needs besides columns.

        Reference files that exist, functions that can be imported, secrets that are set. Workers
        may call it before their first partition, also twice, for what is read then and kept.

        Raises:
            ConfigError: something is missing.
        """

    def fingerprint(self, context: StepContext) -> str:
        """Return a digest of what the rows depend on besides options and input; empty if nothing.

        A reference file, a function's code, a secret. The driver compares it when a run is resumed
        and before it is published: one run never mixes two versions.
        """
        return ""
