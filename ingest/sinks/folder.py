"""What sinks share whose rows lie in files: where they are, and partitions that are folders."""

from collections import Counter
from typing import Self

from pydantic import model_validator

from ingest.sinks.base import Sink


class PartitionedSink(Sink):
    """A sink whose rows lie in one directory, perhaps partitioned by columns."""

    path: str
    partition_by: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        doubled = [name for name, times in Counter(self.partition_by).items() if times > 1]
        if doubled:
            raise ValueError(f'partition_by: "{doubled[0]}" is listed twice. Remove one')
        if self.write_disposition == "overwrite_partitions" and not self.partition_by:
            raise ValueError(
                "write_disposition: overwrite_partitions needs partition_by. Write "
                "partition_by: [COLUMN], or use overwrite"
            )
        return self
