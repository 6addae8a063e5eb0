"""All that publishing into a directory will do, as lines that were written before the commit.

The first line says how, one line for each file says what is put, one line for each file what is
removed, and the last one counts them. In memory there is only the line at hand, however many.
"""

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any

from ingest.core.dataclass import dataclass
from ingest.sinks.base import Line
from ingest.sinks.prepared import PreparedLines


@dataclass(frozen=True, slots=True)
class Put:
    """A staged file and the name, relative to the directory, that it is published under."""

    staged: str
    name: str
    rows: int
    bytes: int
    sha256: str

    @property
    def line(self) -> Line:
        """The line that says so."""
        return {"put": self.staged, **self.listed}

    @property
    def listed(self) -> dict[str, Any]:
        """What the manifest says of it."""
        return {
            "name": self.name, "rows": self.rows, "bytes": self.bytes, "sha256": self.sha256
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Counts:
    """How much is put and removed."""

    files: int
    rows: int
    bytes: int
    removed: int


class PublishPlan(PreparedLines):
    """A view of those lines.

    `manifest` are the facts of the manifest without its files.
    """

    @staticmethod
    def begin(
        run_id: str, disposition: str, manifest: Mapping[str, Any], *, exchange: bool
    ) -> Line:
        """Return the first line."""
        return {
            "run_id": run_id,
            "disposition": disposition,
            "exchange": exchange,
            "manifest": dict(manifest),
        }

    @staticmethod
    def end(counts: Counts) -> Line:
        """Return the last line."""
        return asdict(counts)

    @property
    def disposition(self) -> str:
        """The `write_disposition` that it publishes by."""
        return str(self.head["disposition"])

    @property
    def exchange(self) -> bool:
        """Whether the whole directory is to be exchanged."""
        return bool(self.head["exchange"])

    @property
    def manifest(self) -> Mapping[str, Any]:
        """The facts of the manifest, without files."""
        facts: Mapping[str, Any] = self.head["manifest"]
        return facts

    @property
    def counts(self) -> Counts:
        """How much there is to do."""
        return Counts(**self.tail)

    def puts(self) -> Iterator[Put]:
        """Yield what is put, in order."""
        for line in itertools.islice(iter(self._lines), 1, None):
            if "put" not in line:
                return
            facts = dict(line)
            yield Put(staged=facts.pop("put"), **facts)

    def names(self) -> Iterator[str]:
        """Yield the names under which files are published."""
        return (put.name for put in self.puts())

    def removes(self) -> Iterator[str]:
        """Yield the exact names of the files that go."""
        return (line["remove"] for line in self._lines if "remove" in line)

    def files(self) -> Iterator[dict[str, Any]]:
        """Yield what the manifest says of each file."""
        return (put.listed for put in self.puts())
