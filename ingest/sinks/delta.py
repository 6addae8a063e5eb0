"""Delta Lake tables."""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any, Literal

import polars as pl
from pydantic import Field

from ingest.core.errors import ConfigError, FatalError
from ingest.core.outcome import Staged
from ingest.core.types import schema_from_json
from ingest.formats.parquet.writing import ParquetFiles
from ingest.sinks.base import Delivery, Disposition, Line, Published, Verified
from ingest.sinks.directory.local.preflight import overlaps, shape, user
from ingest.sinks.directory.staging import place_errors, storage_errors
from ingest.sinks.folder import FolderSink
from ingest.sinks.parquet import Parquet, parquet_beside
from ingest.sinks.table import agreement, leftovers, verifying
from ingest.sinks.table.columns import problems
from ingest.sinks.table.library import Conflict, require_library
from ingest.sinks.table.log import Log, create, described, sync
from ingest.sinks.table.plan import TablePlan
from ingest.sinks.table.staging import staged_files, sync_names
from ingest.storage import tree

_COMMIT_ATTEMPTS = 100
_MISREAD = "%\\"
"""What the library takes in a path for something else: it makes a URL of it."""


class Delta(ParquetFiles, FolderSink):
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
    path: str = Field(min_length=1)
    """The table's folder, on a local disk. The table is created if missing."""
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
    """Other jobs whose rows `overwrite` and `overwrite_partitions` may replace, for example after
    you rename a job. By default, rows of another job are never removed, and the run is refused.
    `any` allows all rows of the table, also those of other programs. It is also needed after
    OPTIMIZE has merged files, because they no longer tell whose rows they contain."""

    def beside(self, name: str, write_disposition: Disposition) -> Parquet:
        """Return a sink of Parquet files beside the table."""
        return parquet_beside(self, name, write_disposition)

    def check(self, inputs: Sequence[str]) -> None:
        """Refuse what cannot work; see `Sink.check`."""
        require_library()
        with place_errors(self.root):
            wrong = [*shape(self.root, table=True)] or [*self._unusable()]
            wrong += overlaps(self.root, inputs)
            if not wrong and (log := Log.open(self.root)):
                wrong += (f'"{self.root}" {what}. Use another table' for what in log.unsupported())
                if log.append_only and self.write_disposition != "append":
                    wrong.append(f'"{self.root}" is append-only. Write write_disposition: append')
        if wrong:
            raise ConfigError(*(f"path: {problem}" for problem in wrong))

    def check_published(self, job: str, schema: Mapping[str, str]) -> None:
        """Refuse what does not go with the table; see `Sink.check_published`."""
        with place_errors(self.root):
            log = Log.open(self.root)
            wrong = [*self._disagreements(log, job, schema)] if log else []
        if wrong:
            raise ConfigError(*wrong)

    def check_schema(self, schema: Mapping[str, pl.DataType]) -> None:
        """Refuse columns that a table cannot hold; see `Sink.check_schema`."""
        if wrong := [*problems(schema, self.partition_by)]:
            raise ConfigError(*wrong)

    def stage_portions(
        self, portions: Iterable[pl.DataFrame], run_id: str, stem: str
    ) -> list[Staged]:
        """Write rows into the run's folder in the table's; see `Sink.stage_portions`.

        Files are durable when it returns. With `partition_by`, all rows are held until the last has
        come, because each partition's are written together.
        """
        staged: list[Staged] = []
        files = staged_files(self, portions, run_id, stem)
        try:
            for file in files:  # one by one: what stands is known if the next one fails
                staged.append(file)  # noqa: PERF402
            if staged:
                with storage_errors(self.root):
                    sync_names(self.root, staged)
                self._refuse_late(run_id)
        except BaseException:
            with suppress(OSError):
                for each in staged:
                    (self.root / each.keep["path"]).unlink(missing_ok=True)
            raise
        return staged

    def prepare(self, staged: Iterable[tuple[int, Staged]], delivery: Delivery) -> Iterator[Line]:
        """Say what is added; see `Sink.prepare`.

        Raises:
            FatalError: staged files have vanished, or the table has changed since the run began so
                that its rows do not go with it any more.
        """
        with storage_errors(self.root):
            if log := Log.open(self.root):
                for problem in self._disagreements(log, delivery.job, delivery.schema):
                    raise FatalError(f"sink.{problem}. Nothing was published")
            yield TablePlan.begin(delivery, self.write_disposition, self.partition_by)
            files = rows = 0
            for _, each in staged:
                if problem := self._vanished(each.keep["path"], each.bytes):
                    raise FatalError(
                        f"{problem}. Nothing was published. Restore it and run again, or add "
                        "--fresh to discard the run and start over"
                    )
                files, rows = files + 1, rows + each.rows
                yield TablePlan.add(each)
            yield TablePlan.end(files, rows)

    def publish(self, lines: Iterable[Line]) -> Published:
        """Make the run's commit, unless the table has it; see `Sink.publish`.

        Memory: the library holds all actions of the commit, and the files of the newest version.

        Raises:
            FatalError: another program has changed the table at the same moment, and the run
                replaces rows; or staged files are gone, or the rows no longer go with the table.
            RetryableError: the storage did not answer.
        """
        plan = TablePlan(lines)
        with storage_errors(self.root):
            for _ in range(_COMMIT_ATTEMPTS):
                log = Log.open(self.root)
                if log is not None and log.has(plan.run_id):
                    break
                try:
                    self._commit(log, plan)
                except Conflict as conflict:
                    log = Log.open(self.root)
                    if self.write_disposition != "append" and not (log and log.has(plan.run_id)):
                        raise FatalError(
                            f"{self.root}: another program has changed the table at the same "
                            "moment, and this run replaces rows of it. Nothing was changed. Run "
                            "again"
                        ) from conflict
            return self._ended(plan)

    def published_runs(self) -> set[str]:
        """Return the runs whose files are in the table; see `table.leftovers`."""
        return leftovers.published_runs(self.root)

    def discard(self, run_id: str) -> None:
        """Remove what a run has staged; see `Sink.discard`."""
        leftovers.remove_staged(self.root, run_id)

    def verify(self, lines: Iterable[Line]) -> Verified:
        """Count and hash what a run has published; see `Sink.verify`."""
        with storage_errors(self.root):
            return verifying.verified(self.root, TablePlan(lines), self.count_rows)

    def _unusable(self) -> Iterator[str]:
        """Say why the folder cannot become or be the folder of a table."""
        if misread := set(_MISREAD) & set(self.uri):
            yield (
                f'"{self.root}" contains {" and ".join(sorted(misread))}, and the Delta library '
                "would open another path. Use a path without"
            )
            return
        there = next(path for path in (self.root, *self.root.parents) if path.exists())
        if not os.access(there, os.W_OK | os.X_OK, effective_ids=True):
            yield (
                f'"{there}" is not writable for {user()}. Change the permissions, or use another '
                "path"
            )
        elif Log.open(self.root) is None and (strange := leftovers.strange(self.root)):
            yield (
                f'"{self.root}" is not a Delta table and not empty: it contains "{strange}". Use '
                "another path"
            )

    def _disagreements(self, log: Log, job: str, schema: Mapping[str, str]) -> Iterator[str]:
        """Say why rows with these columns cannot be published to the table as it is."""
        frame = pl.DataFrame(schema=schema_from_json(schema))
        yield from agreement.shape(self, log, described(frame))
        if self.write_disposition != "append":
            yield from agreement.owners(self, log, job)

    def _commit(self, log: Log | None, plan: TablePlan) -> None:
        """Commit the run on top of what was read."""
        frame = pl.DataFrame(schema=schema_from_json(plan.schema))
        for line in plan.adds():
            if problem := self._vanished(line["add"], line["bytes"]):
                raise FatalError(f"{problem}. Nothing was published. Restore it, then run again")
        if log is None:
            tree.make_folder(self.root)
            create(self.root, plan.mark, frame, self.partition_by, plan.adds())
            return
        columns = described(frame)
        for problem in agreement.shape(self, log, columns):
            raise FatalError(f"{self.root}: {problem}. Nothing was published")
        if new := [field for name, field in columns.items() if name not in log.columns]:
            log.add_columns(new)
            again = Log.open(self.root)
            assert again is not None, "it was changed just now"
            self._commit(again, plan)
        else:
            log.commit(plan.mark, plan.adds(), agreement.replaced(self, log, plan))

    def _ended(self, plan: TablePlan) -> Published:
        """Say what a run has come to that the table has, and remove what only its lost tries left.

        Raises:
            FatalError: the table does not have it, because others were always faster.
        """
        log = Log.open(self.root)
        if log is None or not log.has(plan.run_id):
            raise FatalError(
                f"{self.root}: others have changed the table {_COMMIT_ATTEMPTS} times while this "
                "run tried to. Nothing was published. Run again"
            )
        sync(self.root)
        planned = {line["add"] for line in plan.adds()}
        for name in list(tree.files(self.root / plan.run_id)):
            if f"{plan.run_id}/{name}" not in planned:
                (self.root / plan.run_id / name).unlink(missing_ok=True)
        rows = plan.counts["rows"]
        facts: dict[str, Any] = {"files": plan.counts["files"]}
        if commit := log.commit_of(plan.run_id):
            version, actions = commit
            facts |= {"version": version, "removed": sum("remove" in each for each in actions)}
        return Published(rows, inserted=rows, facts=facts)

    def _vanished(self, path: str, size: int) -> str:
        """Say what became of a staged file; empty if it is as it was staged."""
        try:
            now = (self.root / path).stat().st_size
        except FileNotFoundError:
            return f"{self.root / path}: staged: the file has vanished"
        return "" if now == size else f"{self.root / path}: staged: {now} of {size} bytes are left"

    def _refuse_late(self, run_id: str) -> None:
        """Refuse a try of a run that is published: its publisher, or we, remove its files."""
        log = Log.open(self.root)
        if log is not None and log.has(run_id):
            raise FatalError(
                f"{self.root}: run {run_id} is already published; this try is too late"
            )
