"""The log of a Delta table: what it says, and the one commit that a run makes.

A run is known to a table by an application transaction of its own, `ingest/<run_id>`, written in
the commit that adds its files. It stays in the log whatever later runs do, so that asking for it
answers "this run is there" also much later. Its version is a number made of the job's name, which
tells whose rows a run's files contain, even after the history of commits has expired.
"""

import json
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import polars as pl

from ingest.core.dataclass import dataclass
from ingest.core.values.iso import iso_texts
from ingest.sinks.directory.hive import value_text
from ingest.sinks.table.actions import Mark, add_actions, application, number, properties
from ingest.sinks.table.library import Conflict, library_errors, require_library
from ingest.sinks.table.place import LOG, TablePlace

if TYPE_CHECKING:
    import deltalake

_FEATURES = frozenset({"timestampNtz", "appendOnly", "invariants"})
"""What a table may ask of writers: nothing else is kept by adding and removing whole files."""
_PLAIN_WRITER, _LISTS_FEATURES = 2, 7
_EXPIRY = "delta.setTransactionRetentionDuration"


@dataclass(frozen=True, slots=True)
class TableFile:
    """A file of a table, by its path in the folder; `values` are those of the partition columns."""

    path: str
    bytes: int
    values: tuple[str | None, ...]
    ranges: Mapping[str, tuple[Any, Any]]
    """The least and the greatest value of columns that were asked for, as far as they are known."""

    @property
    def run_id(self) -> str:
        """The run that has staged it, if it is one of ours: its folder is named for it."""
        return self.path.partition("/")[0]


class Log:
    """A table as of its newest version when it was opened."""

    def __init__(self, place: TablePlace, table: "deltalake.DeltaTable") -> None:
        self.place = place
        self._table = table

    @classmethod
    def open(cls, place: TablePlace) -> "Log | None":
        """Read the log; None if there is no table.

        Raises:
            FatalError: the log is damaged.
            ConfigError: there is a table, and the library is not installed.
        """
        if not place.is_table:
            return None
        require_library()
        from deltalake import DeltaTable  # noqa: PLC0415 - 0.1 s, and an extra

        def opened() -> DeltaTable:
            with library_errors(place.uri):
                return DeltaTable(place.uri, storage_options=dict(place.options))

        return cls(place, place.again(opened))

    @property
    def version(self) -> int:
        """The number of the version."""
        return self._table.version()

    @property
    def partition_by(self) -> tuple[str, ...]:
        """The partition columns."""
        return tuple(self._table.metadata().partition_columns)

    @property
    def columns(self) -> dict[str, Any]:
        """The columns by name, each as the log describes it."""
        return {
            field["name"]: field for field in json.loads(self._table.schema().to_json())["fields"]
        }

    @property
    def schema_text(self) -> str:
        """The columns as the log has them: JSON."""
        return self._table.schema().to_json()

    def unsupported(self) -> Iterator[str]:
        """Say what the table asks of its writers that this sink does not keep."""
        protocol, settings = self._table.protocol(), self._table.metadata().configuration
        features = set(protocol.writer_features or ()) - _FEATURES
        if features:
            yield f"needs the writer features {', '.join(sorted(features))}"
        elif _PLAIN_WRITER < protocol.min_writer_version < _LISTS_FEATURES:
            yield f"needs writer version {protocol.min_writer_version}"
        for name, field in self.columns.items():
            if rules := sorted(key for key in field["metadata"] if key.startswith("delta.")):
                yield f'has rules for the values of column "{name}" ({", ".join(rules)})'
        if settings.get(_EXPIRY):
            yield f"has {_EXPIRY}, by which the table would forget that a run is there"

    @property
    def append_only(self) -> bool:
        """Whether no row may be removed from the table."""
        return self._table.metadata().configuration.get("delta.appendOnly") == "true"

    def has(self, run_id: str) -> bool:
        """Say whether a run was committed to the table, however long ago."""
        return self._owner(run_id) is not None

    def is_of(self, run_id: str, jobs: Iterable[str]) -> bool:
        """Say whether a run that was committed here is one of these jobs."""
        return self._owner(run_id) in {number(job) for job in jobs}

    def files(self, ranges_of: Sequence[str] = ()) -> list[TableFile]:
        """Return the files that readers of this version read, with the ranges of some columns."""
        actions = pl.DataFrame(self._table.get_add_actions(flatten=True))
        columns = [f"partition.{name}" for name in self.partition_by]
        texts = [
            iso_texts(column).to_list()
            if isinstance(column.dtype, pl.Date)
            else [None if value is None else value_text(value) for value in column]
            for column in actions.select(columns).get_columns()
        ]
        values = zip(*texts, strict=True) if texts else [()] * actions.height
        known = [name for name in ranges_of if {f"min.{name}", f"max.{name}"} <= {*actions.columns}]
        ends = [[*zip(actions[f"min.{n}"], actions[f"max.{n}"], strict=True)] for n in known]
        ranges = zip(*ends, strict=True) if ends else [()] * actions.height
        told = zip(actions["path"], actions["size_bytes"], values, ranges, strict=True)
        return [
            TableFile(unquote(path), size, tuple(each), dict(zip(known, both, strict=True)))
            for path, size, each, both in told
        ]

    def commits(self) -> Iterator[tuple[int, list[dict[str, Any]]]]:
        """Yield the commits whose logs are still there, the newest first, with their actions."""
        for name in reversed(self.place.names(LOG)):
            stem = name.removesuffix(".json")
            if stem != name and stem.isdigit() and int(stem) <= self.version:
                lines = self.place.read(f"{LOG}/{name}").splitlines()
                yield int(stem), [json.loads(line) for line in lines if line.strip()]

    def commit_of(self, run_id: str) -> tuple[int, list[dict[str, Any]]] | None:
        """Return the version that a run has made and its actions; None if its log has expired."""
        name = application(run_id)
        for version, actions in self.commits():
            if any(action.get("txn", {}).get("appId") == name for action in actions):
                return version, actions
        return None

    def job_of(self, run_id: str) -> str:
        """Return the name of the job that a run was of; empty if its log has expired."""
        _, actions = self.commit_of(run_id) or (0, [])
        return str(told(actions).get("job", ""))

    def add_columns(self, fields: Sequence[Mapping[str, Any]]) -> None:
        """Add columns to the table, null in all rows that are there, by a commit of its own.

        Raises:
            Conflict: another commit came first.
        """
        from deltalake import CommitProperties, Field  # noqa: PLC0415

        added = [Field.from_json(json.dumps(field)) for field in fields]
        with self._conflicts():
            self._table.alter.add_columns(
                added, commit_properties=CommitProperties(max_commit_retries=0)
            )

    def commit(
        self, mark: Mark, adds: Iterable[Mapping[str, Any]], removes: Iterable[TableFile]
    ) -> None:
        """Add files and remove others in one version, if nobody else has made the next one.

        Raises:
            Conflict: somebody has; nothing was changed.
        """
        from deltalake.transaction import RemoveAction  # noqa: PLC0415

        now, by = int(time.time() * 1000), self.partition_by
        gone = [
            RemoveAction(
                path=file.path,
                data_change=True,
                deletion_timestamp=now,
                size=file.bytes,
                partition_values=dict(zip(by, file.values, strict=True)),
            )
            for file in removes
        ]
        with self._conflicts():
            self._table.create_write_transaction(
                [*add_actions(adds), *gone],
                mode="append",
                schema=self._table.schema(),
                partition_by=list(by),
                commit_properties=properties(mark),
            )

    @contextmanager
    def _conflicts(self) -> Iterator[None]:
        """Tell another commit that came first from a storage that failed."""
        from deltalake.exceptions import CommitFailedError  # noqa: PLC0415

        with library_errors(self.place.uri):
            try:
                yield
            except CommitFailedError as error:
                if self.place.size(_page(self.version + 1)) is not None:
                    raise Conflict from error
                raise

    def _owner(self, run_id: str) -> int | None:
        with library_errors(self.place.uri):
            return self._table.transaction_version(application(run_id))


def create(
    place: TablePlace,
    mark: Mark,
    frame: pl.DataFrame,
    partition_by: Sequence[str],
    adds: Iterable[Mapping[str, Any]],
) -> None:
    """Create a table with the columns of a frame and with its first files, in one commit.

    Raises:
        Conflict: somebody else has created one.
    """
    from deltalake import Schema  # noqa: PLC0415
    from deltalake.exceptions import DeltaError  # noqa: PLC0415
    from deltalake.transaction import create_table_with_add_actions  # noqa: PLC0415

    with library_errors(place.uri):
        try:
            create_table_with_add_actions(
                place.uri,
                Schema.from_arrow(frame.to_arrow().schema),
                add_actions(adds),
                mode="error",
                partition_by=list(partition_by),
                commit_properties=properties(mark),
                storage_options=dict(place.options),
            )
        except DeltaError as error:
            if place.size(_page(0)) is not None:
                raise Conflict from error
            raise


def described(frame: pl.DataFrame) -> dict[str, Any]:
    """Return the columns of a frame as a table's log would describe them."""
    from deltalake import Schema  # noqa: PLC0415

    page = json.loads(Schema.from_arrow(frame.to_arrow().schema).to_json())
    return {field["name"]: field for field in page["fields"]}


def told(actions: Iterable[Mapping[str, Any]]) -> Mapping[str, Any]:
    """Return what a commit says of its run; nothing if it is not one of ours."""
    infos = (action.get("commitInfo", {}).get("ingest", {}) for action in actions)
    return next((info for info in infos if info), {})


def added(actions: Iterable[Mapping[str, Any]]) -> set[str]:
    """Return the files that a commit has added."""
    return {unquote(action["add"]["path"]) for action in actions if "add" in action}


def _page(version: int) -> str:
    """Return the name of the file of the log that makes a version."""
    return f"{LOG}/{version:020}.json"
