"""Where a killed run reads, keeps its state and publishes: a folder, a bucket, a database."""

import json
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import polars as pl

from ingest.storage.objects import Store, open_store
from tests.chaos.shapes import Shape
from tests.services.bucket import BUCKET, Bucket
from tests.services.postgres import CONNECTION, Database, Server, psql

Page = dict[str, Any]

REJECTED = ("file", "line", "step", "column", "reason", "reasons", "original", "row")
"""What is compared of the quarantine."""


class Place:
    """A folder with the job, the state and the output of a run, and its logs beside it.

    Other places keep state and output elsewhere; the job and the logs are always in a folder.
    """

    is_copied = True
    """Whether a copy of a place is a place where the same runs have published."""
    is_cleaned = False
    """Whether `ingest clean` is to remove what killed runs leave here; else they leave nothing."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def state(self) -> str:
        """Where the state is."""
        return f"{self.folder}/state"

    @property
    def store(self) -> Store:
        """The state."""
        return open_store(self.state)

    @property
    def uris(self) -> tuple[str, ...]:
        """Where else than in the folder the run's requests are watched."""
        return ()

    @property
    def environment(self) -> Mapping[str, str]:
        """What leads a run to its servers."""
        return {}

    def file(self, suffix: str) -> Path:
        """Return a file beside the folder."""
        return self.folder.with_suffix(suffix)

    def source(self, folder: Path) -> str:
        """Bring a folder of input to where runs read it, if it is not there; return where."""
        return str(folder)

    def sink(self, shape: Shape) -> Page:
        """Return the sink of a job, as it is written."""
        return shape.sink_page() | {"path": f"{self.folder}/out"}

    def names(self) -> list[str]:
        """Return the names of all files of the place."""
        return [str(path.relative_to(self.folder)) for path in self.folder.rglob("*.*")]

    @contextmanager
    def seen(self) -> Iterator[Path]:
        """Give a folder with all that lies in the place; the state may be left out."""
        yield self.folder

    def tables(self) -> dict[str, list[str]]:
        """Return the rows of `main` and `quarantine` as lines, if those are tables of a server."""
        return {}

    def left(self) -> Iterator[str]:
        """List what was left that is no file: uploads in parts, staging tables."""
        return iter(())

    def clear(self) -> None:
        """Remove the place and all that was noted of it."""
        shutil.rmtree(self.folder)
        for file in self.folder.parent.glob(f"{self.folder.name}.*"):
            file.unlink()


class InBucket(Place):
    """A prefix of a bucket with input, state and output, which go when its server does."""

    is_copied = False
    is_cleaned = True

    def __init__(self, folder: Path, bucket: Bucket) -> None:
        super().__init__(folder)
        self._inputs = bucket
        below = f"{folder.parent.name}-{folder.name}"  # two benches have places of one name
        self._bucket = Bucket(bucket.url, f"{bucket.prefix}/{below}", bucket.client)

    @property
    def state(self) -> str:
        """Where the state is."""
        return f"{self._bucket.uri}/state"

    @property
    def uris(self) -> tuple[str, ...]:
        """The prefix."""
        return (self._bucket.uri,)

    @property
    def environment(self) -> Mapping[str, str]:
        """What leads a run to the bucket."""
        return self._bucket.environment

    def source(self, folder: Path) -> str:
        """Upload the input, once for all runs that read it."""
        below = f"{folder.parent.name}/{folder.name}"
        if not self._inputs.keys(f"{below}/"):
            for file in folder.iterdir():
                self._inputs.put(f"{below}/{file.name}", file.read_bytes())
        return f"{self._inputs.uri}/{below}/*"

    def sink(self, shape: Shape) -> Page:
        """Return the sink of a job, as it is written."""
        return shape.sink_page() | {"path": f"{self._bucket.uri}/out"}

    def names(self) -> list[str]:
        """Return the names of all objects."""
        return self._bucket.keys()

    @contextmanager
    def seen(self) -> Iterator[Path]:
        """Download the objects."""
        with tempfile.TemporaryDirectory(dir=self.folder.parent) as scratch:
            for key in (name for name in self.names() if not name.startswith("state/")):
                file = Path(scratch, key)
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(self._bucket.get(key))
            yield Path(scratch)

    def left(self) -> Iterator[str]:
        """List uploads in parts that were neither completed nor aborted."""
        pages = self._bucket.client.get_paginator("list_multipart_uploads").paginate(
            Bucket=BUCKET, Prefix=f"{self._bucket.prefix}/"
        )
        for page in pages:
            yield from (f"upload of {each['Key']}" for each in page.get("Uploads", ()))


class InDatabase(InBucket):
    """A database with the output, and a prefix of a bucket with input and state."""

    def __init__(self, folder: Path, bucket: Bucket, server: Server) -> None:
        super().__init__(folder, bucket)
        self._name = f"chaos-{folder.parent.name}-{folder.name}"
        self._server = server
        self._database = Database(server, self._name)

    @property
    def uris(self) -> tuple[str, ...]:
        """The prefix, and the database."""
        return (*super().uris, self._database.connection().uri)

    @property
    def environment(self) -> Mapping[str, str]:
        """What leads a run to the bucket and the database."""
        return {**super().environment, "WAREHOUSE_PASSWORD": "any"}

    def sink(self, shape: Shape) -> Page:
        """Return the sink of a job; its database and the file of its connection are made."""
        file = self.folder / "conf" / "connection" / "warehouse.yaml"
        if not file.exists():
            self._server.database(self._name)
            file.parent.mkdir(parents=True)
            text = CONNECTION.replace("PORT", str(self._server.port))
            file.write_text(text.replace("DATABASE", self._name))
        page = shape.sink_page()
        del page["partition_by"]
        return page | {"connection": "warehouse", "table": "public.out"}

    def tables(self) -> dict[str, list[str]]:
        """Return the rows of both tables."""
        found = {"main": "public.out", "quarantine": "public.out_quarantine"}
        rows = {
            name: self._database.table(table) if self._database.count(table) else pl.DataFrame()
            for name, table in found.items()
        }
        rejects = rows["quarantine"]
        rows["quarantine"] = rejects.select(REJECTED) if len(rejects) else rejects
        return {name: as_lines(each) for name, each in rows.items()}

    def left(self) -> Iterator[str]:
        """List staging tables, too."""
        yield from super().left()
        yield from (f"staging table {name}" for name in self._database.staging())

    def clear(self) -> None:
        """Remove the database, too."""
        with psql(self._server.connection()) as execute:
            execute(f'DROP DATABASE "{self._name}" WITH (FORCE)')
        super().clear()


def as_lines(rows: pl.DataFrame) -> list[str]:
    """Return rows as lines that can be compared."""
    return [json.dumps(row, default=str) for row in rows.rows()]
