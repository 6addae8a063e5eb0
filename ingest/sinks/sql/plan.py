"""All that a run does to a table, as lines that were written before the commit.

The first line says who, how and from which staging table, one line for each try says how many rows
count of it, and the last one counts them.
"""

from collections.abc import Iterator

from ingest.core.types import Schema, schema_from_json
from ingest.sinks.base import Delivery, Line
from ingest.sinks.prepared import PreparedLines


class SqlPlan(PreparedLines):
    """A view of those lines."""

    @staticmethod
    def begin(delivery: Delivery, disposition: str, staging: str) -> Line:
        """Return the first line."""
        return {
            "run_id": delivery.run_id,
            "job": delivery.job,
            "owner": delivery.owner,
            "output": delivery.output,
            "disposition": disposition,
            "staging": staging,
            "schema": dict(delivery.schema),
        }

    @staticmethod
    def end(tries: int, rows: int, *, others: bool) -> Line:
        """Return the last line; `others` if rows of other tries are staged, too."""
        return {"tries": tries, "rows": rows, "others": others}

    @property
    def schema(self) -> Schema:
        """The columns of the run."""
        return schema_from_json(self.head["schema"])

    @property
    def rows(self) -> int:
        """How many rows the run adds or merges."""
        return int(self.tail["rows"])

    @property
    def others(self) -> bool:
        """Whether rows of tries that do not count were staged when the run was committed."""
        return bool(self.tail["others"])

    def tries(self) -> Iterator[str]:
        """Yield the tries whose rows count."""
        return (str(line["try"]) for line in self._lines if "try" in line)
