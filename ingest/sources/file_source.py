"""What sources that read files share: their paths, and columns made from a file's name."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import ClassVar

import polars as pl
from pydantic import Field

from ingest.core.errors import ConfigError
from ingest.core.partition import Slice
from ingest.core.types import Schema
from ingest.sources.base import Difference, Planned, Source
from ingest.sources.columns import FILE_COLUMNS, folder_keys, refuse_names
from ingest.sources.comparing import differences
from ingest.sources.files import as_list, list_files, root_of, survey


class FileSource(Source):
    """A source that reads files: one, several, folders of them, or what globs match."""

    endings: ClassVar[tuple[str, ...]]
    guessable: ClassVar[bool] = True
    """Whether looking at such a file tells how it is read."""

    path: str | tuple[str, ...] = Field(min_length=1)
    """A file, a folder (all data files below it), a glob with `*`, `?` or `**`, or a list of
    these. Local, or whatever fsspec opens, such as `s3://bucket/folder`."""
    hive_partitions: bool = True
    """Whether folder names like `dt=2024-01-01` become columns: strings, unless `columns` or the
    contract give them another type."""
    include_file_columns: bool = False
    """Whether to add the columns `_file_path`, `_file_name`, `_file_size` (bytes, as the file
    lies there) and `_file_modified` (UTC)."""

    @property
    def roots(self) -> tuple[str, ...]:
        """The files and folders that are named, and of globs the folders above the first sign."""
        return tuple(root_of(path) for path in as_list(self.path))

    def slices(self, target_bytes: int) -> Iterable[Slice]:
        """List the files and cut those larger than the target."""
        for piece in list_files(self.path, self.endings):
            yield from self.cut(piece, target_bytes)

    def compare(self, planned: Iterable[Planned], since: datetime) -> Iterable[Difference]:
        """List the files anew, and hold the list against the plan."""
        return differences(planned, survey(self.path, self.endings), since)

    def cut(self, piece: Slice, target_bytes: int) -> Iterable[Slice]:  # noqa: ARG002 - subclasses'
        """Cut one file into slices of about `target_bytes`, if it can be cut."""
        yield piece

    def file_schema(
        self,
        sample: Sequence[Slice],
        declared: Mapping[str, pl.DataType],
        types: Mapping[str, pl.DataType],
    ) -> tuple[Schema, list[str]]:
        """Return the columns made from files, with their types, and which of them are folder keys.

        Raises:
            ConfigError: the sample's files differ in keys.
        """
        keys = list(folder_keys(sample[0].uri)) if self.hive_partitions and sample else []
        for piece in sample:
            if keys and list(folder_keys(piece.uri)) != keys:
                raise ConfigError(
                    f'path: "{piece.uri}" lies in folders of other keys than "{sample[0].uri}". '
                    "Read them by two jobs, or write hive_partitions: false"
                )
        refuse_names("path", keys, "Rename the folders, or write hive_partitions: false")
        made = {key: declared.get(key) or types.get(key) or pl.String() for key in keys}
        if self.include_file_columns:
            made |= FILE_COLUMNS
        return made, keys
