"""What sinks share whose rows lie in files: where they are, and partitions that are folders."""

import os
from collections import Counter
from pathlib import Path
from typing import Self

from pydantic import field_validator, model_validator

from ingest.sinks.base import Sink
from ingest.storage.remote import local_path


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


class FolderSink(PartitionedSink):
    """A sink whose directory is a folder of a local disk."""

    @field_validator("path")
    @classmethod
    def _local(cls, path: str) -> str:
        return local_path(path)

    @property
    def root(self) -> Path:
        """The folder, absolute and with symbolic links resolved."""
        return Path(os.path.realpath(self.path))

    @property
    def uri(self) -> str:
        """The folder's absolute path."""
        return str(self.root)

    def at(self, uri: str) -> Self:
        """Return this sink for another folder."""
        return self.model_copy(update={"path": uri})
