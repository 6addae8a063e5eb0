"""What sinks share whose rows lie in files: where they are, and partitions that are folders."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Annotated, Any, Self

from pydantic import field_validator, model_validator

from ingest.core.marks import OUTSIDE
from ingest.sinks.base import Sink
from ingest.storage.clients.addresses import endpoint_of
from ingest.storage.connections import AnyStore
from ingest.storage.remote import canonical, writer_of


class PartitionedSink(Sink):
    """A sink whose rows lie in one directory, of a disk or a bucket, perhaps partitioned."""

    path: str
    partition_by: tuple[str, ...] = ()
    connection: Annotated[AnyStore | None, OUTSIDE] = None

    @field_validator("path")
    @classmethod
    def _plain(cls, path: str) -> str:
        return path.removeprefix("file://")

    @model_validator(mode="after")
    def _reachable(self) -> Self:
        writer_of(self.path, self.connection)
        return self

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

    @property
    def server(self) -> str:
        """The URL of the store; empty for the provider's own, or for none."""
        connection = writer_of(self.path, self.connection)
        return endpoint_of(connection) if connection else ""

    @property
    def reached_by(self) -> dict[str, Any] | None:
        """The connection, if there is one; see `Sink.reached_by`."""
        return None if self.connection is None else self.connection.model_dump(mode="json")


def overlaps(uri: str, inputs: Sequence[str]) -> Iterator[str]:
    """Say which inputs lie in a prefix of a bucket that is published to, or around it."""
    for given in inputs:
        source = canonical(given)
        if source == uri:
            yield f'"{uri}" is also the source. A job must not read its output. Use another path'
        elif uri.startswith(f"{source}/"):
            yield (
                f'"{uri}" is inside the source "{source}": the next run would read its own '
                "output. Use a path outside it"
            )
        elif source.startswith(f"{uri}/"):
            yield (
                f'the source "{source}" is inside "{uri}": publishing would change the '
                "source. Use another path"
            )
