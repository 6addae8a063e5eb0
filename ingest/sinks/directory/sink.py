"""What the sinks that write a directory of files have in common: everything but the format."""

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import Annotated, Literal, Self

import polars as pl
from pydantic import AfterValidator, Field

from ingest.core.credentials import without_credentials
from ingest.core.errors import ConfigError, FatalError, JobError
from ingest.core.marks import OUTSIDE
from ingest.core.names import no_such_column
from ingest.core.outcome import Staged
from ingest.core.rows import filled
from ingest.core.types import type_name
from ingest.formats.base import WritableFormat
from ingest.sinks.base import Claim, Delivery, Line, Part, Published, Verified
from ingest.sinks.directory import hive, manifest
from ingest.sinks.directory.agreement import forms, owners
from ingest.sinks.directory.content import Form, content, published_runs
from ingest.sinks.directory.opening import open_place, uri_of
from ingest.sinks.directory.place import Place
from ingest.sinks.directory.plan import PublishPlan
from ingest.sinks.directory.preflight import Use, problems
from ingest.sinks.directory.preparing import prepared
from ingest.sinks.directory.small_files import are_too_small, groups
from ingest.sinks.directory.staged import StagedFile
from ingest.sinks.directory.staging import stage_joined, stage_none, stage_rows
from ingest.sinks.directory.verifying import Verifying
from ingest.sinks.directory.write_back import WriteBack
from ingest.sinks.folder import PartitionedSink
from ingest.storage.connections import AnyStore
from ingest.storage.uris import is_remote

LOCK_WAIT_S = 60.0
"""How long publishing waits for another process that publishes to the same folder, in seconds."""


class DirectorySink(WritableFormat, PartitionedSink):
    """A format and a place: files, one or more for each partition, that appear when it commits.

    Files are named `<run_id>-<partition>-<n>.<suffix>` and never change, and nothing else of ours
    lies among them. What a run has put there, with row counts and checksums, is listed beside the
    directory, in `.ingest-<name>/manifests/<run_id>.json`.
    """

    write_disposition: Literal["append", "overwrite", "overwrite_partitions"]
    """What happens to the rows of earlier runs: `append` keeps them, `overwrite` replaces all of
    them, `overwrite_partitions` replaces those in partitions (see `partition_by`) that the run has
    rows for. There is no default. Files are not merged by key: see `type: delta`."""
    path: Annotated[str, AfterValidator(without_credentials)] = Field(min_length=1)
    """The output directory. It is created if missing. Its parent must be on the same file system.
    Or a prefix of a bucket: `s3://bucket/folder`."""
    connection: Annotated[AnyStore | None, OUTSIDE] = None
    """The connection that a bucket is written through, by its name: `conf/connection/NAME.yaml`.
    Without it, the environment says how."""
    partition_by: tuple[str, ...] = ()
    """Columns whose values become folder names (`month=1/`). They are not written into the
    files."""
    replace: Literal["folder", "files"] = "folder"
    """How `overwrite` replaces earlier rows. `folder` swaps in a new folder in one instant. `files`
    replaces file by file inside the same folder: use it for a folder that is mounted in a
    container, or that another process watches or keeps open. In a bucket, objects are always
    replaced one by one."""
    target_file_bytes: int = Field(default=256 * 1024 * 1024, ge=1)
    """The target size of a file, in bytes on disk. A larger one is cut. If a run has more than 64
    files and they are, on average, smaller than a sixteenth of the target, those of each folder are
    combined before they are published."""

    @property
    def place(self) -> Place:
        """Where published and staged files are."""
        return open_place(self.path, self.connection)

    @property
    def uri(self) -> str:
        """The directory's absolute path, or the URI of its prefix."""
        return uri_of(self.path)

    def at(self, uri: str) -> Self:
        """Return this sink for another directory; in a bucket, by the same connection."""
        connection = self.connection if is_remote(uri) else None
        return self.model_copy(update={"path": uri, "connection": connection})

    def check(self, inputs: Sequence[str]) -> None:
        """Refuse what cannot work; see `Sink.check`."""
        use = Use(self.write_disposition, self.partition_by, self.suffix, inputs)
        place = self.place
        with place.first_errors():
            wrong = problems(place, use)
        lines = [f"path: {problem}" for problem in wrong]
        if place.most_file_bytes and self.target_file_bytes > place.most_file_bytes:
            lines.append(
                f"target_file_bytes: {self.target_file_bytes:,}, but stores cannot copy objects of "
                f"more than 5 GB. Write at most {place.most_file_bytes}"
            )
        if lines:
            raise ConfigError(*lines)

    def check_published(self, job: str, schema: Mapping[str, str]) -> None:
        """Refuse what does not go with what is there; see `Sink.check_published`."""
        where = self.place
        with where.first_errors():
            standing = content(where)
        place, form = self.uri, Form(self.type, self.partition_by, schema, self.reading)
        lines: list[str] = []
        if self.write_disposition != "append":
            lines += (f"path: {line}" for line in owners(place, standing, job, self.replaces_jobs))
        if self.write_disposition != "overwrite":
            lines += forms(place, standing, form, by_position=self.by_position)
        if lines:
            raise ConfigError(*lines)

    def check_schema(self, schema: Mapping[str, pl.DataType]) -> None:
        """Refuse columns that cannot be folders, or that the format cannot hold."""
        lines = []
        for column in self.partition_by:
            if column not in schema:
                lines.append(f"partition_by: {no_such_column(column, schema)}")
            elif not hive.names_folders(schema[column]):
                lines.append(
                    f'partition_by: column "{column}" is {type_name(schema[column])}. Only '
                    "integers, strings, booleans and dates can be folder names. Derive such a "
                    "column first"
                )
        if not set(schema) - set(self.partition_by):
            lines.append(
                "partition_by: no column is left for the files. Remove one from partition_by"
            )
        written = {name: kind for name, kind in schema.items() if name not in self.partition_by}
        lines += self.unfit(written)
        if lines:
            raise ConfigError(*lines)

    def stage_portions(
        self, portions: Iterable[pl.DataFrame], run_id: str, stem: str
    ) -> list[Staged]:
        """Write rows beside the directory; see `Sink.stage_portions`.

        Files are durable when it returns. With `partition_by`, all rows are held until the last has
        come, because each folder's are written together.
        """
        place = self.place
        staged: list[StagedFile] = []
        with self._settling(place, run_id, staged) as write_back:
            opened = (
                place.open(run_id, f"{stem}-{number}.staged", write_back)
                for number in itertools.count()
            )
            for folder, rows in self._by_folder(filled(portions)):
                if not staged:
                    self._refuse_late(place, run_id)
                    with place.errors():
                        place.begin(run_id)
                files = stage_rows(
                    rows,
                    opened,
                    self.encoder,
                    target_bytes=self.target_file_bytes,
                    most_rows=self.chunk_rows,
                )
                for file in files:  # one by one: what stands is known if the next one fails
                    staged.append(replace(file, folder=folder))  # noqa: PERF401
        return [file.packed() for file in staged]

    def too_small(self, files: int, size: int, parts: Iterable[Part]) -> Iterator[Sequence[Part]]:
        """Yield files to put together, if there are many small ones; see `small_files`."""
        if self.joins and are_too_small(files, size, self.target_file_bytes):
            yield from groups(parts, self.target_file_bytes)

    def put_together(self, staged: Sequence[Staged], run_id: str, stem: str) -> Staged:
        """Write one file with the rows of several; see `Sink.put_together`."""
        place = self.place
        self._refuse_late(place, run_id)
        joined: list[StagedFile] = []
        with self._settling(place, run_id, joined) as write_back:
            file = stage_joined(
                [StagedFile.of(each) for each in staged],
                place.open(run_id, f"{stem}-0.staged", write_back),
                partial(place.measured_staged, run_id),
                self.join,
            )
            joined.append(file)
        return file.packed()

    def stage_schema(
        self, schema: Mapping[str, pl.DataType], run_id: str, stem: str
    ) -> Staged | None:
        """Write a file without rows, unless files stay; see `Sink.stage_schema`.

        It lies at the directory's root and has all columns, also those that become folders, and
        goes when a run brings rows.
        """
        place = self.place
        with place.errors():
            if self.write_disposition != "overwrite" and any(place.files()):
                return None
        with WriteBack() as write_back:
            file = place.open(run_id, f"{stem}-0.staged", write_back)
            staged = stage_none(pl.DataFrame(schema=schema), file, self.encoder)
            try:
                with place.errors():
                    place.settle(run_id, write_back)
            except BaseException:
                place.unstage(run_id, [staged.name])
                raise
        return staged.packed()

    def claim(self, claim: Claim) -> None:
        """Claim the directory; see `Sink.claim`."""
        place = self.place
        with place.errors():
            place.claim(claim)

    def release(self, run_id: str) -> None:
        """Release the directory; see `Sink.release`."""
        place = self.place
        with place.errors():
            place.release(run_id)

    def prepare(self, staged: Iterable[tuple[int, Staged]], delivery: Delivery) -> Iterator[Line]:
        """Decide on names, and on what is replaced; see `Sink.prepare`.

        Raises:
            FatalError: a manifest in the directory cannot be read, or staged files have vanished.
        """
        with self.place.errors():
            yield from prepared(self, staged, delivery)

    def publish(self, lines: Iterable[Line]) -> Published:
        """Make the run's output visible; see `Sink.publish` and `publishing` for the steps.

        Raises:
            FatalError: it cannot be finished now; the text says what to do before the next attempt.
            RetryableError: the storage did not answer.
        """
        for _ in self.publish_steps(lines):
            pass
        counts = PublishPlan(lines).counts
        facts = {"files": counts.files, "removed": counts.removed}
        return Published(counts.rows, inserted=counts.rows, facts=facts)

    def publish_steps(
        self, lines: Iterable[Line], lock_wait_s: float = LOCK_WAIT_S
    ) -> Iterator[str]:
        """Publish, stopping after each operation: what tests cut, and `publish` runs to its end."""
        place = self.place
        with place.errors():
            yield from place.publish_steps(PublishPlan(lines), lock_wait_s)

    def discard(self, run_id: str) -> None:
        """Remove what a run that was given up has staged; see `Sink.discard`.

        Raises:
            FatalError: the run is being published; it can only be finished.
        """
        place = self.place
        with place.errors():
            place.discard(run_id)

    def published_runs(self) -> set[str]:
        """Return the runs that files are named for; see `Sink.published_runs`."""
        place = self.place
        with place.errors():
            return published_runs(place)

    def files_of(self, run_id: str) -> list[str]:
        """Return the names of the files that a run has published here, still there or not."""
        return [file["name"] for file in manifest.read(self.place, run_id)["files"]]

    def current(self) -> list[str]:
        """Return the names of the files that make up the data set, by its manifests."""
        return manifest.current(self.place)

    def verify(self, lines: Iterable[Line]) -> Verified:
        """Count and hash what a run has published; see `Sink.verify`."""
        place = self.place
        with place.errors():
            return Verifying(place, PublishPlan(lines), self.count_rows).verified()

    @contextmanager
    def _settling(
        self, place: Place, run_id: str, staged: Sequence[StagedFile]
    ) -> Iterator[WriteBack]:
        """Make durable what was staged, all of it at once, or remove it if anything fails."""
        try:
            with WriteBack() as write_back:
                yield write_back
                if not staged:
                    return
                with place.errors():
                    place.settle(run_id, write_back)
            # Once more: had the run been published before our files stood, its publisher, who
            # removes what is staged, would have passed them over. Now one of us two removes them.
            self._refuse_late(place, run_id)
        except BaseException:
            place.unstage(run_id, [file.name for file in staged])
            raise

    def _refuse_late(self, place: Place, run_id: str) -> None:
        """Refuse a try of a run that is published, having removed the folder if it is empty."""
        with place.errors():
            if not place.has_manifest(run_id):
                return
            place.tidy()
        raise FatalError(f"{place.uri}: run {run_id} is already published; this try is too late")

    def _by_folder(
        self, portions: Iterator[pl.DataFrame]
    ) -> Iterator[tuple[str, Iterable[pl.DataFrame]]]:
        """Return the rows of each folder; none if there are no rows."""
        for folder, rows in hive.by_folder(portions, self.partition_by):
            if folder and (long := self.place.too_long(self.suffix, folder)):
                raise JobError(f'sink.partition_by: "{folder}": {long}')
            yield folder, rows
