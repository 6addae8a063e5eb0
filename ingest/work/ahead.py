"""What workers can do for a job before it is planned: what its steps read once."""

from contextlib import suppress

import polars as pl

from ingest.core.dataclass import dataclass
from ingest.transforms.base import StepContext, Transform


@dataclass(frozen=True, slots=True)
class StepsAhead:
    """The steps of a job, to be prepared; see `workers.base.Preparing`."""

    transforms: tuple[Transform, ...]
    context: StepContext

    def prepare(self) -> None:
        """Have the steps read what they need, which is kept, while nobody waits for it."""
        with suppress(
            Exception, SystemExit, pl.exceptions.PanicException
        ):  # the first partition meets it again, and says so
            for step in self.transforms:
                step.prepare(self.context)
