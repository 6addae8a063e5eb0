"""Delta Lake tables."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Annotated, Literal, Self

import polars as pl
from pydantic import AfterValidator, Field, model_validator

from ingest.core.credentials import without_credentials
from ingest.core.errors import ConfigError, FatalError, JobError
from ingest.core.marks import OUTSIDE
from ingest.core.outcome import Staged
from ingest.core.types import schema_from_json
from ingest.formats.parquet.writing import ParquetFiles
from ingest.sinks.base import Delivery, Disposition, Line, Published, Verified
from ingest.sinks.directory.opening import uri_of
from ingest.sinks.directory.write_back import WriteBack
from ingest.sinks.folder import PartitionedSink
from ingest.sinks.parquet import Parquet, parquet_beside
from ingest.sinks.table import agreement, leftovers, verifying
from ingest.sinks.table.columns import key_problems, problems
from ingest.sinks.table.committing import Committing, vanished
from ingest.sinks.table.library import require_library
from ingest.sinks.table.log import Log, described
from ingest.sinks.table.merger import unrepeated
from ingest.sinks.table.opening import table_place
from ingest.sinks.table.place import TablePlace, refused
from ingest.sinks.table.plan import TablePlan
from ingest.sinks.table.staging import staged_files
from ingest.storage.connections import AnyStore


class Delta(ParquetFiles, PartitionedSink):
    """A Delta Lake table, which each run changes by one commit.

    Files are staged in the table's folder, in one named for the run, `<run_id>/`; no reader of
    Delta tables sees them before the commit. The commit adds them, removes what is replaced, and
    says which run it is: a run is added once, however often it is published, also after later
    runs. Replaced files stay for older versions of the table until you run VACUUM. `VACUUM` also
    removes what is staged if a run takes longer than the time it retains.

    Needs `pip install 'ingest[delta]'`. Tables that ask more of writers than adding and removing
    files are refused: column mapping, deletion vectors, generated columns, constraints, change data
    feed.
    """

    type: Literal["delta"]
    path: Annotated[str, AfterValidator(without_credentials)] = Field(min_length=1)
    """The table's folder, on a local disk or in a bucket: `s3://bucket/table`. The table is created
    if missing. A store that ignores conditional writes is refused, because two commits could both
    win."""
    connection: Annotated[AnyStore | None, OUTSIDE] = None
    """The connection that a bucket is reached by, by its name: `conf/connection/NAME.yaml`. Without
    it, the environment says how."""
    primary_key: tuple[str, ...] = ()
    """The columns that tell rows apart, for `write_disposition: merge`. A row replaces the row of
    the table with the same key, and is inserted if there is none. Nulls, and several rows of one
    run with the same key, are refused before anything is published. If the key contains a
    partition column, only the partitions that the run has rows for are searched. Otherwise all
    are, and a row can move to another partition."""
    partition_by: tuple[str, ...] = ()
    """Partition columns. They are part of the table and are not written into the files. An empty
    text is refused, because Delta reads it as null."""
    schema_evolution: Literal["fail", "add_columns"] = "fail"
    """What happens if the rows have columns that the table does not have. `add_columns` adds them
    to the table, null in earlier rows, by a commit of its own before the one with the rows. Other
    differences are always refused."""
    target_file_bytes: int = Field(default=256 * 1024 * 1024, ge=1)
    """The target size of a file, in bytes on disk."""
    replaces_jobs: tuple[str, ...] | Literal["any"] = ()
    """Other jobs whose rows `overwrite`, `overwrite_partitions` and `merge` may replace, for
    example after you rename a job. By default, rows of another job are never removed, and the run
    is refused. `any` allows all rows of the table, also those of other programs. It is also needed
    after OPTIMIZE has merged files, because they no longer tell whose rows they contain."""

    @model_validator(mode="after")
    def _keyed(self) -> Self:
        merges = self.write_disposition == "merge"
        if merges and not self.primary_key:
            raise ValueError(
                "write_disposition: merge needs the columns that tell rows apart. Write "
                "primary_key: [COLUMN]"
            )
        if self.primary_key and not merges:
            raise ValueError(
                "primary_key: only merge replaces rows by key. Write write_disposition: merge, or "
                "remove primary_key"
            )
        if len(set(self.primary_key)) < len(self.primary_key):
            raise ValueError("primary_key: a column is listed twice. Remove one")
        return self

    @property
    def uri(self) -> str:
        """The folder's absolute path, or the URI."""
        return uri_of(self.path)

    def at(self, uri: str) -> Self:
        """Return this sink for another place."""
        return self.model_copy(update={"path": uri})

    @property
    def place(self) -> TablePlace:
        """Where the table is, and how it is reached."""
        return table_place(self.path, self.connection)

    def beside(self, name: str, write_disposition: Disposition) -> Parquet:
        """Return a sink of Parquet files beside the table."""
        return parquet_beside(self, name, write_disposition)

    def check(self, inputs: Sequence[str]) -> None:
        """Refuse what cannot work; see `Sink.check`."""
        require_library()
        place = self.place
        with place.checking():
            wrong = [*place.unusable()] or [*self._unusable(place)]
            refused([*wrong, *place.overlapping(inputs)])

    def check_published(self, job: str, schema: Mapping[str, str]) -> None:
        """Refuse what does not go with the table; see `Sink.check_published`."""
        place = self.place
        with place.checking():
            log = Log.open(place)
            wrong = [*self._disagreements(log, job, schema)] if log else []
        if wrong:
            raise ConfigError(*wrong)

    def check_schema(self, schema: Mapping[str, pl.DataType]) -> None:
        """Refuse columns that a table cannot hold; see `Sink.check_schema`."""
        wrong = [*problems(schema, self.partition_by), *key_problems(schema, self.primary_key)]
        if wrong:
            raise ConfigError(*wrong)

    def stage_portions(
        self, portions: Iterable[pl.DataFrame], run_id: str, stem: str
    ) -> list[Staged]:
        """Write rows into the run's folder in the table's; see `Sink.stage_portions`.

        Files are durable when it returns. With `partition_by`, all rows are held until the last has
        come, because each partition's are written together.

        Raises:
            JobError: a key is null, or a value cannot be that of a partition.
        """
        staged: list[Staged] = []
        place = self.place
        rows = map(self._with_keys, portions)
        try:
            with WriteBack() as write_back:
                # one by one: what stands is known if the next one fails
                for file in staged_files(self, rows, run_id, stem, write_back):
                    staged.append(file)  # noqa: PERF402
                if staged:
                    with place.errors():
                        place.settle((each.keep["path"] for each in staged), write_back)
            if staged:
                self._refuse_late(place, run_id)
        except BaseException:
            with suppress(OSError):
                place.remove(each.keep["path"] for each in staged)
            raise
        return staged

    def prepare(self, staged: Iterable[tuple[int, Staged]], delivery: Delivery) -> Iterator[Line]:
        """Say what is added; see `Sink.prepare`.

        Raises:
            FatalError: staged files have vanished, or the table has changed since the run began so
                that its rows do not go with it any more.
            ContractError: several rows have the same primary key.
        """
        place = self.place
        with place.errors():
            if log := Log.open(place):
                for problem in self._disagreements(log, delivery.job, delivery.schema):
                    raise FatalError(f"sink.{problem}. Nothing was published")
            yield TablePlan.begin(delivery, self.write_disposition, self.partition_by)
            adds = self._adds(place, staged)
            if self.primary_key:
                adds = unrepeated(self, delivery, adds)
            files = rows = 0
            for line in adds:
                files, rows = files + 1, rows + line["rows"]
                yield line
            yield TablePlan.end(files, rows)

    def publish(self, lines: Iterable[Line]) -> Published:
        """Make the run's commit, unless the table has it; see `Sink.publish`, `Committing`.

        Memory: the library holds all actions of the commit, and the files of the newest version.
        Rows of a merge are read by a process of its own.
        """
        with self.place.errors():
            return Committing(self, TablePlan(lines)).published()

    def published_runs(self) -> set[str]:
        """Return the runs whose files are in the table; see `table.leftovers`."""
        return leftovers.published_runs(self.place)

    def discard(self, run_id: str) -> None:
        """Remove what a run has staged; see `Sink.discard`."""
        leftovers.remove_staged(self.place, run_id)

    def verify(self, lines: Iterable[Line]) -> Verified:
        """Count and hash what a run has published; see `Sink.verify`."""
        with self.place.errors():
            return verifying.verified(self.place, TablePlan(lines), self.count_rows)

    def _unusable(self, place: TablePlace) -> Iterator[str]:
        """Say why the place cannot become or be that of a table."""
        if unwritable := place.unwritable():
            yield unwritable
        elif log := Log.open(place):
            yield from (f'"{place.uri}" {what}. Use another table' for what in log.unsupported())
            if log.append_only and self.write_disposition != "append":
                yield f'"{place.uri}" is append-only. Write write_disposition: append'
        elif strange := leftovers.strange(place):
            yield (
                f'"{place.uri}" is not a Delta table and not empty: it contains "{strange}". Use '
                "another path"
            )

    def _disagreements(self, log: Log, job: str, schema: Mapping[str, str]) -> Iterator[str]:
        """Say why rows with these columns cannot be published to the table as it is."""
        frame = pl.DataFrame(schema=schema_from_json(schema))
        yield from agreement.shape(self, log, described(frame))
        if self.write_disposition != "append":
            yield from agreement.owners(self, log, job)

    def _with_keys(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Return rows all of which have a key.

        Raises:
            JobError: one has none.
        """
        for name in self.primary_key:
            if nulls := rows[name].null_count():
                raise JobError(
                    f'sink.primary_key: column "{name}" is null in {nulls:,} rows. A merge needs a '
                    f"key in every row. Add {{type: not_null, columns: [{name}]}} to "
                    "contract.checks, or use another key"
                )
        return rows

    def _adds(self, place: TablePlace, staged: Iterable[tuple[int, Staged]]) -> Iterator[Line]:
        """Yield the lines of what was staged, if it still is there."""
        for _, each in staged:
            if problem := vanished(place, each.keep["path"], each.bytes):
                raise FatalError(
                    f"{problem}. Nothing was published. Restore it and run again, or add "
                    "--fresh to discard the run and start over"
                )
            yield TablePlan.add(each)

    def _refuse_late(self, place: TablePlace, run_id: str) -> None:
        """Refuse a try of a run that is published: its publisher, or we, remove its files."""
        log = Log.open(place)
        if log is not None and log.has(run_id):
            raise FatalError(
                f"{place.uri}: run {run_id} is already published; this try is too late"
            )
