"""Where the columns of an output come from: as data, for receipts, docs and OpenLineage."""

from collections.abc import Iterable, Mapping
from typing import Any, Literal

from ingest.core.dataclass import dataclass

Kind = Literal["identity", "derived", "masked"]
"""What became of a value on its way: nothing (or another name or type), it was computed with, it
was hidden."""
ALL = "*"
"""Stands for all columns of the input, of a column that is made of so many."""
_STRENGTH: tuple[Kind, ...] = ("identity", "derived", "masked")


@dataclass(frozen=True, slots=True)
class Origin:
    """A column that another one comes from. `place` is empty for the source of the job."""

    column: str
    kind: Kind = "identity"
    place: str = ""

    def __str__(self) -> str:
        """Return it for people, with its place if it has one."""
        return f"{self.place}: {self.column}" if self.place else self.column

    def then(self, kind: Kind) -> "Origin":
        """Return what it is after one more step: the strongest of all that happened."""
        return Origin(self.column, max(self.kind, kind, key=_STRENGTH.index), self.place)

    def to_json(self) -> dict[str, str]:
        """Return it as plain data."""
        elsewhere = {"place": self.place} if self.place else {}
        return {"column": self.column, "kind": self.kind, **elsewhere}


@dataclass(frozen=True, slots=True)
class Lineage:
    """The origins of each column of the output, and the columns that decide which rows it has."""

    columns: Mapping[str, tuple[Origin, ...]]
    filtered_by: tuple[Origin, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {
            "columns": {
                name: [origin.to_json() for origin in origins]
                for name, origins in self.columns.items()
            },
            "filtered_by": [origin.to_json() for origin in self.filtered_by],
        }

    def told(self, name: str) -> str:
        """Return in a few words where a column comes from; empty if from itself."""
        origins = self.columns[name]
        if origins == (Origin(name),):
            return ""
        if not origins:
            return "the same for all rows, or from the run itself"
        kinds = {origin.kind for origin in origins}
        names = ", ".join(map(str, origins))
        names = names.replace(ALL, "all columns")
        if kinds == {"identity"}:
            return f"from {names}"
        return f"{'masked' if 'masked' in kinds else 'derived'} from {names}"


def joined(origins: Iterable[Origin]) -> tuple[Origin, ...]:
    """Return origins, sorted, each column once with the strongest that became of it."""
    strongest: dict[tuple[str, str], Origin] = {}
    for origin in origins:
        key = origin.place, origin.column
        strongest[key] = strongest[key].then(origin.kind) if key in strongest else origin
    return tuple(strongest[key] for key in sorted(strongest))
