"""What was found of an input, whatever its format: what a job for it is written from."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import field
from typing import Any

from ingest.core.counts import counted
from ingest.core.dataclass import dataclass
from ingest.core.errors import ConfigError
from ingest.core.partition import Slice
from ingest.sniffing.columns import Column, describe
from ingest.sniffing.listing import Listing
from ingest.sniffing.notation import PLAIN, Notation
from ingest.sources.columns.options import NULL_KEY
from ingest.sources.files.folder_keys import folder_keys
from ingest.sources.files.listing import bases_of

EMPTY_LINES = "the files have empty lines, which are skipped; reject would reject them"
_BUDGETS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5)


@dataclass(frozen=True, slots=True)
class Option:
    """A line of YAML with the reason for it."""

    value: Any
    why: str = ""


@dataclass(frozen=True, slots=True)
class Rejects:
    """How many of the sampled records would be rejected.

    `share` is the largest share: of a file, or of a head of it that a sample may consist of.
    `where` names the worst of several files, with its count.
    """

    count: int = 0
    records: int = 0
    share: float = 0.0
    where: str = ""

    @classmethod
    def of(cls, files: Sequence[tuple[str, int, int, float]]) -> "Rejects":
        """Sum up files: name, rejected records, records, and largest share of each."""
        name, count, records, share = max(files, key=lambda file: file[3])
        return cls(
            sum(file[1] for file in files),
            sum(file[2] for file in files),
            share,
            f"{name}: {count:,} of {records:,}" if len(files) > 1 else "",
        )

    def __str__(self) -> str:
        where = f" ({self.where})" if self.where else ""
        return (
            f"{self.count:,} of {counted(self.records, 'sampled record')} would be rejected{where}"
        )


Head = Callable[["Table", Slice, int, int], bytes]
"""Returns the first rows of a file for a sample, at most so many rows and about so many bytes.

In columns that probably hold personal data, made-up values stand for the real ones.
"""


@dataclass(frozen=True, slots=True)
class Table:
    """An input as its sample shows it.

    `options` are those of the source besides type and path, in the order in which they are written.
    `columns` are those of the data and those that come from folders. `rows` counts the sampled
    rows; `rejects` says how many of the sampled records are malformed or have a wrong value.
    `summary` says in a few words how the files are written. `open_quote` is the quote between two
    of which a line end does not end a record, if there is such. `doubts` are sentences on what is
    not sure, besides the notes of columns. `showing` are files that a sample needs to show all
    columns. `casts` is what a step is to be told of columns whose texts the source cannot read as
    their types.
    """

    listing: Listing
    options: Mapping[str, Option]
    columns: tuple[Column, ...]
    rows: int
    rejects: "Rejects"
    summary: str
    head: Head
    casts: Mapping[str, dict[str, Any]] = field(default_factory=dict)
    open_quote: str | None = None
    doubts: tuple[str, ...] = ()
    showing: frozenset[str] = frozenset()

    @property
    def budget(self) -> float:
        """The share of bad records to tolerate: twice what the sample shows, and at least 1 %.

        It is at most a half, unless the sample itself is worse: then there is no limit, 1.
        """
        worst = self.rejects.share
        least = min(2 * worst, _BUDGETS[-1]) if worst <= _BUDGETS[-1] else 1.0
        return next((share for share in _BUDGETS if share >= least), 1.0)

    @property
    def unsure(self) -> list[str]:
        """All that is not sure, a sentence for each."""
        doubts = [*self.doubts]
        if 2 * self.rejects.share > _BUDGETS[-1]:
            limit = "there is no limit" if self.budget == 1 else "the limit is high"
            doubts.append(
                f"max_error_ratio: {self.budget:g}: {self.rejects.share:.0%} of the records of a "
                f"file would be rejected, so {limit}. Look at them with preview; once the job fits "
                "the files, lower it"
            )
        return doubts


def key_columns(listing: Listing, taken: Sequence[str]) -> list[Column]:
    """Return the columns that come from `key=value` folders; none if they cannot be taken."""
    try:
        bases = bases_of(listing.path)
        found = [folder_keys(piece.uri, bases) for piece in listing.files]
    except ConfigError:  # names that are not UTF-8, say
        return []
    names = list(found[0])
    if set(names) & set(taken) or any(list(keys) != names for keys in found):
        return []
    return [describe(name, [keys[name] for keys in found], [NULL_KEY]) for name in names]


def key_options(listing: Listing, keys: Sequence[Column]) -> dict[str, Option]:
    """Return the source's options about folder keys, where the default will not do."""
    base = next(iter(bases_of(listing.path)), "")
    folders = {piece.uri.removeprefix(base).rpartition("/")[0] for piece in listing.files}
    if keys or not any("=" in folder for folder in folders):
        return {}
    why = "the folders' keys clash with columns, differ, or are not UTF-8"
    return {"hive_partitions": Option(False, why)}


def formats(columns: Sequence[Column], usual: Notation = PLAIN) -> dict[str, dict[str, Any]]:
    """Return the source's `columns` option: how texts are written that are not plain.

    `usual` is the notation of numbers that the source is told for all columns.
    """
    told = {column.name: column.kind.options(usual) for column in columns}
    return {name: options for name, options in told.items() if options}
