"""What sources offer for odd files: asked of their classes, and tried before it is proposed."""

import itertools
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, get_args

from pydantic import ValidationError

from ingest.core.dataclass import dataclass
from ingest.core.errors import IngestError
from ingest.core.partition import Partition
from ingest.sniffing.table import Option
from ingest.sources.csv import Csv

_SLICE_BYTES = 1024**3


SCHEMA: Mapping[str, str] = {"missing_columns": "null", "new_columns": "add"}
"""The option `schema` under which files may differ in their columns."""


def ways(option: str, value: Any = None) -> tuple[dict[str, Any], ...]:
    """Return the ways to set an option, and to leave it; without a value, each of its choices."""
    if value is not None:
        return ({option: value}, {})
    choices = get_args(Csv.model_fields[option].annotation)
    return (*({option: choice} for choice in choices), {})


@dataclass(frozen=True, slots=True)
class Candidate:
    """Options to try, and what should come of them: the names, and the first row's texts."""

    options: Mapping[str, Option]
    names: Sequence[str]


@dataclass(frozen=True, slots=True)
class Trial:
    """A piece of a file, and what is known of it: its first row, if so, and how many there are."""

    data: bytes
    first: Sequence[str]
    rows: int

    def best(self, candidates: Iterable[Candidate]) -> Candidate | None:
        """Return the candidate under which the source reads the piece best, the first of equals.

        None if under none of them names and first row are right.
        """
        tried = [(self._misses(candidate), candidate) for candidate in candidates]
        fitting = [(misses, candidate) for misses, candidate in tried if misses is not None]
        return min(fitting, key=lambda one: one[0])[1] if fitting else None

    def _misses(self, candidate: Candidate) -> int | None:
        """Return how many rows a candidate gets wrong; None if it gets nothing right."""
        with tempfile.TemporaryDirectory(prefix="ingest-init-") as folder:
            file = Path(folder) / "piece.csv"
            file.write_bytes(self.data)
            values = {name: option.value for name, option in candidate.options.items()}
            try:
                source = Csv.model_validate({"type": "csv", "path": str(file), **values})
                slices = tuple(source.slices(_SLICE_BYTES))
                layout = source.layout(slices, {})
                read = source.read(Partition(0, "trial", slices), layout)
                table = read.frame.collect()
            except (IngestError, ValidationError):
                return None
        names = list(layout.facts["header"])
        expected = [text or None for text in self.first[: len(names)]]
        row = table.select(names).row(0) if table.height and self.first else ()
        if names != list(candidate.names) or (row and [text or None for text in row] != expected):
            return None
        rejected = 0 if read.rejects is None else read.rejects.frame.height
        return rejected + abs(table.height - self.rows)


def combinations(
    build: Callable[..., Candidate], *choices: Sequence[dict[str, Any]]
) -> Iterable[Candidate]:
    """Yield the candidate of each combination of ways, the best ones first."""
    return (build(*chosen) for chosen in itertools.product(*choices))
