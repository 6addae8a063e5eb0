"""What a merge does to a table: which files hold rows of the same keys, and what replaces those.

The rows are read by a process of its own, see `child`: neither their number nor their size is
anything to the driver. What it finds out is true of any later version as well, because files never
change: if another commit comes first, only the files that are new are written again.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

from ingest.core.dataclass import dataclass
from ingest.core.errors import ContractError
from ingest.sinks.base import Delivery, Line
from ingest.sinks.table.log import Log, TableFile
from ingest.sinks.table.plan import TablePlan
from ingest.sinks.table.question import Question

if TYPE_CHECKING:
    from ingest.sinks.table.committing import Table


@dataclass(frozen=True, slots=True)
class Merged:
    """What a merge does to one version: the files that it adds besides the run's, and removes.

    `updated` is how many rows of the run have a key that is there.
    """

    adds: list[dict[str, Any]]
    removes: list[TableFile]
    updated: int


class Merger:
    """One run's merge."""

    def __init__(self, sink: "Table", plan: TablePlan) -> None:
        self._sink = sink
        self._plan = plan
        self._rewritten: dict[str, list[dict[str, Any]]] = {}

    def merged(self, log: Log) -> Merged:
        """Find out what the merge does to a version, and write the files that it needs.

        Raises:
            FatalError, RetryableError: files of the table are gone, or the storage failed.
        """
        files = {file.path: file for file in log.files(self._sink.primary_key)}
        near = [file for file in files.values() if self._may_match(file)]
        updated = 0
        removes: list[TableFile] = []
        if near:
            for answer in self._asked(log, near):
                if "updated" in answer:
                    updated = int(answer["updated"])
                else:
                    removes.append(files[answer["file"]])
                    if answer["adds"] is not None:
                        self._rewritten[answer["file"]] = answer["adds"]
        return Merged(
            adds=[line for file in removes for line in self._rewritten[file.path]],
            removes=removes,
            updated=updated,
        )

    def _asked(self, log: Log, near: Iterable[TableFile]) -> Iterator[dict[str, Any]]:
        asked = {
            "run_id": self._plan.run_id,
            "schema": log.schema_text,
            "rewritten": list(self._rewritten),
            "files": [[file.path, file.values] for file in near],
        }
        with Question(self._sink, "merge", **asked) as question:
            for line in self._plan.adds():
                question.tell(line)
            yield from question.answers()

    def _may_match(self, file: TableFile) -> bool:
        """Say whether a file may have rows of the run's keys, by what the log says of it."""
        by, key = self._sink.partition_by, self._sink.primary_key
        places = [place for place, name in enumerate(by) if name in key]
        if tuple(file.values[place] for place in places) not in self._partitions:
            return False
        return not any(
            _apart(file.ranges[name], ends)
            for name, ends in self._ranges.items()
            if name in file.ranges
        )

    @cached_property
    def _partitions(self) -> set[tuple[str | None, ...]]:
        """The values of the key's partition columns that the run has rows for."""
        names = [name for name in self._sink.partition_by if name in self._sink.primary_key]
        return {tuple(line["values"][name] for name in names) for line in self._plan.adds()}

    @cached_property
    def _ranges(self) -> Mapping[str, tuple[Any, Any]]:
        """The least and the greatest value of the run in each column of the key, where known."""
        return ranges_of(self._plan.adds(), self._sink.primary_key)


def ranges_of(adds: Iterable[Mapping[str, Any]], key: Iterable[str]) -> dict[str, tuple[Any, Any]]:
    """Return the ends of all files together, of the columns whose ends are known of every file."""
    ends: dict[str, list[tuple[Any, Any]]] = {name: [] for name in key}
    for add in adds:
        stats = json.loads(add["stats"])
        for name in list(ends):
            if name in stats["minValues"]:
                ends[name].append((stats["minValues"][name], stats["maxValues"][name]))
            else:
                del ends[name]
    return {
        name: (min(least for least, _ in each), max(most for _, most in each))
        for name, each in ends.items()
        if each
    }


def _apart(one: tuple[Any, Any], other: tuple[Any, Any]) -> bool:
    """Say whether two ranges have nothing in common; not if they cannot be compared."""
    comparable = all(type(each) is type(one[0]) for each in (*one, *other))
    if not comparable or not isinstance(one[0], int | str):
        return False
    return bool(one[1] < other[0] or other[1] < one[0])


def unrepeated(sink: "Table", delivery: Delivery, lines: Iterable[Line]) -> Iterator[Line]:
    """Pass on what a run adds, if all its keys differ.

    Raises:
        ContractError: several rows have the same key.
    """
    with Question(sink, "repeats", columns=dict(delivery.schema)) as question:
        for line in lines:
            question.tell(line)
            yield line
        (answer,) = question.answers()
    if answer["keys"]:
        private = delivery.private & {*sink.primary_key}
        shown = "" if private else f", such as {', '.join(answer['some'])}"
        columns = ", ".join(sink.primary_key)
        keys = "1 key is" if answer["keys"] == 1 else f"{answer['keys']:,} keys are"
        raise ContractError(
            f"sink.primary_key: {keys} in several rows of this run{shown}. "
            "A merge needs one row for each key, and does not choose. Correct the input, add a "
            f"column to primary_key ([{columns}]), or add a deduplicate step if the rows are in "
            "one partition",
            held="repeated_keys",
        )
