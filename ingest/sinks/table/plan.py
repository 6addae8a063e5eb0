"""All that a run does to a table, as lines that were written before the commit.

The first line says who and how, one line for each file says what is added, and the last one counts
them. What is removed is not among them: that is all that is there when the commit is made.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ingest.core.outcome import Staged
from ingest.sinks.base import Delivery, Line
from ingest.sinks.prepared import PreparedLines
from ingest.sinks.table.actions import Mark


class TablePlan(PreparedLines):
    """A view of those lines."""

    @staticmethod
    def begin(delivery: Delivery, disposition: str, partition_by: Iterable[str]) -> Line:
        """Return the first line."""
        return {
            "run_id": delivery.run_id,
            "job": delivery.job,
            "owner": delivery.owner,
            "output": delivery.output,
            "disposition": disposition,
            "partition_by": list(partition_by),
            "schema": dict(delivery.schema),
        }

    @staticmethod
    def add(staged: Staged) -> Line:
        """Return the line for a file."""
        keep = dict(staged.keep)
        return {"add": keep.pop("path"), "rows": staged.rows, "bytes": staged.bytes, **keep}

    @staticmethod
    def end(files: int, rows: int) -> Line:
        """Return the last line."""
        return {"files": files, "rows": rows}

    def mark(self, updated: int = 0) -> Mark:
        """Return who commits, and that so many rows replace others of the same key."""
        names = ("run_id", "job", "owner", "output", "disposition")
        told = {name: str(self.head[name]) for name in names}
        return Mark(**told, inserted=self.counts["rows"] - updated, updated=updated)

    @property
    def schema(self) -> Mapping[str, str]:
        """The columns of the run, by names of types."""
        schema: Mapping[str, str] = self.head["schema"]
        return schema

    @property
    def counts(self) -> Mapping[str, Any]:
        """How many files and rows are added."""
        return self.tail

    def adds(self) -> Iterator[Line]:
        """Yield what is added, in order."""
        return (line for line in self._lines if "add" in line)
