"""A sink that is not ingest's: a table of SQLite, which each run changes by one transaction."""

import shutil
import sqlite3
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Literal, Self

import polars as pl

from ingest.core.outcome import Staged
from ingest.sinks.base import Delivery, Line, Published, Sink, Verified


class Sqlite(Sink):
    """A table in a file of SQLite; rows are staged as files in a folder beside it."""

    type: Literal["sqlite"]
    path: str
    """The database, which is created if missing."""
    table: str
    """The table, which is created if missing."""
    partition: str | None = None
    """The column whose values `overwrite_partitions` replaces."""

    @property
    def uri(self) -> str:
        """The database and the table."""
        return f"{Path(self.path).resolve()}#{self.table}"

    def at(self, uri: str) -> Self:
        """Return this sink for another table."""
        path, _, table = uri.rpartition("#")
        return self.model_copy(update={"path": path, "table": table})

    def check(self, inputs: Sequence[str]) -> None:
        """Nothing is wrong with a file before it is opened."""

    def check_published(self, job: str, schema: Mapping[str, str]) -> None:
        """Leave it to SQLite."""

    def stage_portions(
        self, portions: Iterable[pl.DataFrame], run_id: str, stem: str
    ) -> list[Staged]:
        """Write each portion as a file."""
        staged = []
        for number, rows in enumerate(portions):
            if rows.is_empty():
                continue
            file = self._staging(run_id) / f"{stem}-{number}.parquet"
            file.parent.mkdir(parents=True, exist_ok=True)
            rows.write_parquet(file)
            size = file.stat().st_size
            staged.append(Staged("", rows.height, size, {"file": file.name}))
        return staged

    def prepare(self, staged: Iterable[tuple[int, Staged]], delivery: Delivery) -> Iterator[Line]:
        """Name the run and its columns, then the files."""
        yield {"run": delivery.run_id, "columns": list(delivery.schema)}
        for _, each in staged:
            yield {"file": each.keep["file"], "rows": each.rows}

    def publish(self, lines: Iterable[Line]) -> Published:
        """Insert the rows and the name of the run in one transaction, unless it is there."""
        head, *files = lines
        rows = sum(line["rows"] for line in files)
        names = [f'"{name}"' for name in head["columns"]]
        with closing(self._connect()) as database, database:
            database.execute("BEGIN IMMEDIATE")
            database.execute("CREATE TABLE IF NOT EXISTS _runs (run PRIMARY KEY, rows)")
            columns = ", ".join([*names, "_run"])
            database.execute(f'CREATE TABLE IF NOT EXISTS "{self.table}" ({columns})')
            known = database.execute("SELECT 1 FROM _runs WHERE run = ?", [head["run"]]).fetchone()
            if not known:
                frames = [self._staged(head["run"], line["file"]) for line in files]
                self._make_room(database, frames)
                places = ", ".join("?" * (len(names) + 1))
                for frame in frames:
                    values = frame.with_columns(pl.lit(head["run"])).rows()
                    database.executemany(f'INSERT INTO "{self.table}" VALUES ({places})', values)
                database.execute("INSERT INTO _runs VALUES (?, ?)", [head["run"], rows])
        self.discard(head["run"])
        return Published(rows, inserted=rows)

    def published_runs(self) -> Collection[str]:
        """Return the runs of the rows that are there."""
        found = self._query(f'SELECT DISTINCT _run FROM "{self.table}"')
        return {run for (run,) in found}

    def discard(self, run_id: str) -> None:
        """Remove the staged files."""
        shutil.rmtree(self._staging(run_id), ignore_errors=True)

    def verify(self, lines: Iterable[Line]) -> Verified:
        """Count the rows of the run, unless a later one has replaced them."""
        head, *files = lines
        rows = sum(line["rows"] for line in files)
        ((there,),) = self._query(
            f'SELECT count(*) FROM "{self.table}" WHERE _run = ?', head["run"]
        )
        later = self._query("SELECT run FROM _runs WHERE run > ? ORDER BY run", head["run"])
        if there != rows and later:
            return Verified(len(files), rows, replaced={str(later[-1][0]): len(files)})
        problem = f"{there} rows of run {head['run']}, the ledger says {rows}"
        return Verified(len(files), rows, () if there == rows else (problem,))

    def _make_room(self, database: sqlite3.Connection, frames: Sequence[pl.DataFrame]) -> None:
        if self.write_disposition == "overwrite":
            database.execute(f'DELETE FROM "{self.table}"')
        if self.write_disposition == "overwrite_partitions" and frames:
            values = pl.concat(frames).select(self.partition or "").unique().rows()
            delete = f'DELETE FROM "{self.table}" WHERE "{self.partition}" IS ?'
            database.executemany(delete, values)

    def _query(self, query: str, *values: object) -> list[tuple[object, ...]]:
        with closing(self._connect()) as database:
            try:
                return database.execute(query, values).fetchall()
            except sqlite3.OperationalError:  # there is no table yet
                return []

    def _connect(self) -> sqlite3.Connection:
        return sqlite3.connect(self.path, isolation_level=None)

    def _staging(self, run_id: str) -> Path:
        return Path(f"{self.path}.staged") / run_id

    def _staged(self, run_id: str, name: str) -> pl.DataFrame:
        return pl.read_parquet(self._staging(run_id) / name)
