"""What sources that read files share: their paths, and columns made from a file's name."""

import os
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any, ClassVar, Self

import polars as pl
from pydantic import AfterValidator, Field, model_validator

from ingest.core.credentials import without_credentials
from ingest.core.dataclass import dataclass
from ingest.core.errors import BadRowError, ConfigError, FatalError
from ingest.core.marks import LATER, OUTSIDE
from ingest.core.partition import Slice
from ingest.core.types import Schema
from ingest.formats.base import Format
from ingest.sources.base import Difference, Inputs, Layout, Planned, Source
from ingest.sources.columns.options import FILE_COLUMNS, refuse_names
from ingest.sources.files.comparing import differences
from ingest.sources.files.folder_keys import KeySurvey, PlannedKeys
from ingest.sources.files.identity import while_planning
from ingest.sources.files.listing import as_list, bases_of, list_inputs, root_of, survey, would_read
from ingest.sources.files.opening import expansion
from ingest.sources.files.schema import Expected, FileSchema
from ingest.sources.files.unread import left_out, unread
from ingest.sources.incremental import Earlier, Incremental, Unread
from ingest.storage.clients.addresses import endpoint_of
from ingest.storage.connections import AnyStore, usual
from ingest.storage.remote import refuse_other
from ingest.storage.uris import is_remote


@dataclass(frozen=True, slots=True)
class Made:
    """The columns that are made from files' names, which of them are folder keys, and remarks.

    `bases` are the folders whose own names are no keys.
    """

    columns: Schema
    keys: list[str]
    remarks: tuple[str, ...]
    bases: Sequence[str] = ()

    @property
    def facts(self) -> dict[str, Any]:
        """What the plan holds of them."""
        return {"folder_keys": self.keys, "bases": list(self.bases)}


Path = Annotated[str, AfterValidator(without_credentials)]


class FileSource(Source):
    """A source that reads files: one, several, folders of them, or what globs match."""

    format: ClassVar[type[Format]]
    """The format of the files: its endings tell which files of a folder are read."""

    path: Path | tuple[Path, ...] = Field(min_length=1)
    """A file, a folder (all data files below it), a glob with `*`, `?` or `**` (`[[]` matches `[`),
    or a list of these. On a local disk, or in S3 or a compatible store: `s3://bucket/folder`. A
    file that several paths lead to is read once."""
    connection: Annotated[AnyStore | None, OUTSIDE] = None
    """The connection that a bucket is read through, by its name: `conf/connection/NAME.yaml`.
    Without it, the environment says how."""
    schema_: FileSchema = Field(default=FileSchema(), alias="schema")
    """Which columns may differ between files."""
    hive_partitions: bool = True
    """Whether folder names like `dt=2024-01-01` become columns. They are strings, unless `columns`
    or the contract set another type. For files outside such folders, see
    `schema.missing_columns`."""
    include_file_columns: bool = False
    """Whether to add the columns `_file_path`, `_file_name`, `_file_size` (bytes as stored) and
    `_file_modified` (UTC)."""

    incremental: Annotated[Incremental | None, LATER] = None
    """`files` reads only files that no published run of the job has read: see
    [Only new files](../guides/only-new-files.md). The long form is
    `{type: files, on_changed: fail}`. Not with `write_disposition: overwrite`."""

    @model_validator(mode="after")
    def _reachable(self) -> Self:
        for path in as_list(self.path):
            if self.connection is not None:
                try:
                    refuse_other("path", path, self.connection)
                except ConfigError as error:
                    raise ValueError(str(error)) from None
        return self

    @property
    def roots(self) -> tuple[str, ...]:
        """The files and folders that are named, and of globs the folders above the first sign."""
        return tuple(root_of(path) for path in as_list(self.path))

    @property
    def server(self) -> str:
        """The URL of the store; empty for the provider's own, or for none."""
        scheme = as_list(self.path)[0].partition("://")[0]
        connection = self.connection or usual(scheme)
        return endpoint_of(connection) if connection else ""

    def would_read(self, file: str) -> bool:
        """Say whether a file, a path or a URI, would be read as input, if it were there."""
        return would_read(self.path, self.format.names(), file)

    def inputs(self) -> Inputs:
        """List the files."""
        return list_inputs(
            self.path, self.format.names(), keyed=self.hive_partitions, connection=self.connection
        )

    def expansion(self, sample: Sequence[Slice]) -> float:
        """Return how far the sample's files unpack, the farthest of them."""
        try:
            return max((expansion(piece, self.connection) for piece in sample), default=1.0)
        except (BadRowError, FatalError) as error:
            raise while_planning(error) from None

    @property
    def is_incremental(self) -> bool:
        """Whether only new files are read."""
        return self.incremental is not None

    def unread(self, earlier: Earlier) -> Unread:
        """List the files that no published run has read; that may be none.

        A path that leads to nothing any more is no mistake if files were read there.
        """
        assert self.incremental is not None, "else all inputs are read"
        listed = list_inputs(
            self.path,
            self.format.names(),
            keyed=self.hive_partitions,
            connection=self.connection,
            emptied=lambda path: self._has_read(path, earlier),
        )
        found = unread(listed.slices, earlier, self.incremental, self._is_gone)
        return replace(found, remarks=(*listed.remarks, *found.remarks))

    def compare(
        self, planned: Iterable[Planned], since: datetime, earlier: Earlier | None = None
    ) -> Iterable[Difference]:
        """List the files again, and compare the list with the plan."""
        present = survey(self.path, self.format.names(), self.connection)
        found = differences(planned, present, since)
        if earlier is None or self.incremental is None:
            return found
        known = left_out(present, earlier, self.incremental)
        return (each for each in found if each.fate != "new" or each.uri not in known)

    def _is_gone(self, uri: str) -> bool:
        """Say whether a file that is not listed is there no more: of buckets, no other is asked."""
        return self.would_read(uri) if is_remote(uri) else not os.access(uri, os.F_OK)

    def _has_read(self, path: str, earlier: Earlier) -> bool:
        uris = (uri for part in earlier.files() for uri in part["uri"])
        return any(would_read(path, self.format.names(), uri) for uri in uris)

    def admit(self, slices: Iterable[Slice], layout: Layout) -> Iterator[Slice]:
        """Pass on slices that lie in folders of the planned keys."""
        return self.planned_keys(layout).admit(slices) if self.hive_partitions else iter(slices)

    def expected(self, layout: Layout, names: Collection[str]) -> Expected:
        """Return what columns a file may have, of which the plan has these."""
        facts = layout.facts
        return Expected(names, self.schema_, facts.get("example", ""), facts.get("optional", ()))

    def planned_keys(self, layout: Layout) -> PlannedKeys:
        """Return the folder keys of the plan."""
        facts = layout.facts
        return PlannedKeys(
            tuple(facts["folder_keys"]),
            self._fills,
            facts.get("example", ""),
            facts.get("bases", ()),
        )

    @property
    def _fills(self) -> bool:
        return self.schema_.missing_columns == "null"

    def made_columns(
        self,
        files: Sequence[Slice],
        declared: Mapping[str, pl.DataType],
        types: Mapping[str, pl.DataType],
    ) -> Made:
        """Return the columns made from files: the folder keys of any of them, and file columns.

        Raises:
            ConfigError: some files lie in no folder of a key that others have.
        """
        survey = KeySurvey(bases_of(self.path))
        if self.hive_partitions:
            for piece in files:
                survey.add(piece.uri)
        survey.check(nulls=self._fills)
        keys = list(survey.having)
        refuse_names("path", keys, "Rename the folders, or write hive_partitions: false")
        made = {key: declared.get(key) or types.get(key) or pl.String() for key in keys}
        if self.include_file_columns:
            made |= FILE_COLUMNS
        return Made(made, keys, tuple(survey.remarks()), survey.bases)
