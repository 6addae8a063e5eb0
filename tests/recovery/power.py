"""A small job on a disk that loses what was not synced, and what readers see of it."""

import json
import shutil

from ingest.records.history import History
from ingest.records.reader import Reader
from ingest.records.runs import Runs
from ingest.sinks.directory import manifest
from ingest.sinks.directory.local.place import Folder
from ingest.storage.objects import LocalStore
from ingest.testing.golden import read_rows
from tests.recovery.jobs import make_job

PARTITIONED = {"partition_by": ["name"]}
SINKS = {
    "append": {"write_disposition": "append", **PARTITIONED},
    "overwrite": {
        "write_disposition": "overwrite",
        "replaces_jobs": ["append", "overwrite_partitions"],
        **PARTITIONED,
    },
    "overwrite_partitions": {
        "write_disposition": "overwrite_partitions",
        "replaces_jobs": ["append", "overwrite"],
        **PARTITIONED,
    },
}


class Disk:
    """A folder that holds the state and the outputs of jobs; their input lies beside it."""

    def __init__(self, place):
        self.root = place / "disk"
        self.source = place / "in"
        self.root.mkdir()
        self.source.mkdir()

    def job(self, how, name="orders", partition_bytes=80):
        """Make a job that publishes in one of the ways."""
        sink = {"type": "parquet", "path": str(self.root / "out"), **SINKS[how]}
        source = {"type": "csv", "path": str(self.source)}
        execution = {"partition_bytes": partition_bytes}
        return make_job(self.root, name=name, source=source, sink=sink, execution=execution)

    def feed(self, rows):
        """Exchange the input: triples of id, name and number; and a broken line."""
        shutil.rmtree(self.source)
        self.source.mkdir()
        lines = [f"{id_},{name},{n}\n" for id_, name, n in rows]
        (self.source / "0.csv").write_text("id,name,n\n" + "".join(lines) + "broken\n")

    def rows(self):
        """Return the multiset that a reader sees who reads every file that is there."""
        return _values(read_rows(self.root / "out", "parquet"))

    def listed(self, output="out"):
        """Return what a reader sees who goes by the manifests; fails if a listed file is gone."""
        place = self.root / output
        found = []
        for name in manifest.current(Folder(place)):
            assert (place / name).exists(), f"{name} is listed and gone"
            copy = self.root.parent / "copy" / name
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(place / name, copy)
        if (self.root.parent / "copy").exists():
            found = read_rows(self.root.parent / "copy", "parquet")
            shutil.rmtree(self.root.parent / "copy")
        return _values(found)

    def last_run(self, name="orders"):
        """Return the id of the job's last run and how far it has come."""
        store = LocalStore(self.root / "state")
        runs = Runs(store).of_job(name)
        if not runs:
            return "", "none"
        return runs[-1], History.of(Reader(store, runs[-1]).events()).phase

    def debris(self):
        """Return what lies beside the outputs, and folders in them that are left empty."""
        beside = [path for path in self.root.glob(".ingest-*/*") if path.name != "manifests"]
        folders = [path for path in self.root.glob("out*/**/") if not any(path.iterdir())]
        return beside + [path for path in folders if path != self.root]


def _values(lines):
    """Return rows as pairs of id and name, sorted."""
    names, *rows = map(json.loads, lines or ["[]"])
    found = [dict(zip(names, row, strict=True)) for row in rows]
    return sorted((row["id"], row["name"]) for row in found)
