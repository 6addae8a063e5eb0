"""What the process that reads rows is told of a sink: where the table is, and how files are."""

import json
from typing import Any, Protocol, Self

from ingest.formats.parquet.writing import ParquetFiles
from ingest.sinks.table.opening import table_place
from ingest.sinks.table.place import TablePlace
from ingest.storage.connections import AnyStore


class Merging(Protocol):
    """What is asked of a sink to tell it."""

    @property
    def uri(self) -> str:
        """Where the table is."""
        ...

    def model_dump_json(self, *, by_alias: bool) -> str:
        """Return the sink as JSON."""
        ...


class Rewriter(ParquetFiles):
    """A sink as far as its files can be read and written with it."""

    uri: str
    connection: AnyStore | None
    partition_by: tuple[str, ...]
    primary_key: tuple[str, ...]
    target_file_bytes: int

    @classmethod
    def of(cls, page: Any) -> Self:
        """Return what a page of `described` tells."""
        return cls.model_validate(page)

    @property
    def place(self) -> TablePlace:
        """Where the table is."""
        return table_place(self.uri, self.connection)


def described(sink: Merging) -> dict[str, Any]:
    """Return a sink for another process: plain data, with references to secrets."""
    page = {**json.loads(sink.model_dump_json(by_alias=True)), "uri": sink.uri}
    return {name: page[name] for name in Rewriter.model_fields}
